#pragma once

#include "apps/common/link_options.hpp"
#include "libswill/api/app.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace swill::gateway {

/// Where the gateway lets workers connect, from its command line and environment (docs/workers.md).
class worker_options {
public:
  void add_to(CLI::App& program);
  /// Adds remote handlers to the app when workers may connect.
  void apply(app& a) const;

private:
  std::string listen_;
  apps::link_options link_;
  int wait_ = 5;
  std::vector<std::string> hidden_headers_;
};

} // namespace swill::gateway
