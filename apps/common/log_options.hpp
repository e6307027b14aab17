#pragma once

#include "libswill/logging/logging.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
class Option;
} // namespace CLI

namespace swill::apps {

/// The command line of the log of a serving program. Each option may also come from the environment, as SWILL_<NAME>.
class log_options {
public:
  /// The program writes here when it parses; must live until then.
  void add_to(CLI::App& program);

  /// For app::use. Throws as `logging` does, and std::invalid_argument for options that have no effect.
  std::shared_ptr<logging> make() const;

  /// What the program prints on standard output, `text`, as JSON where the log's lines are JSON and go there too.
  std::string beside_log(std::string text) const;

private:
  logging_options chosen_;
  const CLI::Option* to_ = nullptr;
  const CLI::Option* file_size_ = nullptr;
  const CLI::Option* old_files_ = nullptr;
  const CLI::Option* access_rate_ = nullptr;
  log_level least_ = log_level::info;
  std::vector<std::pair<log_room, log_level>> of_rooms_;
};

} // namespace swill::apps
