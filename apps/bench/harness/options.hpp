#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace swill::bench {

/// How to start a server. In `command` the words {port}, {threads} and {self} are replaced.
struct server_spec {
  std::string label;
  std::string command;

  bool takes_threads() const { return command.find("{threads}") != std::string::npos; }
};

/// What the command line decides.
struct options {
  unsigned rounds = 5;
  std::chrono::milliseconds duration{1000}; // of one measured phase
  std::uint32_t items = 1'000'000;          // of one stream
  unsigned idle_connections = 10'000;
  unsigned waiting_requests = 20'000;
  std::string only = "*";           // glob over scenario names
  std::vector<server_spec> servers; // the first is what the others are compared with
};

/// The label of the server that ratios refer to.
inline constexpr const char* baseline_label = "bare";

} // namespace swill::bench
