#pragma once

#include "libswill/base/value.hpp"

#include <string>

namespace swill::cli {

/// The type of one side of a record of swill.introspect (docs/protocol.md §8) in a few words: "list[int]", "int | None", "order", "stream int".
std::string side_text(const value& side);

/// A record as text for people, with fields and rules.
std::string record_text(const value& record);

} // namespace swill::cli
