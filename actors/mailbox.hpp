#pragma once

#include "actors/ask.hpp"
#include "actors/loop_actor.hpp"

#include "libswill/api/context.hpp"
#include "libswill/base/awaiting.hpp"

#include <caf/all.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace swill {

/// What happens when as many messages wait in a mailbox as may.
enum class when_full : std::uint8_t {
  fail,        ///< next() throws error 429 once those that wait were taken; nothing more is taken in
  drop_oldest, ///< the one that has waited longest is dropped
  conflate, ///< also before it is full: of the messages of a type only the newest waits, in the place of the one before
};

/// How messages of actors wait for a request (context::open_mailbox).
struct mailbox_options {
  /// Messages that wait; 0 counts as 1. When reached: `when_full` says what happens.
  std::size_t messages = 256;
  swill::when_full when_full = swill::when_full::fail;
};

namespace actors {

/// Of a request whose handler can wait; throws std::logic_error.
scope& scope_of(const context& c);

/// The part of a mailbox that does not depend on types.
class mailbox_base : public mail_receiver {
public:
  mailbox_base(scope& s, const mailbox_options& o);
  mailbox_base& operator=(mailbox_base&&) = delete;

  /// Messages that were not taken in, or dropped, because too many waited.
  std::uint64_t dropped() const noexcept { return dropped_; }

protected:
  ~mailbox_base() override;
  caf::strong_actor_ptr self() const { return self_ != nullptr ? caf::strong_actor_ptr{self_->ctrl()} : nullptr; }
  void watch_actor(const caf::strong_actor_ptr& whom);
  enum class place : std::uint8_t { last, of_oldest, none };
  /// Where one more message goes when so many wait.
  place place_for_next(std::size_t waiting);
  void note_dropped() noexcept { ++dropped_; }
  bool conflates() const noexcept { return options_.when_full == when_full::conflate; }
  /// It was taken in, or not: who has sent a request hears of it, and who waits goes on.
  void settle(caf::mailbox_element& element, bool is_taken);
  bool is_over() const noexcept { return is_full_ || self_ == nullptr; }
  [[noreturn]] void throw_end() const;

  wait_slot waiter_;

private:
  void on_down(const caf::error&) override {}
  void on_own_end() override;

  mailbox_options options_;
  loop_actor* self_; ///< null when it has ended
  std::uint64_t dropped_ = 0;
  bool is_full_ = false;
};

} // namespace actors

/// Messages that actors send to a request, in the order in which they came: `auto box = r.context().open_mailbox<tick, closed>()`. On the request's
/// thread, by one coroutine at a time. It takes what comes from its opening to its destruction; of several in one request the newest that
/// knows a type takes it.
template <class... Messages>
class mailbox : public actors::mailbox_base {
  static_assert(sizeof...(Messages) != 0, "which messages? open_mailbox<tick, closed>()");
  static_assert(actors::is_sendable<Messages...> || sizeof...(Messages) == 0,
                "CAF cannot send one of these types: write CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tick) beside it");

public:
  /// A variant of them, or the only one.
  using message = typename std::conditional_t<sizeof...(Messages) == 1, std::tuple_element<0, std::tuple<Messages...>>,
                                              std::type_identity<std::variant<Messages...>>>::type;
  /// Where to send them; a typed_actor of CAF, which is the request's. Good from any thread.
  using handle = caf::typed_actor<caf::reacts_to<Messages>...>;

  using actors::mailbox_base::mailbox_base;

  handle actor() const { return caf::actor_cast<handle>(self()); }

  /// The end of that actor comes as a message: caf::down_msg is one of the types.
  template <class Handle>
  void watch(const Handle& whom) {
    static_assert((std::is_same_v<Messages, caf::down_msg> || ...),
                  "a mailbox that watches actors takes caf::down_msg: open_mailbox<tick, caf::down_msg>()");
    watch_actor(actors::actor_behind(whom));
  }

  /// The next. Throws error 429 when too many have waited (when_full::fail), 503 when the request's actor was killed, `cancelled` when the
  /// request is.
  SWILL_MUST_AWAIT("next() gives nothing until it is awaited: co_await it")
  auto next() { return awaiting<next_message>{*this}; }

private:
  using any = std::variant<Messages...>;
  struct next_message {
    mailbox& of;
    bool is_ready() const noexcept { return !of.waiting_.empty() || of.is_over(); }
    void enter(wait& w) noexcept { of.waiter_.enter(w); }
    void leave(const wait& w) noexcept { of.waiter_.leave(w); }
    message take() { return of.take_next(); }
  };

  message take_next() {
    if (waiting_.empty()) throw_end();
    any first = std::move(waiting_.front());
    waiting_.pop_front();
    if constexpr (sizeof...(Messages) == 1)
      return std::get<0>(std::move(first));
    else
      return first;
  }

  bool on_mail(caf::mailbox_element& element) override { return (take_in<Messages>(element) || ...); }

  template <class T>
  bool take_in(caf::mailbox_element& element) {
    auto& content = element.content();
    if (!content.template match_elements<T>()) return false;
    // Atoms, and whatever else has no content, are no objects of these types within CAF.
    if constexpr (std::is_empty_v<T>)
      settle(element, put<T>(T{}));
    else
      settle(element, put<T>(std::move(content.template get_mutable_as<T>(0))));
    return true;
  }

  template <class T>
  bool put(T m) {
    if (conflates()) {
      for (any& other : waiting_) {
        if (!std::holds_alternative<T>(other)) continue;
        std::get<T>(other) = std::move(m);
        note_dropped();
        return true;
      }
    }
    const place where = place_for_next(waiting_.size());
    if (where == place::none) return false;
    if (where == place::of_oldest) waiting_.pop_front();
    waiting_.emplace_back(std::in_place_type<T>, std::move(m));
    return true;
  }

  std::deque<any> waiting_;
};

template <class... Messages>
mailbox<Messages...> context::open_mailbox() {
  return {actors::scope_of(*this), mailbox_options{}};
}
template <class... Messages>
mailbox<Messages...> context::open_mailbox(const mailbox_options& o) {
  return {actors::scope_of(*this), o};
}

} // namespace swill
