#pragma once

#include "actors/actor_signature.hpp"
#include "actors/loop_actor.hpp"
#include "actors/watched_end.hpp"

#include "libswill/api/serving/call.hpp"
#include "libswill/base/await.hpp"
#include "libswill/base/temporaries.hpp"

#include <caf/all.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <typeinfo>

namespace swill {

/// swill::error as CAF carries it, with its data: what a handler actor answers for the client to see
/// (`return swill::to_caf(error{409, "taken"})`).
caf::error to_caf(const error& e);
/// And back: 503 for an actor that is down, 408 for one that did not answer in time, 501 for one that does not know the message. What is
/// none of these, or of to_caf, is no error for the client: std::runtime_error, and so a bland 500, is thrown for it.
[[noreturn]] void throw_from(const caf::error& e);

/// The trace-id of the request whose message an actor handles (docs/logging.md): `trace_of(self->current_sender())`, before the actor makes a
/// promise of its answer. Empty when the request has none, or is of another process. From any thread.
std::string trace_of(const caf::strong_actor_ptr& sender);

namespace actors {

/// It lives in another process.
bool is_foreign(const caf::strong_actor_ptr& a) noexcept;
inline constexpr const char* foreign_text = "this actor lives in another process, whose end or silence nobody here "
                                            "would notice; handlers of other processes are those of workers "
                                            "(docs/workers.md)";

/// The actor that a handle names.
template <class Handle>
caf::strong_actor_ptr actor_behind(const Handle& h) {
  if constexpr (requires { h.who()->only_actor(); }) {
    return h.who()->only_actor();
  } else {
    return caf::actor_cast<caf::strong_actor_ptr>(h);
  }
}

/// "actor (house)", as CAF calls it, for the log.
std::string called(const caf::strong_actor_ptr& a);
/// A line of the request that waits in s, or of its unit.
void log_in(scope& s, std::string_view kind, const log_limiter::text_maker& text);

/// The part of an ask that does not depend on types: suspended until the answer, the timeout, the other's end, or cancellation.
class ask_base : wait, timer, response_receiver, mail_receiver {
public:
  /// `end`: of the other, which must live as long as this; null: it is monitored.
  ask_base(const caf::strong_actor_ptr& to, std::chrono::milliseconds timeout, watched_end* end = nullptr)
      : to_(to), timeout_(timeout), end_(end) {}
  ask_base& operator=(ask_base&&) = delete;
  virtual ~ask_base();

  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> h) {
    return begin(*h.promise().owner, h);
  }

  /// The other has answered, by a value or an error.
  bool is_answered() const noexcept { return answered_; }
  /// It has answered an error of to_caf.
  bool was_refused_by_actor() const noexcept;
  /// It does not know such messages.
  bool is_unknown_to_actor() const noexcept { return error_ == caf::sec::unexpected_message; }
  /// It had ended before it looked at the message.
  bool is_refused() const noexcept { return refused_; }

protected:
  /// Throws when there is no answer to take.
  void finish();
  /// Says what to look at where the actor does not know the message, which is of these types: the client is told 501, which says nothing of that.
  void log_unknown_message(std::span<const caf::rtti_pair> types) const;
  virtual void send(loop_actor& from, response_receiver& r) = 0;
  virtual bool take(caf::type_erased_tuple& content) = 0;
  /// What take takes, as typeid names it, for the log; null: not one type.
  virtual const char* wanted() const noexcept { return nullptr; }
  const caf::strong_actor_ptr& target() const noexcept { return to_; }

private:
  bool begin(scope& s, std::coroutine_handle<> h);
  void log(std::string_view kind, const log_limiter::text_maker& text) const;
  void end(caf::error e);
  void withdraw() noexcept;
  void on_response(caf::type_erased_tuple& content) override;
  bool on_mail(caf::mailbox_element&) override { return false; }
  void on_down(const caf::error& reason) override;
  void on_own_end() override;
  void on_timer() override;

