#include "apps/cli/output.hpp"

#include "apps/cli/json.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>

#include <unistd.h>

namespace swill::cli {

using json = nlohmann::ordered_json;

output::output(bool as_json)
    : json_(as_json),
      pretty_(!as_json && ::isatty(STDOUT_FILENO) != 0),
      show_progress_(!as_json && ::isatty(STDERR_FILENO) != 0 && ::isatty(STDOUT_FILENO) == 0),
      started_(std::chrono::steady_clock::now()),
      shown_(started_) {}

void output::text(std::string_view s) {
  if (!muted_) std::fwrite(s.data(), 1, s.size(), stdout);
}

void output::document(const json& j) {
  text((pretty_ ? j.dump(2, ' ', false, json::error_handler_t::replace) : dump(j)) + "\n");
  flush();
}

void output::line(const json& j) {
  text(dump(j) + "\n");
  ++lines_;
  progress("received");
}

void output::flush() {
  if (!muted_) std::fflush(stdout);
}

void output::progress(std::string_view what) {
  if (!show_progress_) return;
  if (what == "sent") ++lines_;
  const auto now = std::chrono::steady_clock::now();
  constexpr auto interval = std::chrono::milliseconds{200};
  if (muted_ || now - shown_ < interval) return;
  shown_ = now;
  const double seconds = std::chrono::duration<double>(now - started_).count();
  std::string line = std::to_string(lines_) + " items " + std::string{what} + ", " +
                     std::to_string(static_cast<std::uint64_t>(static_cast<double>(lines_) / seconds)) + "/s";
  const std::size_t width = line.size();
  if (width < progress_width_) line.append(progress_width_ - width, ' ');
  progress_width_ = width;
  std::fprintf(stderr, "\r%s", line.c_str());
}

void output::clear_progress() {
  if (progress_width_ == 0) return;
  std::fprintf(stderr, "\r%s\r", std::string(progress_width_, ' ').c_str());
  progress_width_ = 0;
}

void output::complain(std::string_view s) {
  if (muted_) return;
  flush();
  clear_progress();
  std::fprintf(stderr, "%.*s\n", static_cast<int>(s.size()), s.data());
}

void output::note(std::string_view s) {
  if (!json_) complain(s);
}

void output::failure(const error& e) {
  if (json_) {
    json body{{"code", e.code}, {"message", e.message}};
    if (!e.data.is_nil()) body["data"] = to_json(e.data);
    body["exit_code"] = static_cast<int>(exit_code_of(e));
    return complain(dump(json{{"error", body}}));
  }
  const bool known = e.code > 0 && e.code < 1000;
  const std::string_view name = known ? name_of(static_cast<error_code>(e.code)) : std::string_view{};
  std::string text = "swill: error " + std::to_string(e.code);
  if (!name.empty()) text += " " + std::string{name};
  text += ": " + e.message;
  if (!e.data.is_nil()) text += "\n" + to_json(e.data).dump(2, ' ', false, json::error_handler_t::replace);
  complain(text);
}

void output::failure(std::string_view problem, exit_code why) {
  if (!json_) return complain("swill: " + std::string{problem});
  const json body{{"code", nullptr}, {"message", problem}, {"exit_code", static_cast<int>(why)}};
  complain(dump(json{{"error", body}}));
}

} // namespace swill::cli
