#include "apps/common/command_line.hpp"

#include "apps/common/environment.hpp"
#include "apps/common/option_values.hpp"
#include "apps/common/standard_output.hpp"
#include "libswill/base/mistakes.hpp"
#include "libswill/base/printable.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <sstream>
#include <stdexcept>

namespace swill::apps {

std::string version_of(const std::string& program) { return program + " " SWILL_VERSION; }

std::optional<int> parse_command_line(CLI::App& program, const std::string& name, int argc, char** argv) {
  forget_foreign_environment();
  program.set_version_flag("--version", version_of(name));
  refuse_empty_values(program);
  try {
    program.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& e) {
    return end_of(program, e);
  }
}

int end_of(const CLI::App& program, const CLI::Error& why) {
  std::ostringstream answer, ignored;
  const bool is_answer = program.exit(why, answer, ignored) == 0;
  if (!is_answer) std::fprintf(stderr, "%s\nRun with --help for more information.\n", printable(why.what()).c_str());
  print(answer.str());
  flush_output();
  return static_cast<int>(is_answer ? server_exit::ok : server_exit::wrong_use);
}

int run_program(const std::string& name, std::span<const option_name> names, const std::function<int()>& run) {
  const auto fail = [&name](const std::string& why, server_exit with) {
    std::fprintf(stderr, "%s: %s\n", name.c_str(), why.c_str());
    return static_cast<int>(with);
  };
  try {
    return run();
  } catch (const invalid_configuration& e) {
    return fail(text_of(e, names), server_exit::wrong_use);
  } catch (const std::invalid_argument& e) {
    return fail(failure_text(e), server_exit::wrong_use);
  } catch (const std::exception& e) {
    return fail(failure_text(e), server_exit::failed);
  }
}

} // namespace swill::apps
