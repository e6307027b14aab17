#pragma once

#include "apps/cli/exit_codes.hpp"
#include "libswill/api/metadata.hpp"
#include "libswill/base/error.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace swill::cli {

/// A line for each row, with each column as wide as its widest cell. All of it is made printable.
std::string in_columns(std::vector<std::vector<std::string>> rows);

/// stdout and stderr, as the command line wants them. Nothing is printed any more after mute(), but what erases a line of progress. What
/// servers and their clients have written is made printable here: a terminal shows it and does not obey it.
class output {
public:
  output(bool json, bool verbose);

  /// From any thread.
  void mute() noexcept { muted_ = true; }

  /// What prints on stdout throws programs::output_error when that takes no more.
  void text(std::string_view s);
  /// A whole result: with indents where a person reads it.
  void document(const nlohmann::ordered_json& j);
  /// A whole result, as JSON if that is asked for, else as text.
  void answer(const nlohmann::ordered_json& j, std::string_view text);
  /// One line of several: an item that was received.
  void line(const nlohmann::ordered_json& j);
  void flush();
  /// To be called when a stream's item was sent.
  void sent();

  /// For people, on stderr; nothing with --json.
  void note(std::string_view s);
  /// Metadata of a response, with -v or --json: `kind` is "leading" or "trailing". Nothing when there are none.
  void show_metadata(const char* kind, const metadata& m);
  void failure(const error& e);
  void failure(std::string_view problem, exit_code why);

  /// Nothing follows: leaves no line of progress behind. Throws as text().
  void finish();

private:
  // How far a long stream is: a line on stderr, when that is a terminal and no items go to stdout on one too. It is erased before
  // anything else is printed.
  void show_progress();
  void clear_progress();
  void complain(std::string_view s);
  void write(std::string_view s);
  template <class F>
  void once(const F& f);

  bool json_;
  bool verbose_;
  bool has_failed_ = false;
  std::atomic<bool> muted_{false};
  bool out_is_terminal_;
  bool shows_progress_;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  bool progress_is_shown_ = false;
  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point shown_;
};

} // namespace swill::cli
