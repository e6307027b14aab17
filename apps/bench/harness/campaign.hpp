#pragma once

#include "apps/bench/harness/scenario.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace swill::bench {

/// All rounds of one scenario on one server.
struct series {
  server_spec server;
  std::map<std::string, std::vector<double>> rounds{}; // by metric
  std::vector<double> ratios{};                        // of the target's metric to the baseline, round by round
  std::string error{};                                 // why the first failed round failed; else empty

  /// Nothing when the metric was not measured.
  std::optional<double> median_of(const std::string& metric) const;
};

/// One scenario on all servers.
struct outcome {
  scenario subject;
  std::vector<series> servers;
};

/// Nothing of no values.
std::optional<double> median(std::vector<double> values);

/// Whether `s` keeps to the scenario's target; nothing for the bare server, or where there is no ratio to judge.
std::optional<bool> keeps_target(const target& aim, const series& s);

/// Runs the scenarios that `o.only` selects, in interleaved rounds: each round visits every scenario, each
/// scenario every server, in alternating order, so that a busy moment of the machine hits all of them.
std::vector<outcome> run_campaign(const options& o, const std::function<void(const std::string&)>& progress);

} // namespace swill::bench
