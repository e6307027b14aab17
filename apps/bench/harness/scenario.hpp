#pragma once

#include "apps/bench/harness/options.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace swill::bench {

/// Numbers of one measurement, or their medians, by name. docs/performance.md explains the names.
using metrics = std::map<std::string, double>;

/// A bound on one metric.
struct target {
  enum class kind { ratio_at_most, at_most, at_least };

  std::string metric;
  kind bound = kind::ratio_at_most; // ratio: to the baseline in the same round
  double limit = 0;
};

/// One thing to measure. `run` starts the server, measures, ends it; it throws when the server gives a wrong answer.
struct scenario {
  std::string name;
  std::string what;
  target aim;
  std::function<metrics(const server_spec&, const options&)> run;
  bool needs_threads = false; // only for servers that take {threads}: ours
};

/// All of them, in the order of the table.
std::vector<scenario> make_scenarios();

} // namespace swill::bench
