#pragma once

#include "libswill/base/mistakes.hpp"
#include "libswill/base/value.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace swill {

/// What rules and words add to the introspection of a type (docs/protocol.md §8), for itself and for its arguments.
struct type_notes {
  /// Stands for every argument: each{…} of a tuple.
  static constexpr std::int64_t all_arguments = -1;

  type_notes();
  type_notes(const type_notes&);
  type_notes(type_notes&&) noexcept;
  type_notes& operator=(const type_notes&);
  type_notes& operator=(type_notes&&) noexcept;
  ~type_notes();

  value_map constraints;
  std::string documentation;
  std::int64_t index = all_arguments; ///< of the argument that these notes are about, when they stand in `arguments`
  std::vector<type_notes> arguments;
  std::vector<std::string> mistakes; ///< in the rules themselves: texts as in `mistake`

  /// A later constraint of the same name replaces the earlier.
  void add(std::string_view name, value v);
  /// Under this name is a list of all that were added.
  void add_to_list(std::string_view name, value v);
  type_notes& argument(std::int64_t i);

  /// Adds itself to T of docs/protocol.md §8; for an optional value, to what the value is when there is one.
  void decorate(value& type) const;
  /// Adds what is wrong with these rules: what they say themselves, and those that nothing can keep, such as range{100, 1}.
  void collect(const std::string& path, std::vector<mistake>& out) const;
};

} // namespace swill
