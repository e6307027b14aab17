#include "apps/bench/harness/campaign.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace swill::bench {
namespace {

std::vector<outcome> select(const options& o) {
  std::vector<outcome> selected;
  for (auto& s : make_scenarios()) {
    if (::fnmatch(o.only.c_str(), s.name.c_str(), 0) != 0) continue;
    outcome out{std::move(s), {}};
    for (const auto& server : o.servers) {
      if (!out.subject.ours_only || server.is_ours()) out.servers.push_back({server});
    }
    if (!out.servers.empty()) selected.push_back(std::move(out));
  }
  return selected;
}

void run_round(const scenario& subject, series& s, const options& o) {
  if (!s.error.empty()) return; // once is enough: what follows would wait for the same time limits
  try {
    for (const auto& [name, value] : subject.run(s.server, o)) s.rounds[name].push_back(value);
  } catch (const std::exception& e) {
    s.error = e.what();
  }
}

void add_ratios(outcome& out) {
  const auto& metric = out.subject.aim.metric;
  const auto baseline =
      std::find_if(out.servers.begin(), out.servers.end(), [](const auto& s) { return s.server.is_baseline(); });
  if (baseline == out.servers.end()) return;
  const auto base = baseline->rounds[metric];
  for (auto& s : out.servers) {
    const auto& own = s.rounds[metric];
    for (std::size_t i = 0; i < std::min(own.size(), base.size()); ++i) {
      if (base[i] > 0) s.ratios.push_back(own[i] / base[i]);
    }
  }
}

} // namespace

std::optional<double> median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const auto middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::optional<double> series::median_of(const std::string& metric) const {
  const auto found = rounds.find(metric);
  return found == rounds.end() ? std::nullopt : median(found->second);
}

std::optional<bool> keeps_target(const target& aim, const series& s) {
  if (!s.error.empty()) return false;
  if (s.server.is_bare()) return std::nullopt;
  const auto value = aim.bound == target::kind::ratio_at_most ? median(s.ratios) : s.median_of(aim.metric);
  if (!value) return std::nullopt;
  return aim.bound == target::kind::at_least ? *value >= aim.limit : *value <= aim.limit;
}

std::vector<outcome> run_campaign(const options& o, const std::function<void(const std::string&)>& progress) {
  auto outcomes = select(o);
  for (unsigned round = 0; round < o.rounds; ++round) {
    for (auto& out : outcomes) {
      progress("round " + std::to_string(round + 1) + "/" + std::to_string(o.rounds) + "  " + out.subject.name);
      for (auto& s : out.servers) run_round(out.subject, s, o);
      std::reverse(out.servers.begin(), out.servers.end());
    }
  }
  for (auto& out : outcomes) {
    if (o.rounds % 2 == 1) std::reverse(out.servers.begin(), out.servers.end());
    add_ratios(out);
  }
  return outcomes;
}

} // namespace swill::bench
