#include "apps/bench/harness/report.hpp"

#include <nlohmann/json.hpp>

namespace swill::bench {
namespace {

using nlohmann::json;

const char* name_of(target::kind kind) {
  switch (kind) {
    case target::kind::ratio_at_most: return "ratio_at_most";
    case target::kind::at_most: return "at_most";
    case target::kind::at_least: return "at_least";
  }
  return "";
}

json or_null(const auto& optional) { return optional ? json(*optional) : json(nullptr); }

json to_json_value(const target& aim, const series& s) {
  json medians = json::object();
  for (const auto& [name, values] : s.rounds) medians[name] = or_null(s.median_of(name));
  return {{"server", s.label},
          {"median", std::move(medians)},
          {"rounds", s.rounds},
          {"ratio", or_null(s.ratio())},
          {"ratios", s.ratios},
          {"keeps_target", or_null(keeps_target(aim, s))},
          {"error", s.error.empty() ? json(nullptr) : json(s.error)}};
}

} // namespace

std::string to_json(const std::vector<outcome>& outcomes, const options& o) {
  json scenarios = json::array();
  for (const auto& out : outcomes) {
    const auto& aim = out.subject.aim;
    json servers = json::array();
    for (const auto& s : out.servers) servers.push_back(to_json_value(aim, s));
    scenarios.push_back({{"name", out.subject.name},
                         {"what", out.subject.what},
                         {"target", {{"metric", aim.metric}, {"kind", name_of(aim.bound)}, {"limit", aim.limit}}},
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
