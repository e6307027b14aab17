#pragma once

#include "libswill/net/address.hpp"
#include "libswill/programs/options/command_line.hpp"
#include "libswill/server/server.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace swill::programs {

/// Throws std::invalid_argument, which names the option, where that is no address to listen at.
void require_address(const std::string& option, const std::string& address);

/// Who listens where, by the names of options.
class listening_places {
public:
  /// Throws std::invalid_argument when another option, or the same, has named that address, or all addresses, with that port.
  void add(const std::string& option, const std::string& address);

private:
  std::vector<std::pair<std::string, net::listen_address>> all_; // by option
};

/// What every serving program of ours takes on its command line: where to listen, by TLS or without, with how many threads, what to tell
/// clients.
/// Each option may also come from the environment, as SWILL_<NAME>; SWILL_PORT counts only where neither --listen nor --port is given.
class listen_options {
public:
  /// The program writes here when it parses; must live until then.
  void add_to(command_line& program);

  /// What was asked for; everything else is the library's default. Throws std::invalid_argument for options of TLS that do not fit together.
  server_options server() const;
  void add_to(listening_places& all) const;
  bool debug() const noexcept { return debug_; }

private:
  void add_tls_to(command_line& program);
  tls_server_options tls() const;

  std::vector<std::string> listen_;
  std::vector<std::string> listen_tls_;
  std::vector<std::string> certificates_;
  std::vector<std::string> keys_;
  tls_server_options tls_;
  bool optional_clients_ = false;
  std::vector<added_option> tls_options_; ///< but --listen-tls
  added_option optional_option_ = nullptr;
  std::optional<std::uint16_t> port_;
  std::size_t io_threads_ = 0;
  bool test_echo_ = false;
  bool debug_ = false;
};

} // namespace swill::programs
