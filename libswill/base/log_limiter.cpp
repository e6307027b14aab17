#include "libswill/base/log_limiter.hpp"

#include "libswill/base/trace.hpp"

#include <utility>

namespace swill {

log_limiter::line::line(const log_entry& e)
    : level(e.level), text(e.text), connection(e.connection), rpc(e.rpc), seq(e.seq), user(e.user), trace(e.trace) {}

log_limiter::log_limiter(const log_sink* sink, log_room room) : log_(sink, room) {}

log_limiter::text_maker log_limiter::of_exception(std::string_view what, const std::exception_ptr& e) {
  return [what, e](length l) {
    return std::string{what} + (l == length::whole ? describe_exception(e) : name_exception(e));
  };
}

log_limiter::~log_limiter() {
  std::vector<line> due;
  take_due(clock_time::max(), due);
  put(due);
}

bool log_limiter::write(std::string_view kind, const log_entry& entry, clock_time now) {
  if (!log_.enabled(entry.level)) return false;
  std::vector<line> due;
  const bool counted = count(kind, now, due);
  put(due);
  if (counted) {
    keep(kind, entry);
  } else {
    log_.write(entry);
  }
  return counted;
}

bool log_limiter::write(log_level level, std::string_view kind, std::string_view text, clock_time now) {
  return write(kind, {.level = level, .text = text}, now);
}

bool log_limiter::write(std::string_view kind, log_entry entry, const text_maker& make, clock_time now) {
  if (!log_.enabled(entry.level)) return false;
  std::vector<line> due;
  const bool counted = count(kind, now, due);
  put(due);
  const std::string text = make(counted ? length::brief : length::whole); // without the lock: it may take long
  entry.text = text;
  if (counted) {
    keep(kind, entry);
  } else {
    log_.write(entry);
  }
  return counted;
}

/// Whether a line of that kind is counted, not written.
bool log_limiter::count(std::string_view kind, clock_time now, std::vector<line>& due) {
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
  if (s.since == clock_time{}) {
    s.since = now;
    return false;
  }
  ++s.counted;
  return true;
}

/// The last line of those that were counted.
void log_limiter::keep(std::string_view kind, const log_entry& entry) {
  auto l = std::make_unique<line>(entry);
  const std::lock_guard lock{mutex_};
  auto k = kinds_.find(kind);
  if (k == kinds_.end()) k = kinds_.find(std::string_view{}); // one too many
  if (k != kinds_.end() && k->second.counted != 0) k->second.last = std::move(l);
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
      if (s.last != nullptr) { // else another thread has counted one, and is about to say which
        s.last->text += " (" + std::to_string(s.counted) + " like it)";
        due.push_back(std::move(*s.last));
        s.counted = 0;
      }
      s = {now, s.counted};
      ++k;
    }
  }
}

void log_limiter::put(const std::vector<line>& lines) const {
  for (const line& l : lines)
    log_.write(log_entry{.level = l.level,
                         .text = l.text,
                         .connection = l.connection,
                         .rpc = l.rpc,
                         .seq = l.seq,
                         .user = l.user,
                         .trace = l.trace});
}

limited_log::limited_log(loop& l, std::shared_ptr<log_limiter> shared) : loop_(l), shared_(std::move(shared)) {}
limited_log::limited_log(loop& l, const log_sink* sink, log_room room)
    : limited_log(l, std::make_shared<log_limiter>(sink, room)) {}
limited_log::~limited_log() = default;

void limited_log::write(std::string_view kind, const log_entry& line) { arm(shared_->write(kind, line, loop_.now())); }

void limited_log::write(log_level level, std::string_view kind, std::string_view text) {
  write(kind, {.level = level, .text = text});
}

void limited_log::write(std::string_view kind, const log_entry& line, const log_limiter::text_maker& make) {
  arm(shared_->write(kind, line, make, loop_.now()));
}

void limited_log::write_caught(std::string_view kind, std::string_view where) {
  write(kind, {.level = log_level::error}, log_limiter::of_exception(where, std::current_exception()));
}

void limited_log::stop() {
  stopped_ = true;
  cancel();
  shared_->flush(loop_.now() + log_limiter::interval);
}

void limited_log::arm(bool counted) {
  if (counted && !is_set() && !stopped_) loop_.set_timer(*this, loop_.now() + log_limiter::interval);
}

void limited_log::on_timer() {
  if (shared_->flush(loop_.now())) loop_.set_timer(*this, loop_.now() + log_limiter::interval);
}

} // namespace swill
