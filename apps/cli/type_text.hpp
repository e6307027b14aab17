#pragma once

#include "libswill/base/value.hpp"

#include <string>

namespace swill::cli {

/// A type of swill.introspect (docs/protocol.md §8) in a few words: "list[int]", "int | None", "order".
std::string type_text(const value& type);

/// "stream list[int]" or "list[int]", of one side of a record.
std::string side_text(const value& side);

/// A record as text for people, with fields and rules.
std::string record_text(const value& record);

} // namespace swill::cli
