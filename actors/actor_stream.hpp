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
  /// The last copy of its handles is gone. Where nothing is left that could end the stream, that does.
  void on_let_go();
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
  bool tells_room = false;     ///< when_room is being called
  bool answers_at_end = false; ///< what when_ended returns is the response
  std::function<void()> when_room;
  std::function<void()> when_cancelled;
  std::function<void()> when_ended;     ///< the client has ended its items
  std::function<void(void* item)> item; ///< of the client
};

/// What all copies of a stream's outgoing and incoming share: its end is that of the last of them.
struct stream_handle {
  explicit stream_handle(std::shared_ptr<actor_stream> s) : stream(std::move(s)) {}
  stream_handle& operator=(stream_handle&&) = delete;
  ~stream_handle() { stream->on_let_go(); }

  const std::shared_ptr<actor_stream> stream; ///< shared with the actor's behaviour
};

} // namespace actors

/// Where a streaming handler actor sends its items. A value: copies speak for the same stream. Used in the actor, as long as it lives. When the last
/// copy of it, and of the stream's incoming, goes before end() or fail(), and neither produce() nor on_room() has a function, the client gets ERROR 500.
template <class T>
class outgoing {
public:
  explicit outgoing(std::shared_ptr<actors::stream_handle> h) : handle_(std::move(h)) {}

  /// Somebody listens: the stream has neither ended nor been cancelled.
  bool is_open() const noexcept { return stream().is_open && !stream().ends; }
  /// Items that the client has room for now.
  std::uint32_t room() const noexcept { return stream().free_room(); }
  /// Sends an item; up to 64 wait for room. False, and it is not sent, when so many wait, or nobody listens.
  [[nodiscard]] bool push(T item) {
    return stream().send_item(stream().mail(actors::item_atom::value, std::move(item)));
  }
  /// Sends what f gives, `std::optional<T> f()`, whenever there is room; nothing ends the stream.
  template <class F>
  void produce(F f) {
    on_room([self = std::weak_ptr{handle_->stream}, f = std::move(f)]() mutable {
      const auto s = self.lock();
      while (s->free_room() > 0) {
        std::optional<T> item = f();
        if (!item) return s->end();
        s->send_item(s->mail(actors::item_atom::value, std::move(*item)));
      }
    });
  }
  /// Calls f when there is room, and each time that more has come.
  void on_room(std::function<void()> f) {
    const auto s = handle_->stream; // f may end it
    if (!s->is_open) return;
    s->when_room = std::move(f);
    if (s->free_room() > 0) s->tell_room();
  }
  /// Calls f when nobody listens any more, before the end.
  void on_cancel(std::function<void()> f) {
    if (stream().is_open) stream().when_cancelled = std::move(f);
  }
  /// The stream is complete, with what waits.
  void end() { stream().end(); }
  /// Ends it with this ERROR, without its data, and without what waits.
  void fail(const error& e) { stream().fail(e); }

private:
  actors::actor_stream& stream() const noexcept { return *handle_->stream; }
  std::shared_ptr<actors::stream_handle> handle_;
};

/// What a client streams to a handler actor. A value, as outgoing. A function of on_end() that returns the response is as good as a copy.
template <class T>
class incoming {
public:
  explicit incoming(std::shared_ptr<actors::stream_handle> h) : handle_(std::move(h)) {}

  bool is_open() const noexcept { return stream().is_open; }
  /// Calls f, `void f(T)`, with each item.
  template <class F>
  void on_item(F f) {
    if (!stream().is_open) return;
    stream().item = [f = std::move(f)](void* item) mutable { f(std::move(*static_cast<T*>(item))); };
  }
  /// Calls f when the client has sent all. What it returns is the response, where that is one message: `double f()`.
  template <class F>
  void on_end(F f) {
    if (!stream().is_open) return;
    stream().answers_at_end = !std::is_void_v<std::invoke_result_t<F&>>;
    stream().when_ended = [self = std::weak_ptr{handle_->stream}, f = std::move(f)]() mutable {
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
    if (stream().is_open) stream().when_cancelled = std::move(f);
  }
  /// Answers before the client has sent all, by an ERROR without its data.
  void fail(const error& e) { stream().fail(e); }

private:
  actors::actor_stream& stream() const noexcept { return *handle_->stream; }
  std::shared_ptr<actors::stream_handle> handle_;
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
    const auto s = std::make_shared<actors::actor_stream>(self, request, all);
    all->insert_or_assign(request, s);
    return std::make_shared<actors::stream_handle>(s);
  };
  const caf::message_handler common = actors::stream_messages(all);
  if constexpr (requires { typename actors::message_in<first>::type; }) {
    using in = typename actors::message_in<first>::type;
    return common.or_else(
        [open, f](actors::open_atom, const caf::actor& request) mutable {
          const auto h = open(request);
          h->stream->post(actors::credit_atom::value, h->stream->window);
          if constexpr (caf::detail::tl_size<arguments>::value == 1) {
            f(first{h});
          } else {
            f(first{h}, std::decay_t<typename caf::detail::tl_at<arguments, 1>::type>{h});
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
