#include "libswill/programs/options/log_options.hpp"

#include "libswill/base/mistakes.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace swill::programs {

namespace {

constexpr std::array levels{log_level::trace, log_level::debug, log_level::info, log_level::warning, log_level::error};

std::vector<std::pair<std::string, log_level>> level_names() {
  std::vector<std::pair<std::string, log_level>> names;
  for (const auto level : levels) names.emplace_back(name_of(level), level);
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

void log_options::add_to(command_line& program) {
  const auto add = [&program](option o) {
    o.group = "Log";
    return program.add(std::move(o));
  };
  add({"--log-level", one_of(least_, level_names()), "least level of what is logged"});
  add({"--log-room", checked(of_rooms_, check_room_level),
       "ROOM=LEVEL: another level for one of " + room_names() +
           "; repeatable. access=debug gives a line for each request and connection"});
  add({"--log-format", one_of(chosen_.format, {{"text", log_format::text}, {"json", log_format::json}}),
       "text for people or json for machines, a line each"});
  to_ = add({"--log-to", one_of(chosen_.descriptor, {{"stderr", STDERR_FILENO}, {"stdout", STDOUT_FILENO}}),
             "stderr or stdout, where there is no --log-file"});
  add({"--log-file", chosen_.file, "the log goes to the end of this file instead"});
  file_size_ = add({"--log-file-size", whole_number(chosen_.file_size, 1, mistake_list::largest_size),
                    "a larger file is renamed, and another one begun", "BYTES"});
  old_files_ =
      add({"--log-old-files", whole_number(chosen_.old_files, 0, 10'000), "renamed files that are kept", "COUNT"});
  access_rate_ = add({"--log-access-rate", whole_number(chosen_.access_rate, 0, 1'000'000'000),
                      "lines of the room access in a second, 0: none; further ones are left out and counted", "COUNT"});
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
  for (const auto& text : of_rooms_) {
    const auto [room, least] = *room_level(text);
    o.levels.set(room, least);
  }
  require_effect(to_, o.file.empty(), "beside --log-file");
  require_effect(file_size_, !o.file.empty(), "without --log-file");
  require_effect(old_files_, !o.file.empty(), "without --log-file");
  require_effect(access_rate_, o.levels.of(log_room::access) <= log_level::debug, "without --log-room access=debug");
  const std::string file = o.file;
  try {
    return std::make_shared<logging>(std::move(o));
  } catch (const std::invalid_argument& e) {
    if (file.empty()) throw;
    throw std::invalid_argument(std::string{"--log-file: "} + e.what());
  } catch (const std::runtime_error& e) {
    throw std::runtime_error((file.empty() ? "" : "--log-file: ") + std::string{e.what()});
  }
}

} // namespace swill::programs
