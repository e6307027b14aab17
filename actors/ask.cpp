#include "actors/ask.hpp"

#include "actors/request_actor.hpp"
#include "actors/unit.hpp"
#include "libswill/base/symbols.hpp"

#include <stdexcept>

namespace swill {

namespace {
constexpr caf::atom_value error_category = caf::atom("swill");

/// error::data within a caf::error.
struct error_data {
  value is;
};
} // namespace
} // namespace swill

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::error_data)

namespace swill {

caf::error to_caf(const error& e) {
  auto content =
      e.data.is_nil() ? caf::make_message(e.code, e.message) : caf::make_message(e.code, e.message, error_data{e.data});
  return {1, error_category, std::move(content)};
}

void throw_from(const caf::error& e) {
  if (e.category() == error_category && e.context().match_elements<std::int64_t, std::string>()) {
    throw error{e.context().get_as<std::int64_t>(0), e.context().get_as<std::string>(1)};
  }
  if (e.category() == error_category && e.context().match_elements<std::int64_t, std::string, error_data>()) {
    throw error{e.context().get_as<std::int64_t>(0), e.context().get_as<std::string>(1),
                e.context().get_as<error_data>(2).is};
  }
  if (e == caf::sec::request_timeout) throw error{error_code::deadline_exceeded, "The handler did not answer in time"};
  if (e == caf::sec::request_receiver_down || e.category() == caf::atom("exit"))
    throw error{error_code::unavailable, "The handler is not there"};
  if (e == caf::sec::unexpected_response) {
    std::string text = "the actor has answered with something else than what it was registered for";
    if (e.context().match_elements<std::string>()) text += ": " + e.context().get_as<std::string>(0);
    throw std::runtime_error(text);
  }
  if (e == caf::sec::unexpected_message) throw error{error_code::invalid_rpc, "The handler does not know this message"};
  throw std::runtime_error("actor answered " + caf::to_string(e));
}

std::string trace_of(const caf::strong_actor_ptr& sender) {
  const auto* request = sender ? dynamic_cast<const actors::request_actor*>(sender->get()) : nullptr;
  return request != nullptr ? std::string{request->trace()} : std::string{};
}

namespace actors {

bool is_foreign(const caf::strong_actor_ptr& a) noexcept { return a != nullptr && a->nid != a->home_system->node(); }

namespace {

/// Takes no mail any more.
bool is_closed(const caf::strong_actor_ptr& a) noexcept {
  auto* scheduled = dynamic_cast<caf::scheduled_actor*>(a->get());
  return scheduled != nullptr && scheduled->mailbox().closed();
}

error own_end() { return {error_code::unavailable, "The actor that asks has ended"}; }

} // namespace

ask_base::~ask_base() { withdraw(); }

bool ask_base::begin(scope& s, std::coroutine_handle<> h) {
  scope_ = &s;
  if (s.is_cancelled()) return false;
  self_ = sender_of(s);
  if (self_ == nullptr) throw std::logic_error("ask outside of a request");
  if (to_ == nullptr) {
    log("null actor", [](log_limiter::length) {
      return "an actor that is asked is not there: its handle is null, or the server's own has ended";
    });
    throw error{error_code::unavailable, "The handler is not there"};
  }
  if (is_foreign(to_)) throw std::logic_error(std::string{"ask: "} + foreign_text);
  if (!self_->is_alive()) {
    self_ = nullptr;
    throw own_end();
  }
  s.suspend(*this, h);
  if (timeout_.count() > 0) s.loop().set_timer(*this, s.loop().now() + detail::within_the_clock(timeout_));
  // In this order: of an actor that has ended, the refusal comes before the news of its end.
  send(*self_, *this);
  self_->add_receiver(*this, to_, end_ == nullptr);
  if (end_ != nullptr) end_->add(watcher_, *self_);
  return true;
}

void ask_base::withdraw() noexcept {
  timer::cancel();
  if (self_ == nullptr) return;
  self_->forget(*this);
  self_->remove_receiver(*this);
  if (end_ != nullptr) end_->remove(watcher_);
  self_ = nullptr;
}

bool ask_base::was_refused_by_actor() const noexcept { return answered_ && error_.category() == error_category; }

void ask_base::finish() {
  withdraw();
  if (scope_->is_cancelled()) throw cancelled{};
  if (error_) throw_from(error_);
}

std::string called(const caf::strong_actor_ptr& a) {
  const auto* actor = dynamic_cast<const caf::local_actor*>(a->get());
  return std::string{"actor ("} + (actor != nullptr ? actor->name() : "of another kind") + ')';
}

void log_in(scope& s, std::string_view kind, const log_limiter::text_maker& text) {
  auto* const self = static_cast<loop_actor*>(s.native_actor());
  if (auto* request = dynamic_cast<request_actor*>(self); request != nullptr)
    request->call().log_failure(kind, text, log_level::warning);
  else if (unit* const here = unit::current(); here != nullptr)
    here->log_limited(kind, {.level = log_level::warning, .text = {}}, text);
}

void ask_base::log(std::string_view kind, const log_limiter::text_maker& text) const { log_in(*scope_, kind, text); }

void ask_base::log_unknown_message(std::span<const caf::rtti_pair> types) const {
  log("unknown message", [this, types](log_limiter::length) {
    return "an " + called(to_) + " does not take what it was asked, (" + types_of(*to_->home_system, types) +
           "): whether swill::call_info comes first, and of which type the message is, has to be the same on both "
           "sides";
  });
}

void ask_base::end(caf::error e) {
  error_ = std::move(e);
  withdraw();
  scope_->wake(*this);
}

void ask_base::on_response(caf::type_erased_tuple& content) {
  answered_ = true;
  refused_ = self_->current_sender() == nullptr && is_closed(to_) && content.match_elements<caf::error>() &&
             content.get_as<caf::error>(0) == caf::sec::request_receiver_down;
  if (content.match_elements<caf::error>()) return end(std::move(content.get_mutable_as<caf::error>(0)));
  if (take(content)) return end({});
  std::string text = "(" + types_of(self_->system(), content) + ")";
  if (wanted() != nullptr) text += " in place of " + swill::detail::demangled(wanted());
  end(caf::make_error(caf::sec::unexpected_response, std::move(text)));
}

void ask_base::on_down(const caf::error&) { end(caf::make_error(caf::sec::request_receiver_down)); }

void ask_base::on_own_end() { end(to_caf(own_end())); }

void ask_base::on_timer() { end(caf::make_error(caf::sec::request_timeout)); }

} // namespace actors
} // namespace swill
