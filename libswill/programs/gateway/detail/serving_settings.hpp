#pragma once

#include "libswill/api/app.hpp"
#include "libswill/base/limits.hpp"
#include "libswill/programs/options/listen_options.hpp"
#include "libswill/programs/options/log_options.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace swill::programs {

/// What the gateway takes on its command line and from the environment (SWILL_<NAME>). The library's defaults hold for the rest.
class serving_settings {
public:
  /// The program writes here when it parses; this must live until then.
  void add_to(command_line& program);

  /// Limits, log, debug mode, and how the app sees its connections. Throws as log_options::make, and std::invalid_argument for options
  /// that have no effect.
  void apply(app& a) const;
  server_options server() const;
  void add_to(listening_places& all) const { listen_.add_to(all); }
  const log_options& log() const noexcept { return log_; }
  /// Clients come through a proxy, which says from where.
  bool trusts_proxy() const noexcept { return trust_forwarded_for_; }

private:
  listen_options listen_;
  std::size_t workers_ = 0;
  std::vector<std::string> origins_;
  std::string path_ = server_options{}.path;
  bool trust_forwarded_for_ = false;
  bool introspection_ = true;
  bool no_introspection_ = false;
  swill::limits limits_;
  added_option ping_timeout_ = nullptr;
  log_options log_;
};

} // namespace swill::programs
