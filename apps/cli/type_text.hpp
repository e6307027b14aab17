#pragma once

#include "libswill/base/value.hpp"

#include <string>
#include <string_view>

namespace swill::cli {

/// The text under a key of a map; empty when there is none.
std::string text_under(const value& v, std::string_view key);

/// The type of one side of a record of swill.introspect (docs/protocol.md §8) in a few words: "list[int]", "int | None", "order", "stream int".
std::string side_text(const value& side);

/// A record as text for people, with fields and rules.
std::string record_text(const value& record);

} // namespace swill::cli
