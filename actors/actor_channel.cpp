#include "actors/actor_channel.hpp"

#include "actors/ask.hpp"

#include <algorithm>
#include <stdexcept>

namespace swill::actors {

channel_base::channel_base(scope& s, caf::strong_actor_ptr to, std::uint32_t window)
    : scope_(s), to_(std::move(to)), self_(sender_of(s)), window_(std::max<std::uint32_t>(window, 1)) {
  if (self_ == nullptr) throw std::logic_error("a handler actor outside of a request");
  if (to_ == nullptr || !self_->is_alive()) throw error{error_code::unavailable, "The handler is not there"};
  self_->add_receiver(*this, to_);
}

channel_base::~channel_base() {
  if (self_ == nullptr) return;
  if (opened_ && !over_) post(cancel_atom::value, self());
  self_->forget(*this);
  self_->remove_receiver(*this);
}

void channel_base::opened() {
  opened_ = true;
  may_come_ = window_;
  post(credit_atom::value, self(), window_);
}

void channel_base::end() { post(end_atom::value, self()); }

void channel_base::grant() {
  // In lots of half a window: a message for each item would double the traffic.
  if (++taken_ < std::max<std::uint32_t>(window_ / 2, 1) || over_) return;
  post(credit_atom::value, self(), taken_);
  may_come_ += taken_;
  taken_ = 0;
}

void channel_base::check() const {
  if (failure_) throw *failure_;
}

void channel_base::take_credit() {
  if (over_) throw cancelled{};
  --credit_;
}

void channel_base::wake_all() { credit_waiter_.wake(); }

void channel_base::finish() {
  over_ = true;
  // The feeding coroutine has nothing more to do and stays where it is; the reading one ends the request.
  item_waiter_.wake();
}

bool channel_base::on_mail(caf::mailbox_element& element) {
  if (element.sender != to_) return false;
  auto& content = element.content();
  if (over_) return true;
  if (!content.empty() && content.match_element<item_atom>(0)) {
    if (may_come_ == 0) {
      break_off();
      return true;
    }
    --may_come_;
  }
  if (take_item(content)) {
    item_waiter_.wake();
    return true;
  }
  if (content.match_elements<credit_atom, std::uint32_t>()) {
    credit_ += content.get_as<std::uint32_t>(1);
    wake_all();
    return true;
  }
  if (content.match_elements<end_atom>()) {
    finish();
    return true;
  }
  if (content.match_elements<fail_atom, int, std::string>()) {
    fail({content.get_as<int>(1), content.get_as<std::string>(2)});
    return true;
  }
  if (content.match_elements<fail_atom, std::int64_t, std::string>()) {
    fail({content.get_as<std::int64_t>(1), content.get_as<std::string>(2)});
    return true;
  }
  if (content.match_elements<drop_atom>()) {
    log("let go",
        "has let go of this stream, which had not ended: keep a copy of the swill::outgoing or swill::incoming, "
        "or call end() or fail()");
    fail(errors::internal());
    return true;
  }
  break_off();
  return true;
}

void channel_base::break_off() {
  post(cancel_atom::value, self());
  fail(errors::internal());
}

void channel_base::fail(error e) {
  failure_.emplace(std::move(e));
  finish();
}

void channel_base::log(std::string_view kind, std::string_view what) const {
  log_in(scope_, kind, [this, what](log_limiter::length) { return "the " + called(to_) + ' ' + std::string{what}; });
}

void channel_base::on_down(const caf::error&) {
  if (!over_) fail({error_code::unavailable, "The handler is not there"});
}

// What an actor answers says nothing else: it may have returned something where nothing was wanted.
void channel_base::on_response(caf::type_erased_tuple& content) {
  if (over_ || !content.match_elements<caf::error>()) return;
  const auto& e = content.get_as<caf::error>(0);
  if (e == caf::sec::unexpected_message)
    log("unknown stream", "does not take this stream: its function for it has to take what this handler was registered "
                          "for, and be in swill::streaming");
  try {
    throw_from(e);
  } catch (const error& told) {
    fail(told);
  } catch (const std::exception& other) {
    log("refused stream", other.what());
    fail(errors::internal());
  }
}

void channel_base::on_own_end() {
  if (opened_ && !over_) post(cancel_atom::value, self());
  self_ = nullptr;
  if (!over_) fail({error_code::unavailable, "The actor of the request has ended"});
}

} // namespace swill::actors
