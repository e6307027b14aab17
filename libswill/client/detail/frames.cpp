#include "libswill/client/detail/frames.hpp"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <sys/random.h>

namespace swill::client_detail {

namespace {

constexpr std::size_t short_header = 6; // two bytes and the key
constexpr std::uint64_t longest_control = 125;

void apply_mask(std::byte* at, std::size_t n, std::array<std::byte, 4> key) {
  std::uint32_t narrow = 0;
  std::memcpy(&narrow, key.data(), sizeof narrow);
  const std::uint64_t wide = std::uint64_t{narrow} << 32U | narrow;
  std::size_t i = 0;
  for (; i + sizeof wide <= n; i += sizeof wide) {
    std::uint64_t word = 0;
    std::memcpy(&word, at + i, sizeof word);
    word ^= wide;
    std::memcpy(at + i, &word, sizeof word);
  }
  for (; i < n; ++i) at[i] ^= key[i % key.size()];
}

} // namespace

frame_status read_frame(bytes_view input, std::size_t limit, frame& out) noexcept {
  if (input.size() < 2) return frame_status::more;
  const auto at = [input](std::size_t i) { return std::to_integer<std::uint64_t>(input[i]); };
  if ((at(0) & 0x70U) != 0 || (at(1) & 0x80U) != 0) return frame_status::broken; // an extension, or masked by a server
  out.op = static_cast<unsigned>(at(0) & 0x0fU);
  out.fin = (at(0) & 0x80U) != 0;
  const bool control = (out.op & 8U) != 0;
  if (out.op > 10 || (out.op > 2 && out.op < 8)) return frame_status::broken;
  if (control && (!out.fin || at(1) > longest_control)) return frame_status::broken;

  const std::size_t extra = at(1) < 126 ? 0 : at(1) == 126 ? 2 : 8;
  if (input.size() < 2 + extra) return frame_status::more;
  std::uint64_t length = at(1);
  if (extra != 0) {
    length = 0;
    for (std::size_t i = 0; i < extra; ++i) length = length << 8U | at(2 + i);
  }
  if (length > limit && !control) return frame_status::too_large;
  if (input.size() - 2 - extra < length) return frame_status::more;
  out.payload = input.subspan(2 + extra, static_cast<std::size_t>(length));
  out.size = 2 + extra + out.payload.size();
  return frame_status::whole;
}

std::array<std::byte, 4> mask_source::next() {
  if (used_ == keys_.size()) {
    for (std::size_t have = 0; have < keys_.size();) {
      const ssize_t n = ::getrandom(keys_.data() + have, keys_.size() - have, 0);
      if (n < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "getrandom");
      if (n > 0) have += static_cast<std::size_t>(n);
    }
    used_ = 0;
  }
  std::array<std::byte, 4> key{};
  std::memcpy(key.data(), keys_.data() + used_, key.size());
  used_ += key.size();
  return key;
}

std::size_t begin_masked(buffer& out) {
  const std::size_t at = out.size();
  out.reserve(short_header);
  out.commit(short_header);
  return at;
}

void end_masked(buffer& out, std::size_t at, unsigned op, std::array<std::byte, 4> key) {
  const std::uint64_t length = out.size() - at - short_header;
  const std::size_t extra = length < 126 ? 0 : length < 65536 ? 2 : 8;
  if (extra != 0) out.insert_gap(at + 2, extra);
  std::byte* header = out.data() + at;
  header[0] = static_cast<std::byte>(0x80U | op);
  header[1] = static_cast<std::byte>(0x80U | (extra == 0 ? length : extra == 2 ? 126 : 127));
  for (std::size_t i = 0; i < extra; ++i) header[2 + i] = static_cast<std::byte>(length >> (8 * (extra - 1 - i)));
  std::memcpy(header + 2 + extra, key.data(), key.size());
  apply_mask(header + short_header + extra, static_cast<std::size_t>(length), key);
}

} // namespace swill::client_detail
