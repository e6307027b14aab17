#pragma once

#include "libswill/api/types/decoder.hpp"
#include "libswill/api/types/rules.hpp"
#include "libswill/base/value.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace swill::detail {

enum class rule_kind : std::uint8_t { gt, ge, lt, le, multiple_of, least, end, pattern, one_of };

/// One rule that introspection names. Predicates and rules of whole structs are code: only the type itself has them.
struct schema_rule {
  rule_kind kind;
  number bound{0};
  std::size_t size = 0;
  std::string text;
  std::vector<std::string> texts;
  std::vector<number> numbers;
};

using schema_rules = std::vector<schema_rule>;

/// The rule that a description calls `name`; none if there is no such rule, or not with such a value.
std::optional<schema_rule> rule_of(std::string_view name, const value& v);

/// Each notes as problems which of the rules that can apply do not hold.
void check_number(decoder& in, std::int64_t v, const schema_rules& all);
void check_number(decoder& in, std::uint64_t v, const schema_rules& all);
void check_number(decoder& in, double v, const schema_rules& all);
/// `at_most` and `at_least`: the size, or what is known of it.
void check_size(decoder& in, std::size_t at_least, std::size_t at_most, const schema_rules& all);
void check_text(decoder& in, std::string_view s, const schema_rules& all);

} // namespace swill::detail
