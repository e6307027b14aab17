#pragma once

#include "actors/actor_channel.hpp"

#include "libswill/base/error.hpp"

#include <caf/all.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>

// What a streaming handler actor says, and is told, without keeping the messages and the credit of actor_channel.hpp by hand (docs/actors.md).

namespace swill {

namespace actors {

struct actor_stream;
/// The streams of one actor by the actors of their requests. What they call may hold them: it is dropped with each stream's end, and with the actor.
struct actor_streams : std::map<caf::actor, std::shared_ptr<actor_stream>> {
  actor_streams() = default;
  actor_streams& operator=(actor_streams&&) = delete;
  ~actor_streams();
};

/// One stream of an actor, in either direction or both. On the actor's own thread only.
struct actor_stream {
  actor_stream(caf::local_actor* a, caf::actor r, const std::shared_ptr<actor_streams>& all)
      : self(a), request(std::move(r)), streams(all) {}

  template <class... Ts>
  caf::mailbox_element_ptr mail(Ts&&... xs) const {
    return caf::make_mailbox_element(caf::strong_actor_ptr{self->ctrl()}, caf::make_message_id(), {},
                                     std::forward<Ts>(xs)...);
  }
  template <class... Ts>
  void post(Ts&&... xs) {
    request->enqueue(mail(std::forward<Ts>(xs)...), self->context());
  }
  /// Sends an item, or keeps it until there is room. False when it keeps as many as it may, or nobody listens.
  bool send_item(caf::mailbox_element_ptr item);
  std::uint32_t free_room() const noexcept { return is_open && !ends && waiting.empty() ? room : 0; }
  /// Complete, after what waits.
  void end();
  /// It is over, and forgotten. May destroy this.
  void close();
  /// Drops what it would call. None of that is running then: whoever calls one takes it out first.
  void drop_functions();
  void fail(const error& e);
  void on_credit(std::uint32_t n);
  void tell_room();
  void on_cancel();
  void on_item(void* one);
  /// The client may send so many more items: in lots, since a message for each would double the traffic.
  void grant();

  caf::local_actor* self;
  caf::actor request;
  std::weak_ptr<actor_streams> streams;
  std::uint32_t room = 0;    ///< items that may be sent
  std::uint32_t window = 64; ///< items that the client may send ahead; and that may wait for room
  std::uint32_t taken = 0;   ///< since the last grant
  std::deque<caf::mailbox_element_ptr> waiting;
  bool ends = false; ///< after these
  bool is_open = true;
  std::function<void()> when_room;
  std::function<void()> when_cancelled;
  std::function<void()> when_ended;     ///< the client has ended its items
  std::function<void(void* item)> item; ///< of the client
};

} // namespace actors

/// Where a streaming handler actor sends its items. A value: copies speak for the same stream. Used in the actor, as long as it lives.
template <class T>
class outgoing {
public:
  explicit outgoing(std::shared_ptr<actors::actor_stream> s) : stream_(std::move(s)) {}

  /// Somebody listens: the stream has neither ended nor been cancelled.
  bool is_open() const noexcept { return stream_->is_open && !stream_->ends; }
  /// Items that the client has room for now.
  std::uint32_t room() const noexcept { return stream_->free_room(); }
  /// Sends an item; up to 64 wait for room. False, and it is not sent, when so many wait, or nobody listens.
  bool push(T item) { return stream_->send_item(stream_->mail(actors::item_atom::value, std::move(item))); }
  /// Sends what f gives, `std::optional<T> f()`, whenever there is room; nothing ends the stream.
  template <class F>
  void produce(F f) {
    on_room([self = std::weak_ptr{stream_}, f = std::move(f)]() mutable {
      const auto s = self.lock();
      outgoing out{s};
      while (out.room() > 0) {
        std::optional<T> item = f();
        if (!item) return out.end();
        out.push(std::move(*item));
      }
    });
  }
  /// Calls f when there is room, and each time that more has come.
  void on_room(std::function<void()> f) {
    const auto s = stream_; // f may end it
    if (!s->is_open) return;
    s->when_room = std::move(f);
    if (s->free_room() > 0) s->tell_room();
  }
  /// Calls f when nobody listens any more, before the end.
  void on_cancel(std::function<void()> f) {
    if (stream_->is_open) stream_->when_cancelled = std::move(f);
  }
  /// The stream is complete, with what waits.
  void end() { stream_->end(); }
  /// Ends it with this ERROR, without its data, and without what waits.
  void fail(const error& e) { stream_->fail(e); }

private:
  std::shared_ptr<actors::actor_stream> stream_; ///< shared with the actor's behaviour
};

/// What a client streams to a handler actor. A value, as outgoing.
template <class T>
class incoming {
public:
  explicit incoming(std::shared_ptr<actors::actor_stream> s) : stream_(std::move(s)) {}

