#include "libswill/net/websocket/codec.hpp"

#include "libswill/net/websocket/detail/beast_reader.hpp"

#include <algorithm>
#include <array>

namespace swill::net::websocket {

codec::codec(role end, std::size_t message_limit) : limit_(std::max<std::size_t>(message_limit, 1)) {
  buffers_.end = end;
}

codec::~codec() = default;

void codec::feed(bytes_view input, buffer& output, std::size_t sent, std::uint64_t first) noexcept {
  buffers_.input = input;
  buffers_.output = &output;
  buffers_.sent = sent;
  buffers_.first = first;
  next_ = {};
  if (other_ != nullptr && !other_->in_message()) detail::beast_reader::give_back(std::move(other_));
}

// Of the header of a first frame. A length that is written longer than it needs to be breaks the protocol (RFC 6455 §5.2).
bool codec::is_common(const frame_header& h) const noexcept {
  constexpr unsigned whole_binary = 0x82;
  const std::size_t longer = h.size - (h.masked ? 4 : 0);
  const std::uint64_t shortest = longer == 2 ? 0 : longer == 4 ? 126 : 65536;
  return h.size != 0 && h.first == whole_binary && h.masked == (buffers_.end == role::server) && h.payload <= limit_ &&
         h.payload >= shortest;
}

void codec::look_ahead() noexcept {
  if (next_.size != 0) return;
  next_ = read_header(buffers_.input);
  common_ = is_common(next_);
}

bool codec::read_whole(std::byte* to, std::size_t room, std::size_t& got) noexcept {
  if (!begins_common()) return false;
  const std::byte* payload = buffers_.input.data() + next_.size;
  const auto n = static_cast<std::size_t>(next_.payload); // within the limit
  if (n > room || n > buffers_.input.size() - next_.size) return false;
  std::uint32_t mask = 0;
  if (next_.masked) std::memcpy(&mask, payload - sizeof mask, sizeof mask);
  copy_masked(to, payload, n, mask);
  buffers_.input = buffers_.input.subspan(next_.size + n);
  next_.size = 0;
  got = n;
  text_ = false;
  return true;
}

bool codec::ready() noexcept {
  if (in_frame_) return !buffers_.input.empty();
  if (other_ != nullptr && other_->in_message()) return other_->ready();
  look_ahead();
  if (common_) return next_.payload == 0 || buffers_.input.size() > next_.size;
  return detail::beast_reader::would_start(next_, buffers_.input.size(), limit_);
}

bool codec::in_message() const noexcept { return in_frame_ || (other_ != nullptr && other_->in_message()); }

read_status codec::read(std::byte* to, std::size_t room, std::size_t& got) {
  if (!in_frame_) {
    if (other_ != nullptr && other_->in_message()) return read_other(to, room, got);
    look_ahead();
    if (!common_ && read_plain_close()) return read_status::closed;
    if (!common_) return read_other(to, room, got);
    in_frame_ = true;
    text_ = false;
    frame_left_ = next_.payload;
    mask_ = 0;
    if (next_.masked) std::memcpy(&mask_, buffers_.input.data() + next_.size - sizeof mask_, sizeof mask_);
    buffers_.input = buffers_.input.subspan(next_.size);
    next_ = {};
  }
  return read_common(to, room, got);
}

read_status codec::read_common(std::byte* to, std::size_t room, std::size_t& got) noexcept {
  got = static_cast<std::size_t>(std::min<std::uint64_t>(frame_left_, std::min(room, buffers_.input.size())));
  mask_ = copy_masked(to, buffers_.input.data(), got, mask_);
  buffers_.input = buffers_.input.subspan(got);
  frame_left_ -= got;
  if (frame_left_ != 0) return got != 0 ? read_status::more : read_status::starved;
  in_frame_ = false;
  return read_status::done;
}

// Answered as RFC 6455 §5.5.1 asks, with the code that came, or 1000 where none did.
bool codec::read_plain_close() {
  constexpr unsigned whole_close = 0x88;
  const bytes_view input = buffers_.input;
  const bool masked = buffers_.end == role::server;
  if (next_.size != (masked ? 6 : 2) || next_.first != whole_close || next_.masked != masked) return false;
  if ((next_.payload != 0 && next_.payload != 2) || input.size() < next_.size + next_.payload) return false;
  std::array<std::byte, 2> code{std::byte{1000 >> 8}, std::byte{1000 & 0xff}};
  if (next_.payload != 0) {
    std::uint32_t mask = 0;
    if (masked) std::memcpy(&mask, input.data() + next_.size - sizeof mask, sizeof mask);
    copy_masked(code.data(), input.data() + next_.size, code.size(), mask);
  }
  const int said = std::to_integer<int>(code[0]) << 8 | std::to_integer<int>(code[1]);
  if (said != 1000 && said != 1001) return false;
  if (!buffers_.muted) append_close(*buffers_.output, said, {}, buffers_.end);
  why_ = {next_.payload != 0 ? said : 1005, {}, true};
  buffers_.input = input.subspan(next_.size + static_cast<std::size_t>(next_.payload));
  next_ = {};
  if (other_ != nullptr) detail::beast_reader::give_back(std::move(other_));
  return true;
}

read_status codec::read_other(std::byte* to, std::size_t room, std::size_t& got) {
  next_ = {};
  if (other_ == nullptr) other_ = detail::beast_reader::take(buffers_, limit_);
  const read_status status = other_->read(to, room, got);
  text_ = other_->is_text();
  if (status == read_status::closed) {
    why_ = other_->why();
    other_.reset();
  } else if (buffers_.input.empty() && !other_->in_message()) {
    detail::beast_reader::give_back(std::move(other_));
  }
  return status;
}

} // namespace swill::net::websocket
