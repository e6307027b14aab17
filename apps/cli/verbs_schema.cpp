#include "apps/cli/connect.hpp"
#include "apps/cli/exit_codes.hpp"
#include "apps/cli/json.hpp"
#include "apps/cli/schema_diff.hpp"
#include "apps/cli/verbs.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace swill::cli {

namespace {

std::size_t count_of(const std::vector<api_change>& all, impact what) {
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [what](const api_change& c) { return c.what == what; }));
}

nlohmann::ordered_json json_of(const std::vector<api_change>& all) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const api_change& c : all)
    list.push_back(
        {{"impact", word_of(c.what)}, {"rule", c.rule}, {"handler", c.handler}, {"place", c.place}, {"text", c.text}});
  return {{"breaks", count_of(all, impact::breaks)},
          {"risky", count_of(all, impact::risky)},
          {"safe", count_of(all, impact::safe)},
          {"changes", std::move(list)}};
}

/// The worst first.
std::string table_of(const std::vector<api_change>& all) {
  if (all.empty()) return "no change\n";
  std::vector<std::vector<std::string>> rows;
  for (const impact what : {impact::breaks, impact::risky, impact::safe}) {
    for (const api_change& c : all) {
      if (c.what == what)
        rows.push_back({word_of(c.what), c.handler, c.rule, c.place.empty() ? c.text : c.place + ": " + c.text});
    }
  }
  return in_columns(std::move(rows));
}

} // namespace

task<void> compare_schemas(const options& o, output& out) {
  const described_api before = co_await api_at(o, out, o.schema.before);
  const described_api after = co_await api_at(o, out, o.schema.after);
  const std::vector<api_change> all = changes_between(before, after);
  out.answer(json_of(all), table_of(all));
  const std::size_t breaks = count_of(all, impact::breaks);
  if (breaks != 0)
    throw usage_error(std::to_string(breaks) + (breaks == 1 ? " change breaks clients" : " changes break clients"));
}

} // namespace swill::cli
