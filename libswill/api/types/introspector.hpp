#pragma once

#include "libswill/api/types/kinds.hpp"
#include "libswill/base/mistakes.hpp"

#include <cstdint>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace swill::detail {

struct struct_table;
struct enum_table;

/// Runs a struct's `describe`, which says what goes into its table; into a scratch with `broken`, to which it adds the defaults that break
/// their own rules, and, when `is_defaulted`, the rules of the whole struct that those break together.
using table_filler = void (*)(struct_table& table, std::vector<mistake>* broken, bool is_defaulted);

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
  /// A number that counts units of num/den seconds.
  static value with_unit(value number, std::intmax_t num, std::intmax_t den);
  value enumeration(const enum_table& table);
  /// `fill` is what has made the table.
  value structure(const struct_table& table, table_filler fill);

  /// What is wrong with the types so far.
  const std::vector<mistake>& mistakes() const noexcept { return mistakes_; }

private:
  value fields_of(const struct_table& table);
  value stand_in_of(const struct_table& table);
  bool is_new(const void* table) { return seen_.insert(table).second; }

  std::vector<mistake> mistakes_;
  std::unordered_set<const void*> seen_; ///< tables whose mistakes are known
  std::vector<const struct_table*> open_;
  std::size_t done_ = 0;
};

} // namespace swill::detail
