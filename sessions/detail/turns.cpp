#include "sessions/detail/turns.hpp"

#include "libswill/base/task.hpp"

#include <algorithm>

namespace swill::detail {

bool session_turns::enter(const std::string& name, seat_ptr s) {
  const std::lock_guard lock{mutex_};
  auto& line = lines_[name];
  line.push_back(std::move(s));
  return line.size() == 1;
}

void session_turns::leave(const std::string& name, const seat_ptr& s) {
  seat_ptr next;
  {
    const std::lock_guard lock{mutex_};
    const auto at = lines_.find(name);
    if (at == lines_.end()) return;
    auto& line = at->second;
    const bool had_turn = !line.empty() && line.front() == s;
    std::erase(line, s);
    if (line.empty()) {
      lines_.erase(at);
    } else if (had_turn) {
      next = line.front();
    }
  }
  if (!next) return;
  next->loop->post([next] {
    if (wait* w = std::exchange(next->waiter, nullptr); w != nullptr && w->is_linked()) w->owner()->wake(*w);
  });
}

bool session_turns::turn::await_resume() const {
  if (scope_->is_cancelled()) throw cancelled{};
  return waited_;
}

} // namespace swill::detail
