#pragma once

#include "apps/cli/described_api.hpp"

#include <string>

// What `swill gen` makes of an API. The same API gives the same text.

namespace swill::cli {

struct typescript_options {
  bool bigint = false; ///< integers of 64 bits are `number | bigint`, as they come, instead of `number`
};

/// A module on `@swill/swill`: types, and a function for each handler.
std::string make_typescript(const described_api& api, const typescript_options& o);

} // namespace swill::cli
