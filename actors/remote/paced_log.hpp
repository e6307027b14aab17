#pragma once

#include "libswill/base/log.hpp"
#include "libswill/base/loop.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace swill::actors::remote {

/// Log lines that others can cause: at most one of a kind in a second; the next one of that kind says how many were left out. One thread at
/// a time.
class paced_log {
public:
  using sink = std::function<void(log_level, const std::string&)>;
  explicit paced_log(sink to) : to_(std::move(to)) {}

  /// `kind` is one of a few literals.
  void write(std::string_view kind, log_level level, const std::string& text, clock_time now) {
    entry& e = kinds_[kind];
    if (e.is_used && now - e.last < std::chrono::seconds{1}) {
      ++e.left_out;
      return;
    }
    const std::uint64_t left_out = std::exchange(e.left_out, 0);
    e.is_used = true;
    e.last = now;
    to_(level, left_out == 0 ? text : text + " (and " + std::to_string(left_out) + " more like it before)");
  }

private:
  struct entry {
    bool is_used = false;
    clock_time last{};
    std::uint64_t left_out = 0;
  };
  sink to_;
  std::map<std::string_view, entry> kinds_;
};

} // namespace swill::actors::remote
