#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <sys/types.h>

namespace swill::cli {

/// What a child process is to get.
struct child_options {
  std::vector<std::string> command; ///< the program, looked for in PATH where it has no slash, and its arguments
  std::map<std::string, std::string> variables{}; ///< of the environment; those that are set already stay
  int out = -1; ///< for its standard output, and with `errors_too` for its standard error; -1: those of this process
  bool errors_too = false;
  /// Whether all that it starts ends with it, also what has made a session of its own and whose parents have ended: after SIGTERM it gets so long,
  /// then SIGKILL. Empty: what it leaves behind goes on until this process ends.
  std::optional<std::chrono::milliseconds> keeps_nothing{};
};

/// The children of this process, each in a process group of its own, until the last of them has ended: also those whose parents have ended before them. They get
/// SIGTERM when this process dies, however that happens. One such object at a time, on the main thread.
class children {
public:
  /// SIGINT, SIGTERM, SIGHUP are blocked from now on, and taken by wait(); SIGPIPE is ignored, but not by the children. `patience`: how long those
  /// that are left may take after SIGTERM when this is destroyed; then they are killed.
  explicit children(std::chrono::milliseconds patience = usual_patience);
  /// Ends all that are left.
  ~children();
  children& operator=(children&&) = delete;

  /// Its process id. Throws std::runtime_error when no process can be made. A program that cannot be run ends with 127.
  pid_t start(const child_options& o);

  /// Waits until `limit` has passed, a child has ended, or one of these descriptors, -1 for none, can be read. Throws `interrupted` after a signal that
  /// is to end this process.
  void wait(std::chrono::milliseconds limit, int readable = -1);

  bool is_running(pid_t child) const { return running_.contains(child); }
  /// What it ended with: its exit code, or 128 + the signal. Once for each.
  int take_status(pid_t child);

  /// Starts it and waits for its end; `meanwhile` is called ten times a second.
  int run(const child_options& o, const std::function<void()>& meanwhile = {});

  /// SIGTERM to its group; what is left of it after `patience`, SIGKILL.
  void end(pid_t child, std::chrono::milliseconds patience);

  static constexpr std::chrono::seconds usual_patience{5};

private:
  [[noreturn]] static void run_alone(const child_options& o, pid_t parent);
  void reap();

  const std::chrono::milliseconds patience_;
  int signals_ = -1;
  std::set<pid_t> running_;
  std::map<pid_t, int> ended_;
};

/// SIGINT, SIGTERM or SIGHUP.
struct interrupted {};

/// Runs f in a child of this process, and returns what that ends with: f's value, or 128 + a signal. Each of the two watches the other: whichever is killed,
/// SIGKILL included, the other ends what f has started, within `children::usual_patience`, also processes that ignore SIGTERM and those whose parents
/// have died. The child gets the signals that this process does. f is to use `children`; this process must have one thread.
int guarded(const std::function<int()>& f);

} // namespace swill::cli