  caf::strong_actor_ptr to_;
  std::chrono::milliseconds timeout_;
  watched_end* const end_;
  watched_end::watcher watcher_; ///< of end_
  scope* scope_ = nullptr;
  loop_actor* self_ = nullptr;
  caf::error error_;
  bool answered_ = false;
  bool refused_ = false;
};

template <class R, class... Ts>
class ask_awaiter final : public ask_base {
public:
  ask_awaiter(const caf::strong_actor_ptr& to, std::chrono::milliseconds timeout, std::tuple<Ts...> arguments,
              watched_end* end = nullptr)
      : ask_base(to, timeout, end), arguments_(std::move(arguments)) {}
  R await_resume() {
    if (is_unknown_to_actor()) {
      const std::array<caf::rtti_pair, sizeof...(Ts)> types{caf::rtti_pair{caf::type_nr<Ts>::value, &typeid(Ts)}...};
      log_unknown_message(types);
    }
    finish();
    if constexpr (!std::is_void_v<R>) return std::move(*result_);
  }

private:
  void send(loop_actor& from, actors::response_receiver& r) override {
    std::apply([&](auto&... a) { from.send_request(target(), r, std::move(a)...); }, arguments_);
  }
  bool take(caf::type_erased_tuple& content) override {
    if constexpr (std::is_void_v<R>) {
      return true;
    } else {
      if (!content.match_elements<R>()) return false;
      result_.emplace(std::move(content.get_mutable_as<R>(0)));
      return true;
    }
  }
  const char* wanted() const noexcept override { return typeid(R).name(); }

  std::tuple<Ts...> arguments_;
  std::conditional_t<std::is_void_v<R>, bool, std::optional<std::conditional_t<std::is_void_v<R>, int, R>>> result_{};
};

template <class R, class... Ts>
struct SWILL_MUST_AWAIT("ask sends nothing until it is awaited: co_await ask<R>(...)") ask_operation {
  caf::strong_actor_ptr to;
  std::chrono::milliseconds timeout;
  std::tuple<Ts...> arguments;
  ask_awaiter<R, Ts...> operator co_await() && { return {to, timeout, std::move(arguments)}; }
};

/// A text in any form is sent as a std::string.
template <class T>
using ask_argument = detail::as_message<std::decay_t<T>>;

/// What `ask` of a handle looks at. Keyed actors are called by the messages of their handlers, so their type does not say it.
template <class Handle>
struct asked_of {
  using signatures = typename signatures_of<Handle>::type;
};
template <refers_to_made_actors Refers>
struct asked_of<Refers> {
  static constexpr bool keyed = requires(const Refers& r) { r.actor(); };
  using signatures = std::conditional_t<keyed, caf::none_t, typename signatures_of<typename Refers::handle_type>::type>;
};

/// Whether an actor with these signatures takes such a message, and answers it with R; of one that is not typed nobody knows.
template <class Signatures, class... Ts>
inline constexpr bool may_be_asked = std::is_same_v<Signatures, caf::none_t> || takes<Signatures, Ts...>;
template <class Signatures, class R, class... Ts>
consteval bool may_answer() {
  if constexpr (!takes<Signatures, Ts...> || std::is_void_v<R>) {
    return true;
  } else {
    return std::is_same_v<caf::response_type_t<Signatures, Ts...>, caf::detail::type_list<R>>;
  }
}

/// CAF can send such messages: it knows how to write them, or that they stay in this process.
template <class... Ts>
inline constexpr bool is_sendable = (caf::is_serializable_or_whitelisted<Ts>::value && ...);

} // namespace actors

/// `double price = co_await ask<double>(pricing, 2s, order)`: sends a request to a CAF actor of this process, and goes on with its answer. The
/// timeout is cut to what is left of the request's deadline; 0: that deadline alone. Errors: throw_from above; `cancelled` when the request is
/// cancelled, at once: an answer that comes later is dropped. In coroutines of handlers and hooks only.
template <class R, class Handle, class Rep, class Period, class... Ts>
auto ask(const Handle& to, std::chrono::duration<Rep, Period> timeout, Ts&&... arguments) {
  static_assert(!(detail::fragile_temporary<Ts> || ...),
                "g++ 12 would destroy this temporary twice; name it first: order o{...}; co_await ask<R>(a, 2s, o);");
  constexpr bool sendable = actors::is_sendable<actors::ask_argument<Ts>...>;
  static_assert(
      sendable,
      "CAF cannot send this type: write CAF_ALLOW_UNSAFE_MESSAGE_TYPE(order) beside it, or an inspect() where it "
      "travels to other processes");
  using signatures = typename actors::asked_of<Handle>::signatures;
  constexpr bool taken = actors::may_be_asked<signatures, actors::ask_argument<Ts>...>;
  constexpr bool answers = actors::may_answer<signatures, R, actors::ask_argument<Ts>...>();
  static_assert(!sendable || taken, "this typed actor does not take this message: its type says what it does");
  static_assert(answers, "this typed actor does not answer this message with R: its type says with what");
  if constexpr (sendable && taken && answers) {
    return actors::ask_operation<R, actors::ask_argument<Ts>...>{
        actors::actor_behind(to), std::chrono::ceil<std::chrono::milliseconds>(timeout),
        std::tuple<actors::ask_argument<Ts>...>{actors::ask_argument<Ts>(std::forward<Ts>(arguments))...}};
  } else {
    return actors::ask_operation<R, int>{};
  }
}

} // namespace swill
