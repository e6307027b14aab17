#include "apps/cli/json.hpp"
#include "apps/cli/type_text.hpp"
#include "apps/cli/verbs.hpp"
#include "programs/options/suggest.hpp"

#include <nlohmann/json.hpp>

#include <string_view>
#include <utility>
#include <vector>

namespace swill::cli {

namespace {

constexpr std::string_view introspect_name = "swill.introspect";

std::string handler_table(const value_array& records) {
  const auto side = [](const value& record, std::string_view which) {
    const value* v = record.find(which);
    return v != nullptr ? side_text(*v) : std::string{"Any"};
  };
  std::vector<std::vector<std::string>> rows;
  for (const value& r : records) rows.push_back({text_under(r, "name"), side(r, "request"), "→", side(r, "response")});
  return in_columns(std::move(rows));
}

} // namespace

constexpr std::size_t most_handlers = 100'000; // a server may go on for ever

task<value_array> introspection(session s, bool builtin) {
  value_array records;
  const value what = builtin ? value::map({{"builtin", true}}) : value{};
  auto items = s.server.stream<value>(introspect_name, what, s.given.call());
  while (auto item = co_await items.next()) {
    records.push_back(std::move(*item));
    if (records.size() > most_handlers)
      throw error{error_code::invalid_rpc,
                  "The server describes more than " + std::to_string(most_handlers) + " handlers"};
  }
  co_return records;
}

task<found_handler> find_handler(session s) {
  found_handler found;
  if (s.given.name == introspect_name) {
    const value nil = value::map({{"type", "NoneType"}});
    const value any = value::map({{"type", "Any"}});
    found.record = value::map({{"name", introspect_name},
                               {"request", value::map({{"streams", false}, {"type", nil}})},
                               {"response", value::map({{"streams", true}, {"type", any}})}});
    co_return found;
  }
  const value_array records = co_await introspection(s, s.given.name.starts_with("swill."));
  std::vector<std::string> names;
  for (const value& r : records) {
    names.push_back(text_under(r, "name"));
    if (names.back() == s.given.name) found.record = r;
  }
  if (!found.record) found.suggestion = programs::suggestion(s.given.name, names);
  co_return found;
}

task<void> list(session s) {
  const value_array records = co_await introspection(s);
  s.out.answer(to_json(value{records}), handler_table(records));
}

task<void> introspect(session s) {
  const value_array records = co_await introspection(s);
  s.out.document(to_json(value{records}));
}

task<void> describe(session s) {
  const auto found = co_await find_handler(s);
  if (!found.record)
    throw error{error_code::not_found, "The server has no handler '" + s.given.name + "'" + found.suggestion};
  s.out.answer(to_json(*found.record), record_text(*found.record));
}

} // namespace swill::cli
