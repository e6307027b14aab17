#include "apps/bench/harness/report.hpp"

#include "libswill/base/utf8.hpp"

#include <nlohmann/json.hpp>

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <fstream>

namespace swill::bench {
namespace {

constexpr std::size_t columns = 12;
using table_row = std::array<std::string, columns>;

const table_row headings{"scenario", "server", "value", "ratio",     "target", "msg/s",
                         "p50 µs",   "p99 µs", "busy",  "client µs", "RSS MB", "verdict"};

std::string number(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string number(std::optional<double> value, int decimals, double scale = 1) {
  return value ? number(*value * scale, decimals) : "";
}

std::string unit_of(const std::string& metric) {
  if (metric.ends_with("_us")) return " µs";
  if (metric.ends_with("_kb")) return " KiB";
  if (metric.ends_with("_mb")) return " MB";
  if (metric == "delay_ms") return " ms";
  if (metric == "rate") return "/s";
  return " x";
}

std::string ratio_text(const series& s) {
  if (s.server.is_baseline() || s.ratios.empty()) return "";
  const auto [low, high] = std::minmax_element(s.ratios.begin(), s.ratios.end());
  return number(median(s.ratios), 2) + " (" + number(*low, 2) + "-" + number(*high, 2) + ")";
}

std::string target_text(const target& aim) {
  const auto limit = number(aim.limit, 2);
  switch (aim.bound) {
    case target::kind::ratio_at_most: return "ratio <= " + limit;
    case target::kind::at_most: return "<= " + limit + unit_of(aim.metric);
    case target::kind::at_least: return ">= " + limit + unit_of(aim.metric);
  }
  return "";
}

std::string verdict_text(const target& aim, const series& s) {
  if (!s.error.empty()) return "FAILED";
  const auto kept = keeps_target(aim, s);
  if (!kept) return "";
  return *kept ? "ok" : "OVER";
}

std::string value_text(const target& aim, const series& s) {
  const auto value = s.median_of(aim.metric);
  return value ? number(*value, *value < 10 ? 3 : 1) + unit_of(aim.metric) : "";
}

table_row row_of(const scenario& subject, const series& s) {
  return {subject.name,
          s.server.label,
          value_text(subject.aim, s),
          ratio_text(s),
          s.server.is_bare() ? "" : target_text(subject.aim),
          number(s.median_of("rate"), 0),
          number(s.median_of("p50_us"), 1),
          number(s.median_of("p99_us"), 1),
          number(s.median_of("busy"), 0, 100) + (s.median_of("busy") ? "%" : ""),
          number(s.median_of("client_us"), 3),
          number(s.median_of("rss_mb"), 1),
          verdict_text(subject.aim, s)};
}

std::string padded(const std::string& text, std::size_t width, bool left) {
  const std::string space(width - count_code_points(text), ' ');
  return left ? text + space : space + text;
}

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

std::string today() {
  const auto now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d", std::gmtime(&now));
  return text;
}

} // namespace

std::string describe_run(const options& o) {
  utsname system{};
  ::uname(&system);
  double load = 0;
  ::getloadavg(&load, 1);
  return today() + ", " + processor() + ", " + std::to_string(::sysconf(_SC_NPROCESSORS_ONLN)) + " cores, " +
         system.sysname + " " + system.release + ", load " + number(load, 1) + "; " + std::to_string(o.rounds) +
         " rounds of " + number(static_cast<double>(o.duration.count()) / 1e3, 1) + " s, streams of " +
         std::to_string(o.items) + " items";
}

std::string to_table(const std::vector<outcome>& outcomes) {
  std::vector<table_row> rows{headings};
  std::string failures;
  for (const auto& out : outcomes) {
    for (const auto& s : out.servers) {
      rows.push_back(row_of(out.subject, s));
      if (!s.error.empty()) failures += "- " + out.subject.name + " on " + s.server.label + ": " + s.error + "\n";
    }
  }
  std::array<std::size_t, columns> widths{};
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], count_code_points(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < columns; ++i) text += "| " + padded(row[i], widths[i], i < 2) + " ";
    text += "|\n";
    if (&row != &rows.front()) continue;
    for (std::size_t i = 0; i < columns; ++i) text += "|" + std::string(widths[i] + 1, '-') + (i < 2 ? "-" : ":");
    text += "|\n";
  }
  return failures.empty() ? text : text + "\n" + failures;
}

std::string to_json(const std::vector<outcome>& outcomes, const options& o) {
  using nlohmann::json;
  const auto or_null = [](const auto& optional) { return optional ? json(*optional) : json(nullptr); };
  json scenarios = json::array();
  for (const auto& out : outcomes) {
    const auto& aim = out.subject.aim;
    json servers = json::array();
    for (const auto& s : out.servers) {
      json medians = json::object();
      for (const auto& [name, values] : s.rounds) medians[name] = or_null(median(values));
      servers.push_back({{"server", s.server.label},
                         {"median", std::move(medians)},
                         {"rounds", s.rounds},
                         {"ratio", or_null(median(s.ratios))},
                         {"ratios", s.ratios},
                         {"keeps_target", or_null(keeps_target(aim, s))},
                         {"error", s.error.empty() ? json(nullptr) : json(s.error)}});
    }
    const char* const kinds[] = {"ratio_at_most", "at_most", "at_least"};
    scenarios.push_back(
        {{"name", out.subject.name},
         {"what", out.subject.what},
         {"target", {{"metric", aim.metric}, {"kind", kinds[static_cast<int>(aim.bound)]}, {"limit", aim.limit}}},
         {"servers", std::move(servers)}});
  }
  json commands = json::object();
  for (const auto& s : o.servers) commands[s.label] = s.command;
  const json whole{{"run", describe_run(o)},
                   {"rounds", o.rounds},
                   {"seconds", static_cast<double>(o.duration.count()) / 1e3},
                   {"items", o.items},
                   {"commands", std::move(commands)},
                   {"scenarios", std::move(scenarios)}};
  return whole.dump(2) + "\n";
}

} // namespace swill::bench
