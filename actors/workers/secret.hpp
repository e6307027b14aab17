#pragma once

#include "libswill/base/digest.hpp"

#include <array>
#include <string>
#include <string_view>
#include <tuple>

namespace swill::actors::workers {

inline constexpr std::size_t nonce_size = 32;
inline constexpr std::size_t proof_size = std::tuple_size_v<sha256_digest>;
inline constexpr std::size_t token_size = 16;
using proof = sha256_digest;
using token = std::array<std::byte, token_size>;

/// What two sides that know the same secret can show each other, once both have thrown a nonce: a proof for each direction (introduction),
/// and then, over CAF's network, a ticket by which the worker refers to that exchange, and a token for each direction that stands before
/// every batch, so that no other worker can speak for either. HMAC-SHA256 over a label and both nonces. (A listener on an unencrypted
/// network sees ticket and tokens: docs/workers.md.)
struct link_keys {
  link_keys() = default;
  link_keys(std::string_view secret, std::string_view worker_nonce, std::string_view gateway_nonce);
  proof of_worker{};
  proof of_gateway{};
  token to_worker{};
  token to_gateway{};
  token ticket{};
};

std::string make_nonce();

} // namespace swill::actors::workers
