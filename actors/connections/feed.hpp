#pragma once

#include "actors/connections/detail/event_queue.hpp"
#include "libswill/base/must_await.hpp"
#include "libswill/base/task.hpp"

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

  /// The next. Never empty: a feed has no end of its own. Throws `cancelled` when the request is.
  SWILL_MUST_AWAIT("next() gives nothing until it is awaited: co_await it")
  awaiting<detail::event_queue&> next() noexcept { return awaiting<detail::event_queue&>{*queue_}; }

private:
  std::unique_ptr<detail::event_queue> queue_;
};

} // namespace swill
