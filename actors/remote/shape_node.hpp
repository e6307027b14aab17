#pragma once

#include "actors/remote/message_shape.hpp"
#include "actors/remote/shape_rules.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace swill::actors::remote {

enum class shape_kind : std::uint8_t {
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
  enumeration
};

/// A description, compiled: what one message, or one part of it, must look like.
struct message_shape::node {
  struct field {
    std::string name;
    bool required = true;
    const node* type = nullptr;
  };

  shape_kind kind = shape_kind::unknown;
  std::string text; ///< in problems
  shape_rules rules;
  std::int64_t least = std::numeric_limits<std::int64_t>::min(); ///< of an integer
  std::uint64_t most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::vector<const node*> parts; ///< of containers and unions
  std::vector<field> fields;
  bool as_array = false;
  bool strict = false;
  std::vector<std::string> names; ///< of an enumeration
  std::vector<std::int64_t> numbers;
  std::vector<std::unique_ptr<node>> owned;

  detail::affinity suits(wire::kind k) const;
  detail::fit check(detail::decoder& in, const shape_rules* more) const;

private:
  detail::fit check_bare(detail::decoder& in, const shape_rules& all) const;
  detail::fit check_integer(detail::decoder& in, const shape_rules& all) const;
  detail::fit check_list(detail::decoder& in, const shape_rules& all) const;
  detail::fit check_dict(detail::decoder& in, const shape_rules& all) const;
  detail::fit check_tuple(detail::decoder& in) const;
  detail::fit check_choice(detail::decoder& in, const shape_rules& all) const;
  detail::fit check_structure(detail::decoder& in) const;
  bool check_map_fields(detail::decoder& in, std::uint32_t n) const;
  bool check_array_fields(detail::decoder& in, std::uint32_t n) const;
  bool check_field(detail::decoder& in, std::size_t i) const;
  detail::fit check_enumeration(detail::decoder& in) const;
};

/// Compiles the description `type`. What it does not understand passes everything.
std::unique_ptr<const message_shape::node> compile_shape(const value& type);

} // namespace swill::actors::remote
