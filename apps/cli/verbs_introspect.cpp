#include "apps/cli/json.hpp"
#include "apps/cli/type_text.hpp"
#include "apps/cli/verbs.hpp"
#include "apps/common/suggest.hpp"
#include "libswill/base/printable.hpp"
#include "libswill/base/utf8.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string_view>
#include <vector>

namespace swill::cli {

namespace {

constexpr std::string_view introspect_name = "swill.introspect";

std::string name_in(const value& record) {
  const value* name = record.find("name");
  const auto* text = name != nullptr ? name->get_if<std::string>() : nullptr;
  return text != nullptr ? *text : std::string{};
}

/// Of a handler, as a cell of a table.
std::string shown_name(const value& record) { return printable(name_in(record)); }

std::string padded(std::string text, std::size_t width) {
  const std::size_t has = count_code_points(text);
  if (has < width) text.append(width - has, ' ');
  return text;
}

std::string table(const value_array& records) {
  std::size_t names = 0;
  std::size_t requests = 0;
  const auto side = [](const value& record, std::string_view which) {
    const value* v = record.find(which);
    return v != nullptr ? printable(side_text(*v)) : std::string{"Any"};
  };
  for (const value& r : records) {
    names = std::max(names, count_code_points(shown_name(r)));
    requests = std::max(requests, count_code_points(side(r, "request")));
  }
  std::string out;
  for (const value& r : records) {
    out += padded(shown_name(r), names) + "  " + padded(side(r, "request"), requests) + "  →  " + side(r, "response") +
           "\n";
  }
  return out;
}

} // namespace

task<value_array> introspection(session s, bool builtin) {
  value_array records;
  const value what = builtin ? value::map({{"builtin", true}}) : value{};
  auto items = s.server.stream<value>(introspect_name, what, s.given.call());
  while (auto item = co_await items.next()) records.push_back(std::move(*item));
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
    names.push_back(name_in(r));
    if (names.back() == s.given.name) found.record = r;
  }
  if (!found.record) found.suggestion = apps::suggestion(s.given.name, names);
  co_return found;
}

task<void> list(session s) {
  const value_array records = co_await introspection(s);
  if (s.out.is_json()) {
    s.out.document(to_json(value{records}));
  } else {
    s.out.text(table(records));
  }
  s.out.flush();
}

task<void> introspect(session s) {
  const value_array records = co_await introspection(s);
  s.out.document(to_json(value{records}));
}

task<void> describe(session s) {
  const auto found = co_await find_handler(s);
  if (!found.record)
    throw error{error_code::not_found, "The server has no handler '" + s.given.name + "'" + found.suggestion};
  if (s.out.is_json()) {
    s.out.document(to_json(*found.record));
  } else {
    s.out.text(record_text(*found.record));
  }
  s.out.flush();
}

} // namespace swill::cli
