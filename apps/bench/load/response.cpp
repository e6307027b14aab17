#include "apps/bench/load/response.hpp"

namespace swill::bench {
namespace {

// A cursor over MessagePack that knows integers and nil: all that a right answer holds. wire::reader calls a function for each integer of
// more than a byte, with which a message costs the generator an eighth more.
class reader {
public:
  explicit reader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool skip(std::uint8_t expected) noexcept {
    if (at_ == end_ || static_cast<std::uint8_t>(*at_) != expected) return false;
    ++at_;
    return true;
  }

  bool integer(std::int64_t& out) noexcept {
    if (at_ == end_) return false;
    const auto first = static_cast<std::uint8_t>(*at_++);
    if (first < 0x80 || first >= 0xe0) {
      out = static_cast<std::int8_t>(first);
      return true;
    }
    if (first < 0xcc || first > 0xd3) return false;
    const bool is_signed = first >= 0xd0;
    return big_endian(1u << (first - (is_signed ? 0xd0 : 0xcc)), is_signed, out);
  }

  bool at_end() const noexcept { return at_ == end_; }

private:
  bool big_endian(unsigned width, bool is_signed, std::int64_t& out) noexcept {
    if (static_cast<std::size_t>(end_ - at_) < width) return false;
    std::uint64_t value = is_signed && *at_ < 0 ? ~0ull : 0;
    for (unsigned i = 0; i < width; ++i) value = value << 8 | static_cast<std::uint8_t>(*at_++);
    out = static_cast<std::int64_t>(value);
    return true;
  }

  const char* at_;
  const char* end_;
};

constexpr std::uint8_t array_of_five = 0x95;
constexpr std::uint8_t nil = 0xc0;

} // namespace

std::optional<response> parse_response(std::string_view envelope) noexcept {
  reader in(envelope);
  response r;
  std::int64_t seq = 0, type = 0;
  if (!in.skip(array_of_five) || !in.integer(seq)) return std::nullopt;
  if (!in.skip(nil) && !in.integer(r.value)) return std::nullopt;
  if (!in.integer(type) || !in.skip(nil) || !in.skip(nil) || !in.at_end()) return std::nullopt;
  if (seq <= 0 || type < response::message || type > response::end_of_stream) return std::nullopt;
  r.seq = static_cast<std::uint64_t>(seq);
  r.type = static_cast<response::kind>(type);
  return r;
}

} // namespace swill::bench
