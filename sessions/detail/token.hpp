#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace swill::detail {

/// 192 bits from the operating system's random source, as 48 hex digits.
std::string make_session_id();

/// What a session is called where its id must not be shown: 12 hex digits of a hash of it.
std::string session_tag(std::string_view id);

/// What a client is given for an id: the id, and its signature by the first key when there are keys.
class session_tokens {
public:
  /// Throws std::invalid_argument for a key under 16 bytes.
  explicit session_tokens(std::vector<std::string> keys);

  std::string token_of(std::string_view id) const;
  /// The id in a token that we may have given; in constant time for a given length.
  std::optional<std::string> id_of(std::string_view token) const;

private:
  std::vector<std::string> keys_;
};

} // namespace swill::detail
