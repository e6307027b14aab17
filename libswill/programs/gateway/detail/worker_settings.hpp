#pragma once

#include "libswill/api/app.hpp"
#include "libswill/programs/options/link_options.hpp"
#include "libswill/programs/options/listen_options.hpp"

#include <string>
#include <vector>

namespace swill::programs {

/// Where the gateway lets workers connect, from its command line and environment (docs/workers.md).
class worker_settings {
public:
  /// The program writes here when it parses; this must live until then.
  void add_to(command_line& program);
  /// Adds remote handlers to the app when workers may connect. Throws std::invalid_argument for options that have no effect as they may not,
  /// and file_error.
  void apply(app& a) const;
  void add_to(listening_places& all) const;

private:
  std::string listen_;
  link_options link_;
  int wait_ = 5;
  std::vector<std::string> hidden_headers_;
  std::vector<added_option> others_; ///< but --workers-listen
};

} // namespace swill::programs
