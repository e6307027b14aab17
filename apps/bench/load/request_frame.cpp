#include "apps/bench/load/request_frame.hpp"

#include "libswill/base/buffer.hpp"

#include <limits>

namespace swill::bench {
namespace {

// Of numbers that are set later: no other has a longer form.
constexpr auto widest16 = std::numeric_limits<std::uint16_t>::max();
constexpr auto widest32 = std::numeric_limits<std::uint32_t>::max();

buffer encoded(payload kind) {
  buffer out;
  wire::writer to{out};
  switch (kind) {
    case payload::pair:
      to.array(2);
      to.integer(widest16);
      to.integer(widest16);
      break;
    case payload::integer: to.integer(widest32); break;
    case payload::list:
      to.array(list_items);
      for (std::int64_t i = 0; i < list_items; ++i) to.integer(i);
      break;
    case payload::nothing: to.nil(); break;
  }
  return out;
}

} // namespace

request_frame::request_frame(std::string_view rpc, payload kind, wire::request_type type)
    : request_frame(rpc, encoded(kind).view(), type) {}

request_frame::request_frame(std::string_view rpc, bytes_view data, wire::request_type type) : bytes_("\x82") {
  buffer envelope;
  wire::writer to{envelope};
  wire::write_request(to, widest32, data, rpc, type);
  const auto size = envelope.size();
  bytes_.push_back(static_cast<char>(0x80 | (size < 126 ? size : 126)));
  if (size >= 126) put16(bytes_.append(2, '\0').size() - 2, static_cast<std::uint16_t>(size));
  bytes_.append(4, '\0');       // the mask key
  data_at_ = bytes_.size() + 6; // after the array's head and a seq of 32 bits
  bytes_.append(as_text(envelope.view()));
}

void request_frame::put16(std::size_t at, std::uint16_t value) noexcept {
  bytes_[at] = static_cast<char>(value >> 8);
  bytes_[at + 1] = static_cast<char>(value);
}

void request_frame::put32(std::size_t at, std::uint32_t value) noexcept {
  put16(at, static_cast<std::uint16_t>(value >> 16));
  put16(at + 2, static_cast<std::uint16_t>(value));
}

} // namespace swill::bench
