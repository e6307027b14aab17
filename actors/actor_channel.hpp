#pragma once

#include "actors/loop_actor.hpp"
#include "actors/messages.hpp"

#include "libswill/base/scope.hpp"
#include "libswill/base/task.hpp"

#include <caf/all.hpp>

#include <cstdint>
#include <deque>
#include <optional>

// How a request and a streaming handler actor speak (docs/handlers.md, "Streaming handler actors"). `request` is the request's actor.
//
//   request -> handler                              handler -> request
//   (open_atom, request[, In])                      (item_atom, Out)        one item, or the result of a unary response
//   (item_atom, request, In)     within its credit  (end_atom)              the stream is complete
//   (end_atom, request)          half-close         (fail_atom, int, str)   ERROR with this code and message
//   (credit_atom, request, n)    n more items       (credit_atom, n)        n more items of the client
//   (cancel_atom, request)       nobody listens

namespace swill::actors {

using open_atom = caf::atom_constant<caf::atom("open")>;
using item_atom = caf::atom_constant<caf::atom("item")>;
using end_atom = caf::atom_constant<caf::atom("end")>;
using fail_atom = caf::atom_constant<caf::atom("fail")>;
using credit_atom = caf::atom_constant<caf::atom("credit")>;

/// The part of a channel that does not depend on types.
class channel_base : public mail_receiver {
public:
  channel_base(scope& s, caf::strong_actor_ptr to, std::uint32_t window);
  channel_base(const channel_base&) = delete;
  channel_base& operator=(const channel_base&) = delete;
  virtual ~channel_base();

  /// Half-close: no more items of the client.
  void end();

  /// Waits until the actor takes another item of the client.
  struct credit_awaiter : wait {
    explicit credit_awaiter(channel_base& c) : channel(c) {}
    ~credit_awaiter() { channel.credit_waiter_ = nullptr; }
    channel_base& channel;
    bool await_ready() const noexcept { return false; }
    template <class P>
    bool await_suspend(std::coroutine_handle<P> h) {
      if (channel.scope_.is_cancelled() || channel.credit_ > 0 || channel.over_) return false;
      channel.scope_.suspend(*this, h);
      channel.credit_waiter_ = this;
      return true;
    }
    void await_resume() { channel.take_credit(); }
  };
  credit_awaiter credit() { return credit_awaiter{*this}; }

protected:
  template <class... Ts>
  void post(Ts&&... xs) {
    if (self_ == nullptr) return;
    to_->enqueue(caf::make_mailbox_element(caf::strong_actor_ptr{self_->ctrl()}, caf::make_message_id(), {},
                                           std::forward<Ts>(xs)...),
                 self_->context());
  }
  caf::actor self() const {
    return self_ == nullptr ? caf::actor{} : caf::actor_cast<caf::actor>(caf::strong_actor_ptr{self_->ctrl()});
  }
  /// An item has been taken: the actor may send another.
  void grant();
  virtual bool take_item(caf::type_erased_tuple& content) = 0;
  void check() const; ///< throws what ended the channel
  bool is_over() const noexcept { return over_; }
  scope& scope_;
  wait* item_waiter_ = nullptr;

private:
  bool on_mail(caf::mailbox_element& element) override;
  void on_down(const caf::error& reason) override;
  void on_own_end() override;
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
  wait* credit_waiter_ = nullptr;
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
    post(open_atom::value, self(), std::forward<In>(in)...);
    opened();
  }
  template <class In>
  void send(In item) {
    post(item_atom::value, self(), std::move(item));
  }

  struct next_awaiter : wait {
    explicit next_awaiter(actor_channel& c) : channel(c) {}
    ~next_awaiter() { channel.item_waiter_ = nullptr; }
    actor_channel& channel;
    bool await_ready() const noexcept { return false; }
    template <class P>
    bool await_suspend(std::coroutine_handle<P> h) {
      if (channel.scope_.is_cancelled() || !channel.items_.empty() || channel.is_over()) return false;
      channel.scope_.suspend(*this, h);
      channel.item_waiter_ = this;
      return true;
    }
    std::optional<Out> await_resume() {
      channel.item_waiter_ = nullptr;
      if (channel.scope_.is_cancelled()) throw cancelled{};
      if (channel.items_.empty()) {
        channel.check();
        return std::nullopt;
      }
      std::optional<Out> out{std::move(channel.items_.front())};
      channel.items_.pop_front();
      channel.grant();
      return out;
    }
  };
  next_awaiter next() { return next_awaiter{*this}; }

private:
  bool take_item(caf::type_erased_tuple& content) override {
    if (!content.match_elements<item_atom, Out>()) return false;
    items_.push_back(std::move(content.get_mutable_as<Out>(1)));
    return true;
  }
  std::deque<Out> items_;
};

} // namespace swill::actors
