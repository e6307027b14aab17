#include "sessions/detail/turns.hpp"

#include "libswill/base/awaiting.hpp"

#include <algorithm>

namespace swill::detail {

std::uint64_t session_turns::enter(const std::string& name, swill::loop& l, completer<bool> begin) {
  const std::lock_guard lock{mutex_};
  auto& line = lines_[name];
  line.push_back({++last_, &l, begin});
  if (line.size() == 1) begin(false);
  return last_;
}

void session_turns::leave(const std::string& name, std::uint64_t number) {
  const std::lock_guard lock{mutex_};
  const auto at = lines_.find(name);
  auto& line = at->second;
  const bool had_turn = line.front().number == number;
  std::erase_if(line, [number](const seat& s) { return s.number == number; });
  if (line.empty()) {
    lines_.erase(at);
  } else if (had_turn) {
    line.front().loop->post([begin = line.front().begin] { begin(true); });
  }
}

task<bool> session_turns::turn::begin() {
  scope& here = co_await this_scope{};
  const auto start = [&](completer<bool> done) { number_ = all_.enter(name_, here.loop(), std::move(done)); };
  co_return co_await completion<bool>{start};
}

} // namespace swill::detail
