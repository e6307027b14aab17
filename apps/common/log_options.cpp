#include "apps/common/log_options.hpp"

#include "apps/common/option_values.hpp"
#include "libswill/base/mistakes.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <unistd.h>

namespace swill::apps {

namespace {

constexpr std::array levels{log_level::trace, log_level::debug, log_level::info, log_level::warning, log_level::error};

std::vector<std::string> level_names() {
  std::vector<std::string> names;
  names.reserve(levels.size());
  for (const auto level : levels) names.emplace_back(name_of(level));
  return names;
}

std::optional<log_level> level_of(std::string_view name) {
  const auto* at = std::find_if(levels.begin(), levels.end(), [&name](log_level l) { return name_of(l) == name; });
  return at == levels.end() ? std::nullopt : std::optional{*at};
}

std::optional<log_room> room_of(std::string_view name) {
  for (std::size_t i = 0; i < log_rooms; ++i) {
    if (name_of(static_cast<log_room>(i)) == name) return static_cast<log_room>(i);
  }
  return std::nullopt;
}

std::string room_names() {
  std::string names;
  for (std::size_t i = 0; i < log_rooms; ++i)
    names.append(i == 0 ? "" : ", ").append(name_of(static_cast<log_room>(i)));
  return names;
}

/// "redis=debug".
std::optional<std::pair<log_room, log_level>> room_level(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) return std::nullopt;
  const auto room = room_of(std::string_view{text}.substr(0, equals));
  const auto level = level_of(std::string_view{text}.substr(equals + 1));
  if (!room || !level) return std::nullopt;
  return std::pair{*room, *level};
}

std::string check_room_level(const std::string& text) {
  if (room_level(text)) return {};
  return "'" + text + "' is not ROOM=LEVEL; rooms are " + room_names();
}

} // namespace

void log_options::add_to(CLI::App& program) {
  constexpr const char* group = "Log";
  program
      .add_option_function<std::string>(
          "--log-level", [this](const std::string& name) { least_ = *level_of(name); }, "least level of what is logged")
      ->envname("SWILL_LOG_LEVEL")
      ->check(CLI::IsMember(level_names()))
      ->default_str(std::string{name_of(least_)})
      ->group(group);
  program
      .add_option_function<std::vector<std::string>>(
          "--log-room",
          [this](const std::vector<std::string>& all) {
            for (const auto& one : all) of_rooms_.push_back(*room_level(one));
          },
          "ROOM=LEVEL: another level for one of " + room_names() +
              "; repeatable. access=debug gives a line for each request and connection")
      ->envname("SWILL_LOG_ROOM")
      ->delimiter(',')
      ->check(check_room_level)
      ->take_all()
      ->group(group);
  program
      .add_option_function<std::string>(
          "--log-format",
          [this](const std::string& name) { chosen_.format = name == "json" ? log_format::json : log_format::text; },
          "text for people or json for machines, a line each")
      ->envname("SWILL_LOG_FORMAT")
      ->check(CLI::IsMember({"text", "json"}))
      ->default_str("text")
      ->group(group);
  program
      .add_option_function<std::string>(
          "--log-to",
          [this](const std::string& name) { chosen_.descriptor = name == "stdout" ? STDOUT_FILENO : STDERR_FILENO; },
          "stderr or stdout, where there is no --log-file")
      ->envname("SWILL_LOG_TO")
      ->check(CLI::IsMember({"stderr", "stdout"}))
      ->default_str("stderr")
      ->group(group);
  program.add_option("--log-file", chosen_.file, "the log goes to the end of this file instead")
      ->envname("SWILL_LOG_FILE")
      ->group(group);
  program.add_option("--log-file-size", chosen_.file_size, "a larger file is renamed, and another one begun")
      ->envname("SWILL_LOG_FILE_SIZE")
      ->type_name("BYTES")
      ->check(whole_number(1, mistake_list::largest_size))
      ->capture_default_str()
      ->group(group);
  program.add_option("--log-old-files", chosen_.old_files, "renamed files that are kept")
      ->envname("SWILL_LOG_OLD_FILES")
      ->type_name("COUNT")
      ->check(whole_number(0, 10'000))
      ->capture_default_str()
      ->group(group);
  program
      .add_option("--log-access-rate", chosen_.access_rate,
                  "lines of the room access in a second, 0: none; further ones are left out and counted")
      ->envname("SWILL_LOG_ACCESS_RATE")
      ->type_name("COUNT")
      ->check(whole_number(0, 1'000'000'000))
      ->capture_default_str()
      ->group(group);
  to_ = program.get_option("--log-to");
  file_size_ = program.get_option("--log-file-size");
  old_files_ = program.get_option("--log-old-files");
  access_rate_ = program.get_option("--log-access-rate");
}

std::string log_options::beside_log(std::string text) const {
  if (!chosen_.file.empty() || chosen_.descriptor != STDOUT_FILENO || chosen_.format != log_format::json) return text;
  if (text.ends_with('\n')) text.pop_back();
  log_entry e{.level = log_level::info, .text = text};
  e.room = log_room::server;
  return json_log_line(e);
}

std::shared_ptr<logging> log_options::make() const {
  logging_options o = chosen_;
  o.levels = least_;
  for (const auto& [room, least] : of_rooms_) o.levels.set(room, least);
  require_effect(to_, o.file.empty(), "beside --log-file");
  require_effect(file_size_, !o.file.empty(), "without --log-file");
  require_effect(old_files_, !o.file.empty(), "without --log-file");
  require_effect(access_rate_, o.levels.of(log_room::access) <= log_level::debug, "without --log-room access=debug");
  return std::make_shared<logging>(std::move(o));
}

} // namespace swill::apps
