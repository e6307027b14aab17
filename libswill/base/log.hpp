#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace swill {

/// IF YOU ADD A VALUE: name_of in log.cpp.
enum class log_level : std::uint8_t { trace, debug, info, warning, error };

/// One line for the log, with what it is about.
struct log_entry {
  log_level level = log_level::info;
  std::string_view text;
  std::string_view connection; ///< id of the connection, or empty
  std::string_view rpc;        ///< name of the request's handler, or empty
  std::uint64_t seq = 0;       ///< of the request, or 0
};

/// Where log lines go. Called from any thread, also at the same time; must not throw. The entry lives until it returns.
using log_sink = std::function<void(const log_entry&)>;

/// One line a entry on standard error: time, level, text, and `connection=… rpc=… seq=…` where there are any. Control characters
/// other than newlines are escaped, so that a peer cannot forge lines. A text is cut at 64 KiB.
///
/// The sink never waits for a reader: a thread of the process's own writes, and takes no signals. While 1 MiB waits for it, further lines
/// are dropped; once half of that is free again a line says how many. When the process exits, what waits is written for half a second.
log_sink stderr_log(log_level least = log_level::info);

/// Waits until what the sinks of stderr_log were given is written, at most that long; true when it is.
bool flush_log(std::chrono::milliseconds most);

std::string_view name_of(log_level level) noexcept;

/// A logger: a sink and what every line of it is about.
class logger {
public:
  logger() = default;
  explicit logger(const log_sink* sink) : sink_(sink) {}
  void write(log_level level, std::string_view text, std::string_view connection = {}, std::string_view rpc = {},
             std::uint64_t seq = 0) const {
    if (sink_ != nullptr && *sink_) (*sink_)({level, text, connection, rpc, seq});
  }

private:
  const log_sink* sink_ = nullptr;
};

} // namespace swill
