#pragma once

#include "apps/bench/harness/campaign.hpp"

#include <string>
#include <vector>

namespace swill::bench {

/// Where and how it was measured, one line.
std::string describe_run(const options& o);

/// The table, in Markdown that a terminal can show, and after it why servers have failed.
std::string to_table(const std::vector<outcome>& outcomes);

/// Every round of every metric too.
std::string to_json(const std::vector<outcome>& outcomes, const options& o);

} // namespace swill::bench
