#pragma once

#include "actors/loop_actor.hpp"
#include "actors/messages.hpp"

#include "libswill/base/awaiting.hpp"
#include "libswill/base/task.hpp"

#include <caf/all.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>

// How a request and a streaming handler actor speak (docs/handlers.md, "Streaming handler actors"). `request` is the request's actor.
//
//   request -> handler                              handler -> request
//   (open_atom, request[, In])                      (item_atom, Out)        one item, or the result of a unary response
//   (item_atom, request, In)     within its credit  (end_atom)              the stream is complete
//   (end_atom, request)          half-close         (fail_atom, int, str)   ERROR with this code and message
//   (credit_atom, request, n)    n more items       (credit_atom, n)        n more items of the client
//   (cancel_atom, request)       nobody listens     (drop_atom)             nobody has the stream any more
//
// The first two, open_atom and the first item, are requests of CAF: by an error in answer, such as that of an actor that does not take them, the stream ends.

namespace swill::actors {

using open_atom = caf::atom_constant<caf::atom("open")>;
using item_atom = caf::atom_constant<caf::atom("item")>;
using end_atom = caf::atom_constant<caf::atom("end")>;
using fail_atom = caf::atom_constant<caf::atom("fail")>;
using credit_atom = caf::atom_constant<caf::atom("credit")>;
using drop_atom = caf::atom_constant<caf::atom("drop")>;

/// The part of a channel that does not depend on types.
class channel_base : public mail_receiver, public response_receiver {
public:
  channel_base(scope& s, caf::strong_actor_ptr to, std::uint32_t window);
  channel_base& operator=(channel_base&&) = delete;
  virtual ~channel_base();

  /// Half-close: no more items of the client.
  void end();
  /// The actor has ended the stream, or broken its rules, or is gone.
  bool is_over() const noexcept { return over_; }

  /// Waits until the actor takes another item of the client.
  SWILL_MUST_AWAIT("credit() does nothing until it is awaited: co_await it")
  auto credit() { return awaiting<next_credit>{*this}; }

protected:
  template <class... Ts>
  void post(Ts&&... xs) {
    if (self_ == nullptr) return;
    to_->enqueue(caf::make_mailbox_element(caf::strong_actor_ptr{self_->ctrl()}, caf::make_message_id(), {},
                                           std::forward<Ts>(xs)...),
                 self_->context());
  }
  /// The same as a request of CAF, which answers it where the actor does not take it.
  template <class... Ts>
  void ask(Ts&&... xs) {
    if (self_ != nullptr) self_->send_request(to_, *this, std::forward<Ts>(xs)...);
  }
  caf::actor self() const {
    return self_ == nullptr ? caf::actor{} : caf::actor_cast<caf::actor>(caf::strong_actor_ptr{self_->ctrl()});
  }
  /// An item has been taken: the actor may send another.
  void grant();
  virtual bool take_item(caf::type_erased_tuple& content) = 0;
  void check() const; ///< throws what ended the channel
  scope& scope_;
  wait_slot item_waiter_;

private:
  struct next_credit {
    channel_base& of;
    bool is_ready() const noexcept { return of.credit_ > 0 || of.over_; }
    void enter(wait& w) noexcept { of.credit_waiter_.enter(w); }
    void leave(const wait& w) noexcept { of.credit_waiter_.leave(w); }
    void take() { of.take_credit(); }
  };

  bool on_mail(caf::mailbox_element& element) override;
  void on_down(const caf::error& reason) override;
  void on_own_end() override;
  void on_response(caf::type_erased_tuple& content) override;
  void fail(error e);
  void log(std::string_view kind, std::string_view what) const;
  void finish();
  void take_credit();
  void wake_all();
  /// The actor does not keep to the protocol: better an answer than a request that waits, or grows, for ever.
  void break_off();

  caf::strong_actor_ptr to_;
  loop_actor* self_; ///< null when it has ended
  std::uint32_t window_;
  std::uint32_t taken_ = 0;    ///< since the last grant
  std::uint32_t may_come_ = 0; ///< items that the actor may still send
  std::uint64_t credit_ = 0;
  wait_slot credit_waiter_;
  bool opened_ = false;
  bool over_ = false;
  std::optional<error> failure_;

protected:
  void opened();
};

/// One streaming request to a handler actor. Lives in the handler's coroutine; when that goes, the actor is told.
template <class Out>
class actor_channel final : public channel_base {
public:
  using channel_base::channel_base;

  template <class... In>
  void open(In&&... in) {
    ask(open_atom::value, self(), std::forward<In>(in)...);
    opened();
  }
  template <class In>
  void send(In item) {
    if (std::exchange(has_sent_, true))
      post(item_atom::value, self(), std::move(item));
    else
      ask(item_atom::value, self(), std::move(item));
  }

  SWILL_MUST_AWAIT("next() gives nothing until it is awaited: co_await it")
  auto next() { return awaiting<next_item>{*this}; }

private:
  struct next_item {
    actor_channel& of;
    bool is_ready() const noexcept { return !of.items_.empty() || of.is_over(); }
    void enter(wait& w) noexcept { of.item_waiter_.enter(w); }
    void leave(const wait& w) noexcept { of.item_waiter_.leave(w); }
    std::optional<Out> take() { return of.take_next(); }
  };

  std::optional<Out> take_next() {
    if (items_.empty()) {
      check();
      return std::nullopt;
    }
    std::optional<Out> out{std::move(items_.front())};
    items_.pop_front();
    grant();
    return out;
  }
  bool take_item(caf::type_erased_tuple& content) override {
    if (!content.match_elements<item_atom, Out>()) return false;
    items_.push_back(std::move(content.get_mutable_as<Out>(1)));
    return true;
  }
  std::deque<Out> items_;
  bool has_sent_ = false; ///< an item of the client
};

} // namespace swill::actors
