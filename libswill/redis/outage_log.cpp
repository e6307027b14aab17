#include "libswill/redis/outage_log.hpp"

#include "libswill/base/printable.hpp"

namespace swill::redis {

namespace {
/// Refusals of one outage that are told; a Redis that gives a new one each time is not quoted for ever.
constexpr std::size_t most_told = 16;
} // namespace

void outage_log::add_user(const std::string& name) {
  const std::lock_guard lock{mutex_};
  users_.insert(name);
}

void outage_log::down(const void* link, const std::string& where, reason r, const std::string& why,
                      const std::string& user, const logger& log) {
  std::string text;
  {
    const std::lock_guard lock{mutex_};
    const bool first = down_.empty();
    if (first) is_again_ = was_up_;
    down_.insert(link);
    const std::string who = r == reason::refused && !user.empty() ? user : users();
    const bool fresh = r != reason::unreachable && told_.size() < most_told && told_.insert(who + why).second;
    if (!first && !fresh) return;
    text = "Redis at " + where + ": " + why + "; " + who +
           " fail with 503 until it is there, and it is tried again all the time";
  }
  log.write(log_level::warning, printable(text));
}

/// "sessions and topics"
std::string outage_log::users() const {
  std::string names;
  std::size_t n = 0;
  for (const std::string& u : users_) {
    ++n;
    if (n > 1) names += n == users_.size() ? " and " : ", ";
    names += u;
  }
  return names.empty() ? "commands" : names;
}

bool outage_log::is_up() const {
  const std::lock_guard lock{mutex_};
  return down_.empty();
}

void outage_log::up(const void* link, const std::string& where, const logger& log) {
  bool again = false;
  {
    const std::lock_guard lock{mutex_};
    was_up_ = true;
    if (down_.erase(link) == 0 || !down_.empty()) return;
    told_.clear();
    again = is_again_;
  }
  log.write(log_level::info, printable("Redis at " + where + (again ? ": connected again" : ": connected")));
}

void outage_log::forget(const void* link) {
  const std::lock_guard lock{mutex_};
  down_.erase(link);
  if (down_.empty()) told_.clear();
}

} // namespace swill::redis
