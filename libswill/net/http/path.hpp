#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace swill::net::http {

/// The path of a target in origin form, without its query and decoded once (RFC 3986 §2.1). Nothing where it can lead nowhere: it does not begin with a slash, an
/// encoding is broken, a segment before the last is empty, a segment is "." or "..", or what is decoded is no UTF-8 or has a control character, a backslash, or a slash that
/// was encoded.
std::optional<std::string> decoded_path(std::string_view target);

/// The same the other way: what may not stand in a path is encoded.
std::string encoded_path(std::string_view path);

/// What follows the `?` of a target; empty where there is none.
std::string_view query_of(std::string_view target) noexcept;

} // namespace swill::net::http
