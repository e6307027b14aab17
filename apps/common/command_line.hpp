#pragma once

#include "apps/common/option_names.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace CLI {
class App;
class Error;
} // namespace CLI

namespace swill::apps {

/// What servers end with (docs/operations.md). Numbers are for those who supervise them: they never change.
/// IF YOU ADD A VALUE: docs/operations.md.
enum class server_exit : int {
  ok = 0,        ///< it was told to end, and did
  failed = 1,    ///< it could not start, or not go on
  wrong_use = 2, ///< the command line, or a variable of the environment: starting it again does not help
};

/// "swill-gateway 0.1.0"
std::string version_of(const std::string& program);

/// Forgets what others have put into the environment (forget_foreign_environment), adds --version, lets values that cannot be meant be refused
/// (refuse_empty_values, refuse_odd_switches) and reads the command line of the program `name`. Nothing: it goes on. Otherwise what it ends with: after --help or
/// --version, which are printed, or after a mistake, which is said on stderr. Throws output_error.
std::optional<int> parse_command_line(CLI::App& program, const std::string& name, int argc, char** argv);

/// The program, then the verb that was given, then what that verb is to do.
std::vector<const CLI::App*> given_verbs(const CLI::App& program);

/// What is wrong with a command line, and what may have been meant: "there is no option '--prot': did you mean '--port'?"
std::string mistake_of(const CLI::App& program, const CLI::Error& why);

/// Prints what `why` asks for, or says what is wrong; returns what the program ends with. Throws output_error.
int end_of(const CLI::App& program, const CLI::Error& why);

/// The last line of a main(): runs the program `name`, and says on stderr what `run` throws; in an invalid_configuration options are called
/// by `names`. Returns what the program ends with: what `run` has returned; wrong_use after a std::invalid_argument; failed after any other
/// exception.
int run_program(const std::string& name, std::span<const option_name> names, const std::function<int()>& run);

} // namespace swill::apps
