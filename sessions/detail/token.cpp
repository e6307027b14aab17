#include "sessions/detail/token.hpp"

#include "libswill/base/random.hpp"

#include <algorithm>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdexcept>

namespace swill::detail {

namespace {

constexpr std::size_t id_size = 48;
constexpr std::size_t signature_size = 64;

std::string hex(const unsigned char* bytes, std::size_t size) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < size; ++i) {
    out += digits[bytes[i] >> 4];
    out += digits[bytes[i] & 15];
  }
  return out;
}

/// HMAC-SHA256 (RFC 2104) as hex digits.
std::string sign(std::string_view id, const std::string& key) {
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(id.data()),
           id.size(), mac, &size) == nullptr)
    throw std::runtime_error("cannot sign a session's token");
  return hex(mac, size);
}

bool is_hex(std::string_view s) noexcept {
  return std::all_of(s.begin(), s.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

} // namespace

std::string session_tag(std::string_view id) {
  constexpr std::size_t length = 6;
  unsigned char hash[EVP_MAX_MD_SIZE];
  if (EVP_Digest(id.data(), id.size(), hash, nullptr, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("cannot hash a session's id");
  return hex(hash, length);
}

std::string make_session_id() { return random_hex(id_size / 2); }

session_tokens::session_tokens(std::vector<std::string> keys) : keys_(std::move(keys)) {
  for (const std::string& k : keys_) {
    if (k.size() < 16) throw std::invalid_argument("a session key needs at least 16 bytes");
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
    good = (CRYPTO_memcmp(expected.data(), token.data() + id_size + 1, signature_size) == 0) || good;
  }
  return good ? std::optional<std::string>{id} : std::nullopt;
}

} // namespace swill::detail
