#include "sessions/detail/token.hpp"

#include "libswill/base/digest.hpp"
#include "libswill/base/encoding.hpp"
#include "libswill/base/random.hpp"
#include "sessions/options.hpp"

#include <algorithm>
#include <stdexcept>

namespace swill::detail {

namespace {

constexpr std::size_t id_size = 48;
constexpr std::size_t signature_size = 64;

/// HMAC-SHA256 as hex digits.
std::string sign(std::string_view id, const std::string& key) { return to_hex(hmac_sha256(key, id)); }

bool is_hex(std::string_view s) noexcept {
  return std::all_of(s.begin(), s.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

} // namespace

std::string session_tag(std::string_view id) {
  constexpr std::size_t length = 6;
  return to_hex(bytes_view{sha256(id)}.first(length));
}

std::string make_session_id() { return random_hex(id_size / 2); }

session_tokens::session_tokens(std::vector<std::string> keys) : keys_(std::move(keys)) {
  for (const std::string& k : keys_) {
    if (k.size() < shortest_signing_key)
      throw std::invalid_argument("a session key needs at least " + std::to_string(shortest_signing_key) + " bytes");
  }
}

std::string session_tokens::token_of(std::string_view id) const {
  std::string out{id};
  if (!keys_.empty()) out += "." + sign(id, keys_.front());
  return out;
}

std::optional<std::string> session_tokens::id_of(std::string_view token) const {
  const std::string_view id = token.substr(0, id_size);
  if (id.size() != id_size || !is_hex(id)) return std::nullopt;
  if (keys_.empty()) return token.size() == id_size ? std::optional<std::string>{id} : std::nullopt;
  if (token.size() != id_size + 1 + signature_size || token[id_size] != '.') return std::nullopt;
  bool good = false;
  for (const std::string& k : keys_) {
    const std::string expected = sign(id, k);
    good = equal_in_constant_time(as_bytes(expected), as_bytes(token.substr(id_size + 1))) || good;
  }
  return good ? std::optional<std::string>{id} : std::nullopt;
}

} // namespace swill::detail
