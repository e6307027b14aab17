#pragma once

#include "apps/bench/harness/options.hpp"
#include "apps/bench/harness/scenario.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace swill::bench {

/// All rounds of one scenario on one server.
struct series {
  std::string label;
  std::map<std::string, std::vector<double>> rounds; // by metric
  std::vector<double> ratios;                        // of the target's metric to the baseline, round by round
  std::string error;                                 // why the first failed round failed; else empty

  bool is_baseline() const { return label == baseline_label; }
  /// Nothing when the metric was not measured.
  std::optional<double> median_of(const std::string& metric) const;
  std::optional<double> ratio() const;
};

/// One scenario on all servers.
struct outcome {
  scenario subject;
  std::vector<series> servers;
};

/// Whether `s` keeps to the scenario's target; nothing for the baseline, or where there is no ratio to judge.
std::optional<bool> keeps_target(const target& aim, const series& s);

double median(std::vector<double> values);

using progress = std::function<void(const std::string&)>;

/// Runs the scenarios that `o.only` selects, in interleaved rounds: each round visits every scenario, each
/// scenario every server, in alternating order, so that a busy moment of the machine hits all of them.
std::vector<outcome> run_campaign(const options& o, const progress& report);

} // namespace swill::bench
