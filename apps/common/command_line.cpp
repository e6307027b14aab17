#include "apps/common/command_line.hpp"

#include "apps/common/environment.hpp"
#include "apps/common/option_values.hpp"
#include "apps/common/standard_output.hpp"
#include "apps/common/suggest.hpp"
#include "libswill/base/line_writer.hpp"
#include "libswill/base/mistakes.hpp"
#include "libswill/base/printable.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <exception>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

namespace swill::apps {

namespace {

std::vector<std::string> names_of_options(const std::vector<const CLI::App*>& verbs) {
  std::vector<std::string> names;
  for (const CLI::App* v : verbs) {
    for (const CLI::Option* o : v->get_options()) {
      for (const std::string& name : o->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

} // namespace

std::string version_of(const std::string& program) { return program + " " SWILL_VERSION; }

std::optional<int> parse_command_line(CLI::App& program, const std::string& name, int argc, char** argv) {
  forget_foreign_environment();
  program.name(name);
  program.set_version_flag("--version", version_of(name));
  refuse_empty_values(program);
  refuse_odd_switches(program);
  try {
    program.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& e) {
    return end_of(program, e);
  }
}

std::vector<const CLI::App*> given_verbs(const CLI::App& program) {
  std::vector<const CLI::App*> all{&program};
  while (!all.back()->get_subcommands().empty()) all.push_back(all.back()->get_subcommands().front());
  return all;
}

std::string mistake_of(const CLI::App& program, const CLI::Error& why) {
  const auto left = program.remaining(true);
  const auto verbs = given_verbs(program);
  const auto is_option = [](const std::string& s) { return s.starts_with('-'); };
  const auto option = std::find_if(left.begin(), left.end(), is_option);
  if (option != left.end()) {
    return "there is no option '" + *option + "'" +
           suggestion(option->substr(0, option->find('=')), names_of_options(verbs));
  }
  std::vector<std::string> names;
  for (const CLI::App* v : verbs.back()->get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(v->get_name());
  if (!left.empty() && names.empty()) {
    std::string text = "there is no place for";
    for (const std::string& word : left) text += " '" + word + "'";
    return text;
  }
  if (left.empty()) return why.what();
  const std::string meant = suggestion(left.front(), names);
  std::string text = "there is no verb '" + left.front() + "'" + meant;
  if (!meant.empty()) return text;
  text += "; there are";
  for (std::size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? " " : i + 1 == names.size() ? " and " : ", ") + names[i];
  return text;
}

int end_of(const CLI::App& program, const CLI::Error& why) {
  std::ostringstream answer, ignored;
  const bool is_answer = program.exit(why, answer, ignored) == 0;
  if (!is_answer)
    print_in_time(STDERR_FILENO, program.get_name() + ": " + printable(mistake_of(program, why)) +
                                     "\nRun with --help for more information.\n");
  print(answer.str());
  flush_output();
  return static_cast<int>(is_answer ? server_exit::ok : server_exit::wrong_use);
}

int run_program(const std::string& name, std::span<const option_name> names, const std::function<int()>& run) {
  const auto fail = [&name](const std::string& why, server_exit with) {
    print_in_time(STDERR_FILENO, name + ": " + why + "\n");
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
