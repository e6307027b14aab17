#include "libswill/base/log_limiter.hpp"

#include <utility>

namespace swill {

log_limiter::~log_limiter() {
  std::vector<line> due;
  take_due(clock_time::max(), due);
  put(due);
}

bool log_limiter::write(std::string_view kind, const log_entry& entry, clock_time now) {
  line l{entry.level, std::string{entry.text}, std::string{entry.connection}, std::string{entry.rpc}, entry.seq};
  std::vector<line> due;
  bool counted = false;
  {
    const std::lock_guard lock{mutex_};
    auto k = kinds_.find(kind);
    if (k == kinds_.end()) {
      if (kinds_.size() >= most_kinds) take_due(now, due);
      k = kinds_.try_emplace(kinds_.size() < most_kinds ? std::string{kind} : std::string{}).first;
    } else if (now - k->second.since >= interval) {
      take_due(now, due);
      k = kinds_.try_emplace(std::string{kind}).first;
    }
    kind_state& s = k->second;
    counted = s.since != clock_time{};
    if (counted) {
      ++s.counted;
      s.last = std::move(l);
    } else {
      s.since = now;
      due.push_back(std::move(l));
    }
  }
  put(due);
  return counted;
}

bool log_limiter::flush(clock_time now) {
  std::vector<line> due;
  bool again = false;
  {
    const std::lock_guard lock{mutex_};
    take_due(now, due);
    again = !kinds_.empty();
  }
  put(due);
  return again;
}

/// What was counted a second long; the second after that begins now. Kinds of which nothing came are forgotten.
void log_limiter::take_due(clock_time now, std::vector<line>& due) {
  for (auto k = kinds_.begin(); k != kinds_.end();) {
    kind_state& s = k->second;
    if (now - s.since < interval) {
      ++k;
    } else if (s.counted == 0) {
      k = kinds_.erase(k);
    } else {
      s.last.text += " (" + std::to_string(s.counted) + " like it)";
      due.push_back(std::move(s.last));
      s = {now};
      ++k;
    }
  }
}

void log_limiter::put(const std::vector<line>& lines) const {
  const logger log{sink_};
  for (const line& l : lines) log.write(l.level, l.text, l.connection, l.rpc, l.seq);
}

} // namespace swill
