#pragma once

#include "apps/cli/exit_codes.hpp"
#include "libswill/base/error.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace swill::cli {

/// stdout and stderr, as the command line wants them. Nothing is printed any more after mute().
class output {
public:
  explicit output(bool json);

  bool is_json() const noexcept { return json_; }
  /// From any thread.
  void mute() noexcept { muted_ = true; }

  void text(std::string_view s);
  /// A whole result: with indents where a person reads it.
  void document(const nlohmann::ordered_json& j);
  /// One line of several.
  void line(const nlohmann::ordered_json& j);
  void flush();

  /// How far a long stream is, on stderr, when that is a terminal and stdout is not.
  void progress(std::string_view what);

  /// For people, on stderr; nothing with --json.
  void note(std::string_view s);
  void failure(const error& e);
  void failure(std::string_view problem, exit_code why);

private:
  void clear_progress();
  void complain(std::string_view s);

  bool json_;
  std::atomic<bool> muted_{false};
  bool pretty_;
  bool show_progress_;
  std::uint64_t lines_ = 0;
  std::size_t progress_width_ = 0;
  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point shown_;
};

} // namespace swill::cli
