#include "apps/cli/output.hpp"

#include "apps/cli/json.hpp"
#include "libswill/base/printable.hpp"
#include "libswill/base/utf8.hpp"
#include "libswill/client/errors.hpp"
#include "libswill/programs/options/standard_output.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <utility>

#include <unistd.h>

namespace swill::cli {

using json = nlohmann::ordered_json;

namespace {

std::string amount(std::uint64_t n, const char* what, double seconds) {
  const auto rate = static_cast<std::uint64_t>(static_cast<double>(n) / seconds);
  return std::to_string(n) + " " + what + " (" + std::to_string(rate) + "/s)";
}

} // namespace

std::string in_columns(std::vector<std::vector<std::string>> rows) {
  std::vector<std::size_t> widths;
  for (auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = printable(row[i]);
      widths[i] = std::max(widths[i], count_code_points(row[i]));
    }
  }
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i)
      out += row[i] + std::string(widths[i] - count_code_points(row[i]) + 2, ' ');
    out += row.back() + "\n";
  }
  return out;
}

output::output(bool as_json, bool verbose)
    : json_(as_json),
      verbose_(verbose),
      out_is_terminal_(::isatty(STDOUT_FILENO) != 0),
      shows_progress_(!as_json && ::isatty(STDERR_FILENO) != 0),
      started_(std::chrono::steady_clock::now()),
      shown_(started_) {}

void output::text(std::string_view s) {
  if (muted_) return;
  clear_progress();
  write(printable(s, newlines::kept));
}

/// What was not written is lost, and that is told once: whatever is printed afterwards fails, too.
template <class F>
void output::once(const F& f) {
  try {
    f();
  } catch (const programs::output_error&) {
    if (!std::exchange(has_failed_, true)) throw;
  }
}

void output::write(std::string_view s) {
  once([s] { programs::print(s); });
}

void output::document(const json& j) {
  const bool for_a_person = !json_ && out_is_terminal_;
  if (muted_) return;
  clear_progress();
  write(dump(j, for_a_person) + "\n");
  flush();
}

void output::answer(const json& j, std::string_view s) {
  if (json_) return document(j);
  text(s);
  flush();
}

void output::line(const json& j) {
  if (muted_) return;
  if (out_is_terminal_) clear_progress();
  write(dump(j) + "\n");
  ++received_;
  show_progress();
}

void output::flush() {
  if (!muted_) once(programs::flush_output);
}

void output::sent() {
  ++sent_;
  show_progress();
}

void output::show_progress() {
  if (!shows_progress_ || muted_ || (out_is_terminal_ && received_ > 0)) return;
  const auto now = std::chrono::steady_clock::now();
  constexpr auto interval = std::chrono::milliseconds{200};
  if (now - shown_ < interval) return;
  shown_ = now;
  const double seconds = std::chrono::duration<double>(now - started_).count();
  std::string line;
  if (sent_ > 0) line = amount(sent_, "sent", seconds);
  if (received_ > 0) line += (line.empty() ? "" : ", ") + amount(received_, "received", seconds);
  clear_progress();
  std::fputs(line.c_str(), stderr);
  progress_is_shown_ = true;
}

void output::clear_progress() {
  if (!progress_is_shown_) return;
  std::fputs("\r\x1b[K", stderr); // to the beginning of the line, and erase it
  progress_is_shown_ = false;
}

void output::finish() {
  clear_progress();
  flush();
}

void output::complain(std::string_view s) {
  if (muted_) return;
  clear_progress();
  std::fflush(stdout);
  const std::string text = printable(s, newlines::kept);
  std::fprintf(stderr, "%s\n", text.c_str());
}

void output::note(std::string_view s) {
  if (!json_) complain(s);
}

void output::show_metadata(const char* kind, const metadata& m) {
  if (m.empty() || !(json_ || verbose_)) return;
  json all = json::object();
  for (const auto& [key, v] : m) all[key] = to_json(v);
  complain(json_ ? dump(json{{kind, all}}) : std::string{kind} + " " + dump(all));
}

void output::failure(const error& e) {
  if (json_) {
    json body{{"code", e.code}, {"message", e.message}};
    if (!e.data.is_nil()) body["data"] = to_json(e.data);
    body["exit_code"] = static_cast<int>(exit_code_of(e));
    return complain(dump(json{{"error", body}}));
  }
  // No server of swill.v1 has answered with an error, so there is no code that somebody could look up.
  constexpr int least_refusal = 400;
  if (const auto* c = dynamic_cast<const connect_error*>(&e); c != nullptr && c->http_status < least_refusal)
    return complain("swill: " + printable(c->message));
  const bool known = e.code > 0 && e.code < 1000;
  const std::string_view name = known ? name_of(static_cast<error_code>(e.code)) : std::string_view{};
  std::string text = "swill: error " + std::to_string(e.code);
  if (!name.empty()) text += " " + std::string{name};
  text += ": " + printable(e.message);
  if (!e.data.is_nil()) text += "\n" + dump(to_json(e.data), true);
  complain(text);
}

void output::failure(std::string_view problem, exit_code why) {
  if (!json_) return complain("swill: " + printable(problem));
  const json body{{"code", nullptr}, {"message", problem}, {"exit_code", static_cast<int>(why)}};
  complain(dump(json{{"error", body}}));
}

} // namespace swill::cli
