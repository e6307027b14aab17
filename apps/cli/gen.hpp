#pragma once

#include "apps/cli/described_api.hpp"

#include <string>

// What `swill gen` makes of an API. The same API gives the same text.

namespace swill::cli {

struct typescript_options {
  bool bigint = false;   ///< integers of 64 bits are `number | bigint`, as they come, instead of `number`
  bool has_types = true; ///< else it is the same module in JavaScript
};

/// A module on `@swill/swill`: types, and a function for each handler.
std::string make_typescript(const described_api& api, const typescript_options& o);

/// JSON Schema (2020-12) of the messages as the JSON that `swill call` reads and prints: `#/$defs/NAME.request`, `#/$defs/NAME.response`, `#/$defs/NAME.error.CODE`, and
/// the types that these name.
std::string make_json_schema(const described_api& api);

/// A page about it.
std::string make_markdown(const described_api& api);

} // namespace swill::cli
