#include "libswill/base/log.hpp"

#include "libswill/base/error.hpp"
#include "libswill/base/line_writer.hpp"
#include "libswill/base/printable.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include <pthread.h>
#include <unistd.h>

namespace swill {

namespace {

/// Newlines may stay in a text of ours, such as a trace, not in what a peer chose.
std::string escaped(std::string_view s, bool keep_newlines) {
  return printable(s, keep_newlines ? newlines::kept : newlines::escaped);
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

constexpr std::size_t longest_text = 64 * 1024;
constexpr std::size_t waiting_lines = 1024 * 1024; // bytes
constexpr std::chrono::milliseconds patience_at_exit{500};

std::string dropped_lines(std::size_t n) {
  return timestamp() + " warning " + std::to_string(n) + " lines of the log were dropped: nobody read them in time\n";
}

// --- The one writer of the process. It is never destroyed: threads and destructors may log until the very end.

struct process_writer {
  line_writer lines{STDERR_FILENO, waiting_lines, dropped_lines};
  process_writer* of_parent = nullptr;
};

std::atomic<process_writer*> writer_now{nullptr};

/// Also in a child of fork(): it has no thread that writes, and a mutex that may be locked for ever.
void make_writer() {
  auto* w = new process_writer;
  w->of_parent = writer_now.exchange(w);
}

line_writer& writer() {
  static const bool made = [] {
    make_writer();
    ::pthread_atfork(nullptr, nullptr, make_writer);
    std::atexit([] { flush_log(patience_at_exit); });
    std::at_quick_exit([] { flush_log(patience_at_exit); });
    return true;
  }();
  static_cast<void>(made);
  return writer_now.load()->lines;
}

} // namespace

bool flush_log(std::chrono::milliseconds most) {
  process_writer* w = writer_now;
  return w == nullptr || w->lines.flush(most);
}

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
    line.append(" ").append(name_of(e.level)).append(" ").append(escaped(cut_text(e.text, longest_text), true));
    if (!e.connection.empty()) line.append(" connection=").append(escaped(e.connection, false));
    if (!e.rpc.empty()) line.append(" rpc=").append(escaped(e.rpc.substr(0, 200), false));
    if (e.seq != 0) line.append(" seq=").append(std::to_string(e.seq));
    line += '\n';
    writer().write(std::move(line));
  };
}

} // namespace swill
