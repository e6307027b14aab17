#include "actors/connections/detail/event_queue.hpp"

#include <utility>

namespace swill::detail {

void event_queue::push(const connection_event& e) {
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

std::optional<connection_event> event_queue::take() {
  connection_event e = std::move(events_.front());
  events_.pop_front();
  return e;
}

} // namespace swill::detail
