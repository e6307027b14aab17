#include "libswill/base/log.hpp"

#include <chrono>
#include <cstdio>
#include <ctime>

namespace swill {

namespace {

/// Newlines may stay in a text of ours, such as a trace, not in what a peer chose.
std::string escaped(std::string_view s, bool keep_newlines) {
  std::string out;
  out.reserve(s.size());
  for (const char c : s) {
    const auto u = static_cast<unsigned char>(c);
    if ((c == '\n' && keep_newlines) || (u >= 0x20 && u != 0x7F)) {
      out += c;
    } else {
      char code[8];
      std::snprintf(code, sizeof code, "\\x%02x", static_cast<unsigned>(u));
      out += code;
    }
  }
  return out;
}

std::string timestamp() {
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

} // namespace

std::string_view name_of(log_level level) noexcept {
  switch (level) {
    case log_level::trace: return "trace";
    case log_level::debug: return "debug";
    case log_level::info: return "info";
    case log_level::warning: return "warning";
    case log_level::error: return "error";
  }
  return "?";
}

log_sink stderr_log(log_level least) {
  return [least](const log_entry& e) {
    if (e.level < least) return;
    std::string line = timestamp();
    line.append(" ").append(name_of(e.level)).append(" ").append(escaped(e.text, true));
    if (!e.connection.empty()) line.append(" connection=").append(escaped(e.connection, false));
    if (!e.rpc.empty()) line.append(" rpc=").append(escaped(e.rpc.substr(0, 200), false));
    if (e.seq != 0) line.append(" seq=").append(std::to_string(e.seq));
    line += '\n';
    std::fwrite(line.data(), 1, line.size(), stderr);
  };
}

} // namespace swill
