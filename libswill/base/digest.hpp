#pragma once

#include "libswill/base/bytes.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace swill {

// By libcrypto. From any thread. Each throws std::runtime_error where the system's configuration forbids it.

using sha1_digest = std::array<std::byte, 20>;
using sha256_digest = std::array<std::byte, 32>;

/// FIPS 180-4 §6.1. For RFC 6455 and Redis, which want it for names: it proves nothing about secrets.
sha1_digest sha1(std::string_view text);

/// FIPS 180-4 §6.2.
sha256_digest sha256(std::string_view text);

/// HMAC (RFC 2104) with SHA-256.
sha256_digest hmac_sha256(std::string_view key, std::string_view text);

/// Whether both are the same, in a time that does not tell where they differ: for secrets.
bool equal_in_constant_time(bytes_view a, bytes_view b) noexcept;

} // namespace swill
