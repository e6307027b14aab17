#pragma once

#include "tests/chaos/clients.hpp"
#include "tests/chaos/ledger.hpp"
#include "tests/chaos/lists.hpp"
#include "tests/chaos/process.hpp"
#include "tests/support/redis_server.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace swill::chaos {

/// A gateway in a process of its own, always at the same address.
class gateway {
public:
  /// `arguments` beside those for the address; `wrapper` is a command that runs another, such as "ip netns exec". Where `listen` is empty it
  /// listens on a free loopback port.
  gateway(std::string name, std::vector<std::string> arguments, std::string listen = {},
          std::vector<std::string> wrapper = {});

  const std::string& url() const noexcept { return url_; }
  process& running() { return *process_; }
  /// SIGKILL.
  void kill() { process_->kill(); }
  /// Returns when it listens again.
  void restart();

private:
  bool launch();
  bool listens();

  std::string name_;
  temporary_directory directory_;
  std::vector<std::string> command_;
  std::string url_;
  std::size_t launches_ = 0;
  std::optional<process> process_;
};

/// Some gateways behind one Redis that loses nothing of what it has answered.
struct cluster {
  /// `more` arguments for each.
  explicit cluster(std::size_t count, std::vector<std::string> more = {});

  addresses urls() const;
  /// What administrators show.
  static const std::string& admin_token();
  /// Arguments of a gateway that uses that Redis, knows administrators by that token, and keeps all messages of a test. Writes to the
  /// directory.
  static std::vector<std::string> arguments(const std::string& redis_address, const temporary_directory& directory);

  temporary_directory directory;
  test::redis_server redis{test::redis_options{.append_only = true}};
  std::vector<std::unique_ptr<gateway>> gateways;
};

/// Publishers and subscribers of one topic, spread over gateways.
class load {
public:
  /// Returns when all subscribers have begun and each publisher's first messages are acknowledged; throws when that takes over 20 s.
  load(const addresses& gateways, std::size_t publishers, std::size_t subscribers, load_options o = {});

  ledger book;
  std::vector<std::unique_ptr<publisher>> publishers;
  std::vector<std::unique_ptr<subscriber>> subscribers;

  /// Waits until each publisher has had `more` messages acknowledged, or `more` attempts fail, from now on.
  bool wait_for_acknowledged(std::size_t more);
  bool wait_for_failures(std::size_t more);
  std::vector<std::size_t> failure_counts() const;

  /// Ends it: publishers finish, subscribers get everything; then reports each problem as a failure of the test.
  void finish_and_check(bool wiped = false);
  /// Each subscriber is there once, and nobody else.
  bool is_everybody_once(const ids_by_user& members) const;
};

/// Writes a line among the test's output: what was measured.
void report(const std::string& line);

/// Where the programs are, and the paths are built in.
extern const char* const gateway_program;
extern const char* const worker_program;

/// From a request to its error: redis::options::command_timeout (1 s), and what a busy machine adds.
inline const milliseconds most_until_error = patient(1500ms);
/// Of a call that needs no Redis, the slowest of thousands: it must not have waited for anything of Redis.
inline const milliseconds most_for_local = patient(500ms);

} // namespace swill::chaos
