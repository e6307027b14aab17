#include "libswill/net/websocket/frame.hpp"

#include "libswill/base/error.hpp"
#include "libswill/base/random.hpp"

#include <bit>

namespace swill::net::websocket {

namespace {

/// Keys come from the kernel, many at a time.
std::uint32_t next_key() {
  struct keys {
    std::array<std::byte, 4096> bytes;
    std::size_t used = sizeof bytes;
  };
  thread_local keys k;
  if (k.used == k.bytes.size()) {
    fill_random(k.bytes.data(), k.bytes.size());
    k.used = 0;
  }
  std::uint32_t key = 0;
  std::memcpy(&key, k.bytes.data() + k.used, sizeof key);
  k.used += sizeof key;
  return key;
}

/// As wide as the registers that every x86-64 has.
using block [[gnu::vector_size(16)]] = std::uint64_t;

template <class T>
T load(const std::byte* from) noexcept {
  T out;
  std::memcpy(&out, from, sizeof out);
  return out;
}

constexpr std::uint64_t twice(std::uint32_t mask) noexcept { return std::uint64_t{mask} << 32U | mask; }

} // namespace

// The last word overlaps the one before it, and is read before anything is written: `to` may be `from`.
std::uint32_t copy_masked(std::byte* to, const std::byte* from, std::size_t n, std::uint32_t mask) noexcept {
  const int turn = static_cast<int>(8 * (n % sizeof mask));
  const std::uint32_t next = std::endian::native == std::endian::little ? std::rotr(mask, turn) : std::rotl(mask, turn);
  if (n >= sizeof(std::uint64_t)) {
    const auto last = load<std::uint64_t>(from + n - 8) ^ twice(next);
    const block wide = {twice(mask), twice(mask)};
    std::size_t i = 0;
    for (; i + 32 <= n; i += 32) {
      const block a = load<block>(from + i) ^ wide;
      const block b = load<block>(from + i + 16) ^ wide;
      std::memcpy(to + i, &a, sizeof a);
      std::memcpy(to + i + 16, &b, sizeof b);
    }
    for (; i + 8 < n; i += 8) {
      const std::uint64_t word = load<std::uint64_t>(from + i) ^ twice(mask);
      std::memcpy(to + i, &word, sizeof word);
    }
    std::memcpy(to + n - 8, &last, sizeof last);
  } else if (n >= sizeof mask) {
    const std::uint32_t first = load<std::uint32_t>(from) ^ mask;
    const std::uint32_t last = load<std::uint32_t>(from + n - 4) ^ next;
    std::memcpy(to, &first, sizeof first);
    std::memcpy(to + n - 4, &last, sizeof last);
  } else {
    std::array<std::byte, sizeof mask> key;
    std::memcpy(key.data(), &mask, sizeof mask);
    for (std::size_t i = 0; i < n; ++i) to[i] = from[i] ^ key[i];
  }
  return next;
}

void detail::end_long_frame(buffer& out, std::size_t at, opcode op, role r) {
  const std::size_t key = r == role::client ? key_size : 0;
  const std::uint64_t length = out.size() - at - 2 - key;
  const std::size_t extra = length < 126 ? 0 : length < 65536 ? 2 : 8;
  if (extra != 0) out.insert_gap(at + 2, extra);
  std::byte* header = out.data() + at;
  header[0] = static_cast<std::byte>(0x80U | static_cast<std::uint8_t>(op));
  const std::uint64_t marker = extra == 0 ? length : extra == 2 ? 126 : 127;
  header[1] = static_cast<std::byte>((key != 0 ? 0x80U : 0U) | marker);
  for (std::size_t i = 0; i < extra; ++i) header[2 + i] = static_cast<std::byte>(length >> (8 * (extra - 1 - i)));
  if (key == 0) return;
  const std::uint32_t mask = next_key();
  std::byte* payload = header + 2 + extra + key;
  std::memcpy(payload - key, &mask, key);
  copy_masked(payload, payload, static_cast<std::size_t>(length), mask);
}

void append_frame(buffer& out, opcode op, bytes_view payload, role r) {
  const std::size_t at = begin_frame(out, r);
  out.append(payload);
  end_frame(out, at, op, r);
}

void append_close(buffer& out, int code, std::string_view reason, role r) {
  constexpr std::size_t longest_reason = 123;
  reason = cut_text(reason, longest_reason);
  const std::size_t at = begin_frame(out, r);
  out.push_back(static_cast<std::byte>(static_cast<unsigned>(code) >> 8U));
  out.push_back(static_cast<std::byte>(static_cast<unsigned>(code) & 0xffU));
  out.append(reason.data(), reason.size());
  end_frame(out, at, opcode::close, r);
}

} // namespace swill::net::websocket
