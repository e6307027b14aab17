#include "libswill/programs/options/command_line.hpp"

#include "libswill/base/line_writer.hpp"
#include "libswill/base/mistakes.hpp"
#include "libswill/base/process.hpp"
#include "libswill/programs/options/standard_output.hpp"
#include "libswill/programs/options/suggest.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <exception>
#include <system_error>

#include <unistd.h>

namespace swill::programs {

namespace {

constexpr std::string_view limit_prefix = "limits.";

bool is_of_name(char c) noexcept { return (c >= 'a' && c <= 'z') || c == '_'; }

/// "limits.send_buffer" becomes "--send-buffer", wherever it stands in s.
std::string with_limit_options(std::string_view s) {
  std::string out;
  for (std::size_t at = s.find(limit_prefix); at != std::string_view::npos; at = s.find(limit_prefix)) {
    out.append(s.substr(0, at)).append("--");
    s.remove_prefix(at + limit_prefix.size());
    const auto end = std::find_if_not(s.begin(), s.end(), is_of_name);
    std::transform(s.begin(), end, std::back_inserter(out), [](char c) { return c == '_' ? '-' : c; });
    s.remove_prefix(static_cast<std::size_t>(end - s.begin()));
  }
  return out.append(s);
}

/// The longest of the names that s begins with, or an empty one.
option_name longest_of(std::string_view s, std::span<const option_name> names) {
  option_name best;
  for (const auto& n : names) {
    if (s.starts_with(n.first) && n.first.size() > best.first.size()) best = n;
  }
  return best;
}

/// "listen[0].tls" becomes "listen.tls": an option is about all that it may be given for.
std::string without_indexes(std::string_view path) {
  std::string out;
  bool in_index = false;
  for (const char c : path) {
    if (c == '[') in_index = true;
    if (!in_index) out += c;
    if (c == ']') in_index = false;
  }
  return out;
}

std::string option_of(const std::string& path, std::span<const option_name> names) {
  const option_name best = longest_of(without_indexes(path), names);
  return best.first.empty() ? with_limit_options(path) : std::string{best.second};
}

/// The same of the options that a sentence is about: where one stands there by its whole name.
std::string with_options(std::string_view s, std::span<const option_name> names) {
  std::string out;
  while (!s.empty()) {
    const option_name n = longest_of(s, names);
    const bool is_whole = !n.first.empty() && is_of_name(n.first.back()) &&
                          (s.size() == n.first.size() || !is_of_name(s[n.first.size()]));
    out.append(is_whole ? n.second : s.substr(0, 1));
    s.remove_prefix(is_whole ? n.first.size() : 1);
  }
  return with_limit_options(out);
}

bool is_foreign(std::string_view name, std::string_view value) {
  if (!name.starts_with("SWILL_")) return false;
  if (name.ends_with("_PORT")) return value.find("://") != std::string_view::npos;
  if (name.ends_with("_NAME")) return value.starts_with('/');
  return false;
}

/// Removes from the environment of this process what others put there under names that begin with SWILL_: Kubernetes, for each of its
/// services, and Docker, for each linked container. Of a service called `swill` a pod finds SWILL_PORT=tcp://10.96.12.7:8080, which is no port
/// to listen on. A value is theirs when it cannot be meant for an option of ours: `*_PORT` with a URL, `*_NAME` with the path of a container.
void forget_foreign_environment() {
  std::vector<std::string> foreign; // collected first: removing one moves the others
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    if (is_foreign(text.substr(0, equals), text.substr(equals + 1))) foreign.emplace_back(text.substr(0, equals));
  }
  for (const std::string& name : foreign) ::unsetenv(name.c_str());
}

} // namespace

