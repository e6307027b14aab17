#pragma once

#include "apps/cli/described_api.hpp"
#include "apps/cli/type_names.hpp"

#include <string>
#include <string_view>
#include <vector>

// Types of an API in TypeScript, as `@swill/swill` sends and gets them (docs/typescript.md).

namespace swill::cli {

/// A text as a literal. What somebody else has written ends no literal and turns no line's direction.
std::string typescript_string(std::string_view text);

/// The name of a property, quoted where it must be.
std::string typescript_key(std::string_view name);

/// Whether it is a number that JavaScript holds exactly: neither type nor rules let it be beyond 2⁵³−1 to either side.
bool is_safe_integer(const schema::node& type);

/// A comment for tools that show what stands under the cursor; nothing when there is nothing to say. Texts of several lines become several.
std::string typescript_comment(const std::vector<std::string>& texts, std::string_view indent);

/// "stock keeping unit (length at most 31; default 1)" of a field, or of anything else of that type; empty when there is nothing to say.
std::string type_words(const schema::node& type);

class typescript_types {
public:
  /// Borrows the names.
  explicit typescript_types(const type_names& names) : names_(names) {}

  /// The type as an expression: "string | null", "Order[]".
  std::string expression(const schema::node& type, direction d) const;

  /// `export interface Order { … }` and the like, for each type that has a name; in JavaScript, the values of enumerations alone.
  std::string declarations(bool has_types) const;

private:
  std::string integer(const schema::node& type) const;
  std::string dict(const schema::node& type, direction d) const;
  std::string choice(const schema::node& type, direction d) const;
  std::string declaration(const named_type& type, bool has_types) const;
  std::string structure(const schema::node& type, direction d) const;
  std::string array_structure(const schema::node& type, direction d) const;

  const type_names& names_;
};

} // namespace swill::cli
