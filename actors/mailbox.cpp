#include "actors/mailbox.hpp"

#include "actors/request_actor.hpp"

#include <algorithm>
#include <stdexcept>

namespace swill::actors {

scope& scope_of(const context& c) {
  if (c.call().target().blocking) throw std::logic_error("open_mailbox: a blocking handler cannot await messages");
  return c.call();
}

mailbox_base::mailbox_base(scope& s, const mailbox_options& o) : options_(o), self_(nullptr) {
  options_.messages = std::max<std::size_t>(options_.messages, 1);
  loop_actor* self = sender_of(s);
  if (!self->is_alive()) return;
  self_ = self;
  self_->add_receiver(*this, nullptr);
}

mailbox_base::~mailbox_base() {
  if (self_ != nullptr) self_->remove_receiver(*this);
}

void mailbox_base::watch_actor(const caf::strong_actor_ptr& whom) {
  if (is_foreign(whom)) throw std::logic_error(std::string{"mailbox::watch: "} + foreign_text);
  if (self_ != nullptr && whom != nullptr) self_->monitor(whom);
}

mailbox_base::place mailbox_base::place_for_next(std::size_t waiting) {
  if (!is_full_ && waiting < options_.messages) return place::last;
  note_dropped();
  if (options_.when_full != when_full::fail) return place::of_oldest;
  is_full_ = true;
  return place::none;
}

void mailbox_base::settle(caf::mailbox_element& element, bool is_taken) {
  self_->reply(element, is_taken ? caf::message{}
                                 : caf::make_message(to_caf(error{error_code::too_many_requests,
                                                                  "Too many messages wait for this request"})));
  waiter_.wake(); // may destroy this
}

void mailbox_base::throw_end() const {
  if (is_full_) throw error{error_code::too_many_requests, "Too many messages have waited for this request"};
  throw error{error_code::unavailable, "The actor of the request has ended"};
}

void mailbox_base::on_own_end() {
  self_ = nullptr;
  waiter_.wake();
}

} // namespace swill::actors
