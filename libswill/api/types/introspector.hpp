#pragma once

#include "libswill/api/types/kinds.hpp"

#include <string_view>
#include <vector>

namespace swill::detail {

struct struct_table;
struct enum_table;

/// Puts together T of docs/protocol.md §8. A struct within itself becomes a reference, its name alone; so does every struct after the
/// first `largest`, which keeps types that fan out within bounds.
class introspector {
public:
  static constexpr std::size_t largest = 4096;

  static value plain(std::string_view name);
  static value with_arguments(std::string_view name, std::vector<value> arguments);
  /// A Union; unions within are taken apart, as Python does, and what stands twice stands once.
  static value union_of(const std::vector<value>& alternatives);
  static value integer(std::size_t size, bool is_signed);
  static value enumeration(const enum_table& table);
  value structure(const struct_table& table);

private:
  std::vector<const struct_table*> open_;
  std::size_t done_ = 0;
};

} // namespace swill::detail
