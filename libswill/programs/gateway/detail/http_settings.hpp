#pragma once

#include "libswill/api/app.hpp"
#include "libswill/programs/options/command_line.hpp"
#include "libswill/programs/options/listen_options.hpp"
#include "libswill/server/server.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace swill::programs {

/// What the gateway serves by HTTP beside its WebSocket endpoint, from its command line and environment (docs/http.md).
class http_settings {
public:
  /// The program writes here when it parses; this must live until then.
  void add_to(command_line& program);

  /// Adds the files. Throws std::invalid_argument for what is no PATH=DIRECTORY, and for fallbacks of no directory.
  void apply(app& a) const;
  /// Adds the internal listeners and health.
  void apply(server_options& o) const;
  void add_to(listening_places& all) const;

  /// Whether there are files at that path.
  bool has(std::string_view path) const;

private:
  struct fallback;
  void check_fallbacks() const;
  /// That of the files at `path`; empty: none.
  std::string fallback_of(std::string_view path) const;

  std::vector<std::string> static_;
  std::vector<std::string> fallbacks_; // FILE or PATH=FILE
  file_options files_;
  added_option fallback_ = nullptr;
  added_option cache_ = nullptr;
  std::vector<std::string> internal_;
  bool health_ = false;
};

} // namespace swill::programs
