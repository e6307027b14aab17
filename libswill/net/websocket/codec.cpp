#include "libswill/net/websocket/codec.hpp"

#include "libswill/net/websocket/detail/beast_reader.hpp"

#include <algorithm>

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
