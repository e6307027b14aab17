#pragma once

#include "apps/bench/harness/campaign.hpp"

#include <string>
#include <vector>

namespace swill::bench {

/// Where and how it was measured, one line.
std::string describe_run(const options& o);

/// The table for a terminal.
std::string to_text(const std::vector<outcome>& outcomes);

/// The same for docs/performance.md.
std::string to_markdown(const std::vector<outcome>& outcomes, const options& o);

/// Every round of every metric too.
std::string to_json(const std::vector<outcome>& outcomes, const options& o);

} // namespace swill::bench
