#pragma once

#include "libswill/base/value.hpp"

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

// JSON for what travels as MessagePack, as docs/cli.md has it.

namespace swill::cli {

/// bytes are {"$bin": BASE64}, extensions {"$ext": [TYPE, BASE64]}, timestamps RFC 3339 text; keys that are no text become their JSON
/// text; NaN and the infinities are "NaN", "Infinity", "-Infinity".
nlohmann::ordered_json to_json(const value& v);

/// A member of an object that has none of that name: ordered_json itself would look for it among all others.
void append(nlohmann::ordered_json& object, std::string key, nlohmann::ordered_json item);

/// The way back: {"$bin": …} and {"$ext": …} become what they stand for, {"$map": [[KEY, VALUE], …]} a map with keys of any type; text
/// stays text. Throws usage_error, saying where it is wrong.
value parse_json(std::string_view text);

/// JSON when it is, else the text itself.
value parse_loosely(std::string_view text);

/// One line, or, for a person, as many as there are members. Characters that a terminal would obey are escaped, as JSON does it.
std::string dump(const nlohmann::ordered_json& j, bool for_a_person = false);

} // namespace swill::cli
