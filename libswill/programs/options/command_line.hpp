#pragma once

#include "libswill/base/mistakes.hpp"
#include "libswill/programs/options/option_values.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace CLI {
class App;
class Option;
} // namespace CLI

namespace swill::programs {

/// The beginning of a mistake's path, and the option of a program that sets what is there: {"server_options.path", "--path"}. Of several that
/// fit, the longest counts. Indexes do not: "server_options.listen.tls" is that of every listener.
using option_name = std::pair<std::string_view, std::string_view>;

/// The mistakes of a program's configuration, a line each, for who wrote its command line: "--nesting: is 300; 2 to 256 would be right". A limit
/// is called like its member, "limits.send_buffer" --send-buffer; what no option sets keeps its name. So it is in the texts, too.
std::string text_of(const invalid_configuration& e, std::span<const option_name> names);

/// What servers end with (docs/operations.md). Numbers are for those who supervise them: they never change.
/// IF YOU ADD A VALUE: docs/operations.md.
enum class server_exit : int {
  ok = 0,        ///< it was told to end, and did
  failed = 1,    ///< it could not start, or not go on
  wrong_use = 2, ///< the command line, or a variable of the environment: starting it again does not help
};

/// The command line is wrong. what() says where, and what may have been meant: "there is no option '--prot': did you mean '--port'?"
class wrong_command_line : public std::invalid_argument {
public:
  using std::invalid_argument::invalid_argument;
};

/// An option that a command line has.
using added_option = CLI::Option*;

/// What an option is.
struct option {
  std::string name;      ///< "--port", "-n,--count"; without dashes it goes by its place: "TOPIC"
  option_value value;    ///< a switch is on by its name, and as "--name=false" says
  std::string text;      ///< for --help
  std::string unit = {}; ///< of its value, for --help: "BYTES"
  std::optional<std::string>
      variable{};         ///< of the environment, that counts when it is not given; by itself SWILL_NAME where the
                          ///< command line reads_environment(), else none
  std::string group = {}; ///< the heading that it stands under in --help
  bool is_required = false;
  bool may_be_empty =
      false; ///< an empty value means something; else it is refused: in a script, that of a variable that nobody has set
  bool is_one_word = false; ///< of those that may be given again: each takes one word, not all up to the next option
  added_option not_beside = nullptr; ///< what it must not be given together with
};

/// The options of a program, or of one of its verbs, which come from its command line and from the environment. The one user of CLI11, since
/// including that costs a source four seconds.
class command_line {
public:
  /// `version` is what --version says after the name; empty: the library's.
  command_line(const std::string& program, const std::string& what, std::string version = {});

  /// Every option may also come from the environment, and --help says so. To be called before there are any.
  void reads_environment();

  /// One of its verbs must be given, and its own options may stand after that. To be called before there are any.
  void needs_verb();

  /// What value stands for is written there by parse().
  added_option add(option o);

  /// One that has been added.
  added_option option_called(const std::string& name) const;

  /// The options of a verb. It shares what this object has.
  command_line verb(const std::string& name, const std::string& what);

  /// Forgets what others have put into the environment (forget_foreign_environment), and reads both. Nothing: the program goes on. Otherwise
  /// what it prints instead, as --help or --version asked for. Throws wrong_command_line.
  std::string parse(int argc, char** argv);

  /// The verb that was given, then what that verb is to do.
  std::vector<std::string> given_verbs() const;

private:
  command_line(std::shared_ptr<CLI::App> verb, bool reads_environment)
      : app_{std::move(verb)}, reads_environment_{reads_environment} {}

  std::shared_ptr<CLI::App> app_; ///< owned by this object and those of its verbs
  std::string version_{};
  bool reads_environment_ = false;
};

/// To be called after the command line was read: whether `o` was given, there or by the environment.
bool was_given(added_option o);

/// To be called after the command line was read. Throws std::invalid_argument when `o` was given, there or by the environment, although it
/// has no effect, `why`: "without --redis".
void require_effect(added_option o, bool has_effect, const std::string& why);

/// The same for what stands on the command line alone: a variable of the environment may be meant for another program, where all have the same.
void require_effect_of_argument(added_option o, bool has_effect, const std::string& why);

/// The variable of an option of a command line that reads_environment(): "SWILL_IO_THREADS" of "--io-threads".
std::string variable_of(std::string_view name);

/// The last line of a main(): runs the program `name`, and says on stderr what `run` throws; in an invalid_configuration options are called
/// by `names`. `words` are those of a command line that reads_environment(): an option that is not among them, but set by its variable, is
/// called by both, "--static (SWILL_STATIC): …". Returns what the program ends with: what `run` has returned; wrong_use after a
/// std::invalid_argument; failed after any other exception.
int run_program(const std::string& name, std::span<const option_name> names, const std::function<int()>& run,
                std::span<char* const> words = {});

/// Prints what parse() has returned, and returns what a program ends with then. Throws output_error.
int end_with(const std::string& answer);

} // namespace swill::programs
