#pragma once

#include "libswill/logging/logging.hpp"
#include "programs/options/command_line.hpp"

#include <memory>
#include <string>
#include <vector>

namespace swill::programs {

/// The command line of the log of a serving program. Each option may also come from the environment, as SWILL_<NAME>.
class log_options {
public:
  /// The program writes here when it parses; must live until then.
  void add_to(command_line& program);

  /// For app::use. Throws as `logging` does, and std::invalid_argument for options that have no effect.
  std::shared_ptr<logging> make() const;

  /// What the program prints on standard output, `text`, as JSON where the log's lines are JSON and go there too.
  std::string beside_log(std::string text) const;

private:
  logging_options chosen_;
  added_option to_ = nullptr;
  added_option file_size_ = nullptr;
  added_option old_files_ = nullptr;
  added_option access_rate_ = nullptr;
  log_level least_ = log_level::info;
  std::vector<std::string> of_rooms_; ///< "redis=debug"
};

} // namespace swill::programs
