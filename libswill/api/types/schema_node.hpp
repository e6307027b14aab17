#pragma once

#include "libswill/api/types/schema.hpp"
#include "libswill/api/types/schema_rules.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace swill {

enum class schema_kind : std::uint8_t {
  unknown,
  boolean,
  integer,
  real,
  text,
  binary,
  nil,
  datetime,
  any,
  list,
  set,
  dict,
  tuple,
  choice,
  structure,
  enumeration,
  recursion ///< a struct within itself: `parts` has the outer one
};

/// A description, compiled: what one message, or one part of it, must look like, and what people are told about it.
struct schema::node {
  struct field {
    std::string name;
    bool required = true;
    const node* type = nullptr;
  };

  schema_kind kind = schema_kind::unknown;
  std::string name; ///< as the description has it: "list", "Union", that of a struct; empty: it has none
  std::string text; ///< in problems
  std::string documentation;
  std::vector<std::pair<std::string, value>>
      notes; ///< what else the description says of it, the rules too, but for the parts and fields
  detail::schema_rules rules;
  std::int64_t least = std::numeric_limits<std::int64_t>::min(); ///< of an integer
  std::uint64_t most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::vector<const node*> parts; ///< of containers and unions, each in its place
  std::vector<field> fields;
  bool as_array = false;
  bool strict = false;
  std::vector<std::string> names; ///< of an enumeration
  std::vector<std::int64_t> numbers;
  std::vector<std::unique_ptr<node>> owned;

  detail::affinity suits(wire::kind k) const;
  detail::fit check(detail::decoder& in, const detail::schema_rules* more) const;

private:
  detail::fit check_bare(detail::decoder& in, const detail::schema_rules& all) const;
  detail::fit check_integer(detail::decoder& in, const detail::schema_rules& all) const;
  detail::fit check_list(detail::decoder& in, const detail::schema_rules& all) const;
  detail::fit check_dict(detail::decoder& in, const detail::schema_rules& all) const;
  detail::fit check_tuple(detail::decoder& in) const;
  detail::fit check_choice(detail::decoder& in, const detail::schema_rules& all) const;
  detail::fit check_structure(detail::decoder& in) const;
  bool check_map_fields(detail::decoder& in, std::uint32_t n) const;
  bool check_array_fields(detail::decoder& in, std::uint32_t n) const;
  bool check_field(detail::decoder& in, std::size_t i) const;
  detail::fit check_enumeration(detail::decoder& in) const;
};

/// Compiles the description `type`. What it does not understand passes everything.
std::unique_ptr<const schema::node> compile_schema(const value& type);

} // namespace swill
