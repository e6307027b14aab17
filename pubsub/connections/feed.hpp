#pragma once

#include "libswill/base/must_await.hpp"
#include "libswill/base/task.hpp"
#include "pubsub/connections/detail/event_queue.hpp"

#include <coroutine>
#include <memory>
#include <optional>
#include <utility>

namespace swill {

/// Connections that come and go, on all nodes: `while (auto e = co_await feed.next())`. Belongs to the request that made it, on its
/// thread; ends when it is destroyed. One reader at a time.
///
/// At most once, in order for each node. At most connections_options::feed_length events wait: beyond that the oldest is dropped, and
/// the next one says in `missed` how many were; so it does for what was lost between nodes.
class connection_feed {
public:
  explicit connection_feed(std::unique_ptr<detail::event_queue> q) : queue_(std::move(q)) {}

  class SWILL_MUST_AWAIT("next() gives nothing until it is awaited: co_await it") next_awaiter : wait {
  public:
    explicit next_awaiter(detail::event_queue& q) noexcept : queue_(q) {}
    ~next_awaiter() {
      if (queue_.waiter == this) queue_.waiter = nullptr;
    }
    bool await_ready() const noexcept { return false; }
    template <class P>
    bool await_suspend(std::coroutine_handle<P> h) {
      scope_ = h.promise().owner;
      if (scope_->is_cancelled() || !queue_.empty()) return false;
      scope_->suspend(*this, h);
      queue_.waiter = this;
      return true;
    }
    std::optional<connection_event> await_resume() {
      if (queue_.waiter == this) queue_.waiter = nullptr;
      if (scope_->is_cancelled()) throw cancelled{};
      return queue_.take();
    }

  private:
    detail::event_queue& queue_;
    scope* scope_ = nullptr;
  };
  /// The next. Never empty: a feed has no end of its own. Throws `cancelled` when the request is.
  next_awaiter next() noexcept { return next_awaiter{*queue_}; }

private:
  std::unique_ptr<detail::event_queue> queue_;
};

} // namespace swill
