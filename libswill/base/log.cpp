#include "libswill/base/log.hpp"

#include "libswill/base/error.hpp"
#include "libswill/base/line_writer.hpp"
#include "libswill/base/log_bounds.hpp"
#include "libswill/base/one_per_process.hpp"
#include "libswill/base/printable.hpp"

#include <charconv>
#include <cstdio>
#include <ctime>
#include <iterator>

#include <unistd.h>

namespace swill {

namespace {

constexpr std::size_t waiting_lines = 1024 * 1024; // bytes

std::string dropped_lines(std::size_t n) {
  return log_line({log_level::warning, std::to_string(n) + " lines of the log were dropped: nobody took them in time"});
}

struct stderr_writer {
  line_writer lines{STDERR_FILENO, waiting_lines, dropped_lines};
};

// --- Text

bool is_plain_word(std::string_view s) noexcept {
  constexpr std::string_view special = " =\"\\";
  return !s.empty() && s.find_first_of(special) == std::string_view::npos;
}

/// What somebody else may have chosen: it ends where its field ends.
void append_value(std::string& out, std::string_view s, std::size_t most) {
  const std::string shown = printable(cut_text(s, most));
  if (is_plain_word(s)) {
    out += shown;
    return;
  }
  out += '"';
  for (const char c : shown) {
    if (c == '"') out += '\\';
    out += c;
  }
  out += '"';
}

void append_field(std::string& out, std::string_view name, std::string_view text, std::size_t most) {
  if (text.empty()) return;
  out.append(" ").append(name).append("=");
  append_value(out, text, most);
}

template <class T>
void append_number(std::string& out, T n) {
  char digits[32];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), n).ptr;
  out.append(digits, end);
}

void append_field(std::string& out, const log_field& f) {
  out.append(" ").append(printable(cut_text(f.name(), longest_name))).append("=");
  switch (f.what()) {
    case log_field::kind::text: return append_value(out, f.text(), longest_value);
    case log_field::kind::integer: return append_number(out, f.integer());
    case log_field::kind::natural: return append_number(out, f.natural());
    case log_field::kind::real: return append_number(out, f.real());
    case log_field::kind::boolean: out += f.natural() != 0 ? "true" : "false";
  }
}

template <std::size_t N>
std::string_view name_in(const std::string_view (&names)[N], std::size_t i) noexcept {
  return i < N ? names[i] : "?";
}

} // namespace

bool flush_log(std::chrono::milliseconds most) { return line_writer::flush_all(most); }

std::string log_time() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[48];
  const std::size_t n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text + n, sizeof text - n, ".%03dZ", static_cast<int>(ms));
  return text;
}

std::string_view name_of(log_level level) noexcept {
  return name_in({"trace", "debug", "info", "warning", "error"}, static_cast<std::size_t>(level));
}

std::string_view name_of(log_room room) noexcept {
  return name_in<log_rooms>(
      {"app", "server", "actors", "transport", "redis", "sessions", "pubsub", "connections", "workers", "access"},
      static_cast<std::size_t>(room));
}

std::string log_line(const log_entry& e) {
  std::string line = log_time();
  line.append(" ").append(name_of(e.level)).append(" ");
  line += printable(cut_text(e.text, longest_text), newlines::kept); // it is ours: a trace has lines
  append_field(line, "connection", e.connection, longest_name);
  append_field(line, "user", e.user, longest_name);
  append_field(line, "rpc", e.rpc, longest_name);
  if (e.seq != 0) line.append(" seq=").append(std::to_string(e.seq));
  append_field(line, "trace", e.trace, longest_name);
  if (e.room != log_room::app) append_field(line, "room", name_of(e.room), longest_name);
  for (const log_field& f : e.fields) append_field(line, f);
  line += '\n';
  return line;
}

log_sink stderr_log(log_levels least) {
  return {[](const log_entry& e) { one_per_process<stderr_writer>().lines.write(log_line(e)); }, least};
}

} // namespace swill
