#pragma once

#include "libswill/base/log.hpp"
#include "libswill/base/loop.hpp"

#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace swill {

/// For lines that something outside may cause once for each request: one line a second for each kind. The first of a kind is written at
/// once; those that follow within a second are counted, and the last of them is written when the second is over, with "(n like it)".
///
/// From any thread. Usually not used directly, but by limited_log, which has the timer.
class log_limiter {
public:
  static constexpr std::chrono::seconds interval{1};
  /// Kinds that are told apart; further ones count as one kind.
  static constexpr std::size_t most_kinds = 64;

  /// Makes the text of a line. It is asked for the whole, such as one with a trace, when the line is written, and for a short one, which
  /// costs little, when it is only counted.
  enum class length : unsigned char { whole, brief };
  using text_maker = std::function<std::string(length)>;
  /// Says what went wrong, then what was thrown: with its stack when the line is written.
  static text_maker of_exception(std::string_view what, const std::exception_ptr& e);

  /// `sink`, which may be null, must outlive this. The lines are from that room, whatever their entries say.
  explicit log_limiter(const log_sink* sink, log_room room = log_room::app);
  log_limiter& operator=(log_limiter&&) = delete;
  /// Writes what was counted.
  ~log_limiter();

  /// True when the line was only counted: then somebody has to call flush() in a second.
  bool write(std::string_view kind, const log_entry& line, clock_time now);
  bool write(log_level level, std::string_view kind, std::string_view text, clock_time now);
  /// The same; `make` makes its text.
  bool write(std::string_view kind, log_entry line, const text_maker& make, clock_time now);
  /// Writes what is due. True when something is still counted, or was written now, so that it has to be called again.
  bool flush(clock_time now);

private:
  struct line {
    explicit line(const log_entry& e);
    log_level level;
    std::string text;
    std::string connection;
    std::string rpc;
    std::uint64_t seq;
    std::string user;
    std::string trace;
  };
  struct kind_state {
    clock_time since{};
    std::uint64_t counted = 0;
    std::unique_ptr<line> last{}; ///< of those that were counted
  };
  bool count(std::string_view kind, clock_time now, std::vector<line>& due);
  void keep(std::string_view kind, const log_entry& entry);
  void take_due(clock_time now, std::vector<line>& due);
  void put(const std::vector<line>& lines) const;

  const logger log_;
  std::mutex mutex_; // guards what follows
  std::map<std::string, kind_state, std::less<>> kinds_;
};

/// A log_limiter with the timer that it needs. On the thread of its loop; those of several loops may share one limiter, so that a kind has
/// one line a second whichever thread it happens on.
class limited_log final : timer {
public:
  limited_log(loop& l, std::shared_ptr<log_limiter> shared);
  limited_log(loop& l, const log_sink* sink, log_room room = log_room::app);
  ~limited_log() override;

  void write(std::string_view kind, const log_entry& line);
  void write(log_level level, std::string_view kind, std::string_view text);
  void write(std::string_view kind, const log_entry& line, const log_limiter::text_maker& make);
  /// Says where, then which exception is being handled.
  void write_caught(std::string_view kind, std::string_view where);

  /// For those that are destroyed on another thread while the loop runs: writes what is counted, and needs its loop no longer. What is
  /// counted from now on is written when the limiter is destroyed.
  void stop();

private:
  void arm(bool counted);
  void on_timer() override;

  loop& loop_;
  std::shared_ptr<log_limiter> shared_; ///< with those of other loops
  bool stopped_ = false;
};

} // namespace swill