std::string variable_of(std::string_view name) {
  std::string variable = "SWILL_";
  std::transform(name.begin() + 2, name.end(), std::back_inserter(variable), [](char c) {
    return c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return variable;
}

namespace {

/// As "--port 1" or "--port=1".
bool is_given(std::string_view option, std::span<char* const> words) {
  return std::any_of(words.begin(), words.end(), [option](std::string_view word) {
    return word.starts_with(option) && (word.size() == option.size() || word[option.size()] == '=');
  });
}

/// " (SWILL_STATIC)" of "--static", where the environment has set that; of several options, those that it has set.
std::string variables_in(std::string_view place, std::span<char* const> words) {
  std::string found;
  for (std::size_t at = place.find("--"); at != std::string_view::npos; at = place.find("--", at)) {
    const auto end = std::min(place.find_first_of(" ,", at), place.size());
    const std::string_view option = place.substr(at, end - at);
    at = end;
    const std::string variable = variable_of(option);
    const char* const set = std::getenv(variable.c_str());
    if (set == nullptr || *set == '\0' || is_given(option, words)) continue;
    found += (found.empty() ? " (" : ", ") + variable;
  }
  return found.empty() ? found : found + ')';
}

/// The same for the option, or options, that each line begins with, up to its colon.
std::string with_variables(std::string_view text, std::span<char* const> words) {
  std::string out;
  while (!words.empty() && !text.empty()) {
    const std::string_view line = text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
    const auto colon = line.starts_with("--") ? line.find(": ") : std::string_view::npos;
    if (colon != std::string_view::npos)
      out.append(line.substr(0, colon)).append(variables_in(line.substr(0, colon), words)).append(line.substr(colon));
    else
      out.append(line);
    text.remove_prefix(line.size());
  }
  return out.append(text);
}

std::string check_not_empty(const std::string& text) {
  return text.empty() ? "is empty; a value would be right, or no such option" : std::string{};
}

bool has_switch(const CLI::App& verb, const std::string& name) {
  for (const CLI::Option* o : verb.get_options()) {
    if (o->get_expected_min() == 0 && o->check_lname(name)) return true;
  }
  const auto verbs = verb.get_subcommands([](const CLI::App*) { return true; });
  return std::any_of(verbs.begin(), verbs.end(), [&](const CLI::App* v) { return has_switch(*v, name); });
}

/// Throws for "--playground=", which to CLI11 is "--playground".
void refuse_empty_switches(const CLI::App& program, int argc, char** argv) {
  for (int i = 1; i < argc && std::string_view{argv[i]} != "--"; ++i) {
    const std::string_view word{argv[i]};
    if (!word.starts_with("--") || word.find('=') + 1 != word.size()) continue;
    const std::string name{word.substr(2, word.size() - 3)};
    if (has_switch(program, name)) throw wrong_command_line("--" + name + ": " + check_not_empty({}));
  }
}

/// The option with its kind of value.
CLI::Option* add_to(CLI::App& verb, const option& o) {
  const option_value& v = o.value;
  if (v.on != nullptr) return verb.add_flag(o.name, *v.on, o.text)->check(check_switch);
  if (v.all == nullptr) return verb.add_option_function(o.name, v.set, o.text);
  return verb.add_option(o.name, *v.all, o.text)->allow_extra_args(!o.is_one_word);
}

std::vector<const CLI::App*> given_of(const CLI::App& program) {
  std::vector<const CLI::App*> all{&program};
  while (!all.back()->get_subcommands().empty()) all.push_back(all.back()->get_subcommands().front());
  return all;
}

std::vector<std::string> names_of_options(const std::vector<const CLI::App*>& verbs) {
  std::vector<std::string> names;
  for (const CLI::App* v : verbs) {
    for (const CLI::Option* o : v->get_options()) {
      for (const std::string& name : o->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

/// The option of one value that was given several times; null: there is none. Switches may be.
const CLI::Option* repeated_of(const std::vector<const CLI::App*>& verbs) {
  for (const CLI::App* v : verbs) {
    for (const CLI::Option* o : v->get_options()) {
      const bool takes_one = o->get_expected_min() == 1 && o->get_items_expected_max() == 1;
      if (takes_one && o->count() > 1 && !o->get_lnames().empty()) return o;
    }
  }
  return nullptr;
}

std::string mistake_of(const CLI::App& program, const CLI::Error& why) {
  const auto left = program.remaining(true);
  const auto verbs = given_of(program);
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
  if (left.empty()) {
    const bool is_of_count = dynamic_cast<const CLI::ArgumentMismatch*>(&why) != nullptr;
    const CLI::Option* const repeated = is_of_count ? repeated_of(verbs) : nullptr;
    if (repeated == nullptr) return why.what();
    return "--" + repeated->get_lnames().front() + ": is given " + std::to_string(repeated->count()) +
           " times; once would be right";
  }
  const std::string meant = suggestion(left.front(), names);
  std::string text = "there is no verb '" + left.front() + "'" + meant;
  if (!meant.empty()) return text;
  text += "; there are";
  for (std::size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? " " : i + 1 == names.size() ? " and " : ", ") + names[i];
  return text;
}

/// That of the verb, with the options that stand above it.
std::string help_of(const CLI::App& program) {
  std::string text = program.help();
  auto verbs = given_of(program);
  const auto format = std::dynamic_pointer_cast<CLI::Formatter>(program.get_formatter());
  for (verbs.pop_back(); !verbs.empty() && format != nullptr; verbs.pop_back()) {
    while (text.ends_with('\n')) text.pop_back();
    text += "\n" + format->make_groups(verbs.back(), CLI::AppFormatMode::Sub); // which leaves --help out
  }
  return text;
}

} // namespace

std::string text_of(const invalid_configuration& e, std::span<const option_name> names) {
  mistake_list by_option; // what one option does in several places stands there once
  for (const mistake& m : e.mistakes()) by_option.add(option_of(m.path, names), with_options(m.text, names));
  return invalid_configuration{by_option.all()}.what();
}

command_line::command_line(const std::string& program, const std::string& what, std::string version)
    : app_{std::make_shared<CLI::App>(what, program)}, version_{version.empty() ? SWILL_VERSION : std::move(version)} {}

void command_line::reads_environment() {
  reads_environment_ = true;
  app_->footer("Options may also come from the environment, by the name that stands with each: --io-threads as "
               "SWILL_IO_THREADS.");
}

void command_line::needs_verb() {
  app_->require_subcommand(1);
  app_->fallthrough();
  app_->set_help_all_flag("--help-all", "Help for all verbs");
}

added_option command_line::add(option o) {
  const option_value& v = o.value;
  if (app_->get_option_no_throw(o.name) != nullptr)
    throw std::logic_error("the option " + o.name + " is there already");
  CLI::Option* const added = add_to(*app_, o)->required(o.is_required);
  if (!o.variable) o.variable = reads_environment_ ? variable_of(o.name.substr(0, o.name.find(','))) : "";
  if (!o.variable->empty()) added->envname(*o.variable);
  if (v.all != nullptr && !o.variable->empty()) added->delimiter(',');
  if (v.check) added->check(v.check);
  if (!v.words.empty()) added->check(CLI::IsMember(v.words));
  if (v.on == nullptr && !o.may_be_empty) added->check(check_not_empty);
  if (!v.standard.empty()) added->default_str(v.standard);
  if (!o.unit.empty()) added->type_name(o.unit);
  if (!o.group.empty()) added->group(o.group);
  if (o.not_beside != nullptr) added->excludes(o.not_beside);
  return added;
}

added_option command_line::option_called(const std::string& name) const { return app_->get_option(name); }

command_line command_line::verb(const std::string& name, const std::string& what) {
  return {{app_, app_->add_subcommand(name, what)}, reads_environment_};
}

std::string command_line::parse(int argc, char** argv) {
  const std::string version = app_->get_name() + " " + version_;
  forget_foreign_environment();
  app_->set_version_flag("--version", version);
  refuse_empty_switches(*app_, argc, argv);
  try {
    app_->parse(argc, argv);
    return {};
  } catch (const CLI::CallForHelp&) {
    return help_of(*app_);
  } catch (const CLI::CallForAllHelp&) {
    return app_->help("", CLI::AppFormatMode::All);
  } catch (const CLI::CallForVersion&) {
    return version + "\n";
  } catch (const CLI::ParseError& e) {
    throw wrong_command_line(mistake_of(*app_, e));
  }
}

std::vector<std::string> command_line::given_verbs() const {
  std::vector<std::string> names;
  for (const CLI::App* v : given_of(*app_)) names.push_back(v->get_name());
  names.erase(names.begin()); // the program's own
  return names;
}

bool was_given(added_option o) { return o->count() != 0; }

void require_effect(added_option o, bool has_effect, const std::string& why) {
  if (!has_effect && was_given(o)) throw std::invalid_argument(o->get_name() + ": has no effect " + why);
}

void require_effect_of_argument(added_option o, bool has_effect, const std::string& why) {
  const std::string variable = o->get_envname();
  if (variable.empty() || std::getenv(variable.c_str()) == nullptr) require_effect(o, has_effect, why);
}

int run_program(const std::string& name, std::span<const option_name> names, const std::function<int()>& run,
                std::span<char* const> words) {
  const auto fail = [&](const std::string& why, server_exit with) {
    print_in_time(STDERR_FILENO, name + ": " + with_variables(why, words) + "\n");
    return static_cast<int>(with);
  };
  try {
    return run();
  } catch (const wrong_command_line& e) {
    return fail(failure_text(e) + "\nRun with --help for more information.", server_exit::wrong_use);
  } catch (const invalid_configuration& e) {
    return fail(text_of(e, names), server_exit::wrong_use);
  } catch (const std::invalid_argument& e) {
    return fail(failure_text(e), server_exit::wrong_use);
  } catch (const std::exception& e) {
    return fail(failure_text(e), server_exit::failed);
  }
}

int end_with(const std::string& answer) {
  if (!has_standard_output()) throw output_error("standard output: " + std::generic_category().message(EBADF));
  print(answer);
  flush_output();
  return static_cast<int>(server_exit::ok);
}

} // namespace swill::programs
