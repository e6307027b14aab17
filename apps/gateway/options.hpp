#pragma once

#include "apps/common/listen_options.hpp"
#include "libswill/base/limits.hpp"
#include "libswill/base/log.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace swill::gateway {

/// What the gateway takes on its command line and from the environment (SWILL_<NAME>). The library's defaults hold for the rest.
class options {
public:
  /// The program writes here when it parses; this must live until then.
  void add_to(CLI::App& program);

  server_options server() const;
  const swill::limits& limits() const noexcept { return limits_; }
  log_level least_logged() const noexcept { return least_logged_; }
  bool debug() const noexcept { return listen_.debug(); }

private:
  apps::listen_options listen_;
  std::size_t workers_ = 0;
  std::vector<std::string> origins_;
  std::string path_ = server_options{}.path;
  swill::limits limits_;
  log_level least_logged_ = log_level::info;
};

} // namespace swill::gateway
