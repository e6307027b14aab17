#pragma once

#include "actors/connections/event.hpp"
#include "libswill/base/awaiting.hpp"

#include <deque>
#include <functional>
#include <optional>
#include <utility>

namespace swill::detail {

/// The events that wait for one feed; on one unit's thread. Owned by the feed; the unit's part fills it.
class event_queue : public wait_slot {
public:
  event_queue(event_filter f, std::size_t longest) : filter_(std::move(f)), longest_(longest) {}
  event_queue& operator=(event_queue&&) = delete;
  ~event_queue() {
    if (on_end) on_end(*this);
  }

  void push(const connection_event& e) {
    if (!filter_.fits(e)) {
      missed_ += e.missed; // what was lost there may have been for this feed
      return;
    }
    connection_event mine = e;
    mine.missed += std::exchange(missed_, 0);
    if (events_.size() >= longest_) {
      const std::uint64_t lost = events_.front().missed + 1;
      events_.pop_front();
      (events_.empty() ? mine : events_.front()).missed += lost;
    }
    events_.push_back(std::move(mine));
    wake(); // may end this
  }
  bool empty() const noexcept { return events_.empty(); }
  bool is_ready() const noexcept { return !empty(); }
  /// The oldest; only when ready.
  std::optional<connection_event> take() {
    connection_event e = std::move(events_.front());
    events_.pop_front();
    return e;
  }

  std::function<void(event_queue&)> on_end; ///< the part's

private:
  const event_filter filter_;
  const std::size_t longest_;
  std::deque<connection_event> events_;
  std::uint64_t missed_ = 0; ///< since the last that waits
};

} // namespace swill::detail
