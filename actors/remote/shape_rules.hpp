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

namespace swill::actors::remote {

enum class rule_kind : std::uint8_t { gt, ge, lt, le, multiple_of, least, end, pattern, one_of };

/// One rule that introspection names. Predicates and rules of whole structs are code: they run in the worker.
struct shape_rule {
  rule_kind kind;
  number bound{0};
  std::size_t size = 0;
  std::string text;
  std::vector<std::string> texts;
  std::vector<number> numbers;
};

using shape_rules = std::vector<shape_rule>;

/// The rule that a description calls `name`; none if there is no such rule, or not with such a value.
std::optional<shape_rule> rule_of(std::string_view name, const value& v);

/// Each notes as problems which of the rules that can apply do not hold.
void check_number(detail::decoder& in, std::int64_t v, const shape_rules& all);
void check_number(detail::decoder& in, std::uint64_t v, const shape_rules& all);
void check_number(detail::decoder& in, double v, const shape_rules& all);
/// `at_most` and `at_least`: the size, or what is known of it.
void check_size(detail::decoder& in, std::size_t at_least, std::size_t at_most, const shape_rules& all);
void check_text(detail::decoder& in, std::string_view s, const shape_rules& all);

} // namespace swill::actors::remote
