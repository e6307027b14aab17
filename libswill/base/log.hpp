#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace swill {

/// IF YOU ADD A VALUE: name_of in log.cpp.
enum class log_level : std::uint8_t { trace, debug, info, warning, error };

/// Which part of a server a line is from. `app`: the application's own lines. `access`: one line for each request and connection.
/// IF YOU ADD A VALUE: log_rooms below, name_of in log.cpp.
enum class log_room : std::uint8_t {
  app,
  server,
  actors,
  transport,
  redis,
  sessions,
  pubsub,
  connections,
  workers,
  access
};
inline constexpr std::size_t log_rooms = 10;

std::string_view name_of(log_level level) noexcept;
std::string_view name_of(log_room room) noexcept;

/// The least level that is logged: one for all rooms, and others for some.
class log_levels {
public:
  // NOLINTNEXTLINE(google-explicit-constructor): a level is the levels of all rooms
  constexpr log_levels(log_level least = log_level::info) noexcept { least_.fill(least); }
  constexpr log_levels& set(log_room room, log_level least) noexcept {
    least_[static_cast<std::size_t>(room)] = least;
    return *this;
  }
  constexpr log_level of(log_room room) const noexcept { return least_[static_cast<std::size_t>(room)]; }

private:
  std::array<log_level, log_rooms> least_{};
};

/// A name and a value that belong to a line, kept apart from its text so that machines find them: {"retries", 3}, {"file", path}. Borrows
/// both.
class log_field {
public:
  enum class kind : std::uint8_t { text, integer, natural, real, boolean };

  constexpr log_field(std::string_view name, std::string_view v) noexcept : name_(name), text_(v) {}
  constexpr log_field(std::string_view name, const char* v) noexcept : log_field(name, std::string_view{v}) {}
  log_field(std::string_view name, const std::string& v) noexcept : log_field(name, std::string_view{v}) {}
  constexpr log_field(std::string_view name, bool v) noexcept
      : name_(name), kind_(kind::boolean), natural_(v ? 1 : 0) {}
  template <std::signed_integral T>
  constexpr log_field(std::string_view name, T v) noexcept : name_(name), kind_(kind::integer), integer_(v) {}
  template <std::unsigned_integral T>
  constexpr log_field(std::string_view name, T v) noexcept : name_(name), kind_(kind::natural), natural_(v) {}
  constexpr log_field(std::string_view name, double v) noexcept : name_(name), kind_(kind::real), real_(v) {}

  constexpr std::string_view name() const noexcept { return name_; }
  constexpr kind what() const noexcept { return kind_; }
  /// The value, by what(); a boolean is natural(), 0 or 1.
  constexpr std::string_view text() const noexcept { return text_; }
  constexpr std::int64_t integer() const noexcept { return integer_; }
  constexpr std::uint64_t natural() const noexcept { return natural_; }
  constexpr double real() const noexcept { return real_; }

private:
  std::string_view name_;
  kind kind_ = kind::text;
  union {
    std::string_view text_;
    std::int64_t integer_;
    std::uint64_t natural_;
    double real_;
  };
};

using log_fields = std::initializer_list<log_field>;

/// One line for the log, with what it is about. Everything is borrowed.
struct log_entry {
  log_level level = log_level::info;
  std::string_view text{};
  std::string_view connection{}; ///< id of the connection, or empty
  std::string_view rpc{};        ///< name of the request's handler, or empty
  std::uint64_t seq = 0;         ///< of the request, or 0
  log_room room = log_room::app;
  std::string_view user{};  ///< of the connection, or empty
  std::string_view trace{}; ///< trace-id of the request's `traceparent` (W3C Trace Context), 32 hex digits, or empty
  std::span<const log_field> fields{}; ///< in the order in which they are shown
};

/// Where log lines go: any function that takes a log_entry, and the least levels that it wants; without levels, all but `trace`, which peers
/// can cause with each request. Called from any thread, also at the same time; must not throw. The entry lives until it returns. Empty:
/// nothing is logged.
class log_sink {
public:
  log_sink() = default;
  log_sink(std::nullptr_t) {} // NOLINT(google-explicit-constructor): as a function's
  /// What is below `least` is neither built nor given to `f`.
  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, log_sink> && std::invocable<F&, const log_entry&>)
      log_sink(F f, log_levels least = log_level::debug) // NOLINT(google-explicit-constructor): any function is a sink
      : call_(std::move(f)), least_(least) {}

  explicit operator bool() const noexcept { return static_cast<bool>(call_); }
  bool enabled(log_level level, log_room room) const noexcept { return level >= least_.of(room) && call_ != nullptr; }
  void operator()(const log_entry& e) const {
    if (enabled(e.level, e.room)) call_(e);
  }

private:
  std::function<void(const log_entry&)> call_;
  log_levels least_{log_level::trace};
};

/// An entry as one line for people, with its end: time, level, text, then `connection=… user=… rpc=… seq=… trace=… room=…` and the fields,
/// those that there are. Values that are not plain words are quoted. Control characters are escaped, but for newlines in the text, so that a
/// peer cannot forge lines or fields; a text is cut at 64 KiB.
std::string log_line(const log_entry& e);

/// Now, in UTC, to the millisecond: 2026-11-26T08:15:00.123Z.
std::string log_time();

/// `log_line` on standard error.
///
/// The sink never waits for a reader: a thread of the process's own writes, and takes no signals. While 1 MiB waits for it, the oldest lines
/// are dropped, and a line says how many. When the process exits, what waits is written for 0.4 s.
log_sink stderr_log(log_levels least = log_level::info);

/// Waits until what sinks of this library were given is written, at most that long in all; true when it is.
bool flush_log(std::chrono::milliseconds most);

/// A sink, and the room that the lines are from. The sink may be null, or empty: then nothing is logged.
class logger {
public:
  explicit logger(const log_sink* sink, log_room room = log_room::app) noexcept : sink_(sink), room_(room) {}

  /// Whether lines of this level go anywhere: ask before building what costs something.
  bool enabled(log_level level) const noexcept { return sink_ != nullptr && sink_->enabled(level, room_); }

  void write(log_level level, std::string_view text, std::string_view connection = {}, std::string_view rpc = {},
             std::uint64_t seq = 0) const {
    write(log_entry{level, text, connection, rpc, seq});
  }
  void write(log_level level, std::string_view text, log_fields fields) const {
    write(log_entry{.level = level, .text = text, .fields = {fields.begin(), fields.size()}});
  }
  void write(log_level level, std::string_view text, std::span<const log_field> fields) const {
    write(log_entry{.level = level, .text = text, .fields = fields});
  }
  /// The room is this logger's.
  void write(log_entry e) const {
    e.room = room_;
    if (enabled(e.level)) (*sink_)(e);
  }

private:
  const log_sink* sink_;
  log_room room_;
};

} // namespace swill
