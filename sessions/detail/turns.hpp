#pragma once

#include "libswill/base/awaiting.hpp"
#include "libswill/base/completion.hpp"

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace swill::detail {

/// Lets what wants the same thing on this node go one after the other, first come first served: the updates of one session. Any thread.
/// Bounded by who waits: each is an open request.
class session_turns {
public:
  session_turns& operator=(session_turns&&) = delete;

  class turn;

private:
  /// Of one coroutine.
  struct seat {
    std::uint64_t number;
    swill::loop* loop;
    completer<bool> begin; ///< with whether it has waited
  };

  std::uint64_t enter(const std::string& name, swill::loop& l, completer<bool> begin) {
    const std::lock_guard lock{mutex_};
    auto& line = lines_[name];
    line.push_back({++last_, &l, begin});
    if (line.size() == 1) begin(false);
    return last_;
  }
  /// Its turn is over, or is wanted no more; the next one's begins on the next one's loop, not within this call.
  void leave(const std::string& name, std::uint64_t number) {
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

  std::mutex mutex_; ///< coroutines of all loops come here; held for a look-up
  std::uint64_t last_ = 0;
  std::unordered_map<std::string, std::deque<seat>> lines_; ///< the first of each has its turn
};

/// `session_turns::turn t{turns, name}; const bool waited = co_await t.begin();`: the turn is this coroutine's until `t` is destroyed. Gives
/// whether somebody else had it before.
class session_turns::turn {
public:
  turn(session_turns& all, std::string name) : all_(all), name_(std::move(name)) {}
  turn& operator=(turn&&) = delete;
  ~turn() {
    if (number_ != 0) all_.leave(name_, number_);
  }

  /// Once.
  task<bool> begin() {
    scope& here = co_await this_scope{};
    const auto start = [&](completer<bool> done) { number_ = all_.enter(name_, here.loop(), std::move(done)); };
    co_return co_await completion<bool>{start};
  }

private:
  session_turns& all_;
  const std::string name_;
  std::uint64_t number_ = 0; ///< of its seat; 0: it has none
};

} // namespace swill::detail
