#include "apps/common/command_line.hpp"

#include <CLI/CLI.hpp>

namespace swill::apps {

std::string version_of(const std::string& program) { return program + " " SWILL_VERSION; }

std::optional<int> parse_command_line(CLI::App& program, const std::string& name, int argc, char** argv) {
  program.set_version_flag("--version", version_of(name));
  try {
    program.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& e) {
    return end_of(program, e);
  }
}

int end_of(const CLI::App& program, const CLI::Error& why) {
  const bool is_answer = program.exit(why) == 0;
  return static_cast<int>(is_answer ? server_exit::ok : server_exit::wrong_use);
}

} // namespace swill::apps