  bool is_open() const noexcept { return stream_->is_open; }
  /// Calls f, `void f(T)`, with each item.
  template <class F>
  void on_item(F f) {
    if (!stream_->is_open) return;
    stream_->item = [f = std::move(f)](void* item) mutable { f(std::move(*static_cast<T*>(item))); };
  }
  /// Calls f when the client has sent all. What it returns is the response, where that is one message: `double f()`.
  template <class F>
  void on_end(F f) {
    if (!stream_->is_open) return;
    stream_->when_ended = [self = std::weak_ptr{stream_}, f = std::move(f)]() mutable {
      if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
        f();
      } else {
        auto result = f();
        const auto s = self.lock();
        if (!s->is_open) return;
        s->post(actors::item_atom::value, std::move(result));
        s->close();
      }
    };
  }
  void on_cancel(std::function<void()> f) {
    if (stream_->is_open) stream_->when_cancelled = std::move(f);
  }
  /// Answers before the client has sent all, by an ERROR without its data.
  void fail(const error& e) { stream_->fail(e); }

private:
  std::shared_ptr<actors::actor_stream> stream_; ///< shared with the actor's behaviour
};

namespace actors {

/// What all streams of an actor are told.
caf::message_handler stream_messages(std::shared_ptr<actor_streams> all);

template <class F>
using stream_arguments = typename caf::detail::get_callable_trait<F>::arg_types;
template <class T>
struct message_in {};
template <class T>
struct message_in<incoming<T>> {
  using type = T;
};

} // namespace actors

/// `return swill::streaming(self, f)`: the behaviour of a streaming handler actor. `f` is called for each request that begins, and says by its
/// parameters what it is: `f(outgoing<Out>, In)`, `f(incoming<In>)`, `f(incoming<In>, outgoing<Out>)`. It sets what is to be done, and returns.
/// Other messages: `swill::streaming(self, f).or_else(…)`.
template <class F>
caf::message_handler streaming(caf::local_actor* self, F f) {
  using arguments = actors::stream_arguments<F>;
  using first = std::decay_t<caf::detail::tl_head_t<arguments>>;
  const auto all = std::make_shared<actors::actor_streams>();
  const auto open = [self, all](const caf::actor& request) {
    return all->insert_or_assign(request, std::make_shared<actors::actor_stream>(self, request, all)).first->second;
  };
  const caf::message_handler common = actors::stream_messages(all);
  if constexpr (requires { typename actors::message_in<first>::type; }) {
    using in = typename actors::message_in<first>::type;
    return common.or_else(
        [open, f](actors::open_atom, const caf::actor& request) mutable {
          const auto s = open(request);
          s->post(actors::credit_atom::value, s->window);
          if constexpr (caf::detail::tl_size<arguments>::value == 1) {
            f(first{s});
          } else {
            f(first{s}, std::decay_t<typename caf::detail::tl_at<arguments, 1>::type>{s});
          }
        },
        [all](actors::item_atom, const caf::actor& request, in item) {
          const auto at = all->find(request);
          if (at == all->end()) return;
          at->second->on_item(&item);
        });
  } else {
    using in = std::decay_t<typename caf::detail::tl_at<arguments, 1>::type>;
    return common.or_else([open, f](actors::open_atom, const caf::actor& request, in message) mutable {
      f(first{open(request)}, std::move(message));
    });
  }
}

} // namespace swill
