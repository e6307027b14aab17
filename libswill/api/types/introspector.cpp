#include "libswill/api/types/introspector.hpp"

#include "libswill/api/types/tables.hpp"

#include <algorithm>

namespace swill::detail {

value introspector::plain(std::string_view name) {
  value type = value::map({});
  type.set("type", name);
  return type;
}

value introspector::with_arguments(std::string_view name, std::vector<value> arguments) {
  value_map numbered;
  for (std::size_t i = 0; i < arguments.size(); ++i) numbered.emplace_back(i, std::move(arguments[i]));
  value type = plain(name);
  type.set("arguments", std::move(numbered));
  return type;
}

value introspector::union_of(const std::vector<value>& alternatives) {
  std::vector<value> flat;
  const auto add = [&](const value& v) {
    if (std::find(flat.begin(), flat.end(), v) == flat.end()) flat.push_back(v);
  };
  for (const value& a : alternatives) {
    if (*a.find("type") != value{"Union"}) {
      add(a);
    } else {
      for (const auto& [index, inner] : *a.find("arguments")->get_if<value_map>()) add(inner);
    }
  }
  return with_arguments("Union", std::move(flat));
}

value introspector::integer(std::size_t size, bool is_signed) {
  value type = plain("int");
  if (size != 8 || !is_signed) type.set("format", (is_signed ? "int" : "uint") + std::to_string(size * 8));
  return type;
}

namespace {

/// As std::format writes the unit of a duration.
std::string unit_text(std::intmax_t num, std::intmax_t den) {
  struct named {
    std::intmax_t num, den;
    const char* name;
  };
  static constexpr named units[] = {{1, 1'000'000'000, "ns"}, {1, 1'000'000, "us"}, {1, 1000, "ms"}, {1, 1, "s"},
                                    {60, 1, "min"},           {3600, 1, "h"},       {86400, 1, "d"}};
  for (const named& u : units) {
    if (u.num == num && u.den == den) return u.name;
  }
  return "[" + std::to_string(num) + (den == 1 ? "" : "/" + std::to_string(den)) + "]s";
}

} // namespace

value introspector::with_unit(value number, std::intmax_t num, std::intmax_t den) {
  number.set("unit", unit_text(num, den));
  return number;
}

value introspector::enumeration(const enum_table& table) {
  if (is_new(&table)) mistakes_.insert(mistakes_.end(), table.mistakes.begin(), table.mistakes.end());
  value type = plain(table.name);
  value values = value::map({});
  for (const auto& e : table.entries) {
    values.set(e.name, table.by_number ? value{e.number} : value{e.name});
  }
  type.set("values", std::move(values));
  if (!table.documentation.empty()) type.set("documentation", table.documentation);
  return type;
}

value introspector::fields_of(const struct_table& table) {
  value type = plain(table.name);
  value fields = value::map({});
  for (const field_entry& f : table.fields) {
    value field = f.introspect(*this);
    f.notes.decorate(field);
    if (!f.required) {
      field.set("optional", true);
      if (f.initial) field.set("default", *f.initial);
    }
    fields.set(f.name, std::move(field));
  }
  type.set("arguments", std::move(fields));
  return type;
}

value introspector::stand_in_of(const struct_table& table) {
  value type = table.fields.front().introspect(*this);
  table.fields.front().notes.decorate(type);
  return type;
}

value introspector::structure(const struct_table& table, table_filler fill) {
  if (is_new(&table)) {
    mistakes_.insert(mistakes_.end(), table.mistakes.begin(), table.mistakes.end());
    struct_table scratch; // not while the table is made: types may contain themselves
    if (table.mistakes.empty()) fill(scratch, &mistakes_, table.is_defaulted);
  }
  if (std::find(open_.begin(), open_.end(), &table) != open_.end() || ++done_ > largest) return plain(table.name);
  open_.push_back(&table);
  value type = table.travels_as ? stand_in_of(table) : fields_of(table);
  open_.pop_back();
  if (!table.documentation.empty()) type.set("documentation", table.documentation);
  if (table.as_array) type.set("as_array", true);
  if (table.strict) type.set("strict", true);
  if (table.omit_defaults && !table.as_array) type.set("omit_defaults", true);
  if (!table.rules.empty()) type.set("rules", value_array{table.rules.begin(), table.rules.end()});
  return type;
}

} // namespace swill::detail
