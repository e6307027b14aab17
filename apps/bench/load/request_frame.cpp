#include "apps/bench/load/request_frame.hpp"

namespace swill::bench {

using namespace std::string_view_literals;

namespace {

constexpr std::size_t short_header = 6;
constexpr std::size_t long_header = 8;

} // namespace

request_frame::request_frame(std::string_view rpc, payload kind) {
  const bool is_long = kind == payload::list;
  begin(is_long, kind == payload::end_of_stream ? '\x94' : '\x93');
  switch (kind) {
    case payload::pair:
      bytes_.append("\x92\xcd\0\0\xcd\0\0"sv);
      data_at_ = bytes_.size() - 5;
      break;
    case payload::integer:
      bytes_.append("\xce\0\0\0\0"sv);
      data_at_ = bytes_.size() - 4;
      break;
    case payload::list: append_list(); break;
    case payload::end_of_stream: bytes_.push_back('\xc0'); break;
  }
  bytes_.push_back(static_cast<char>(0xa0 | rpc.size())); // every name here is shorter than 32 bytes
  bytes_.append(rpc);
  if (kind == payload::end_of_stream) bytes_.push_back('\1');
  end(is_long);
}

request_frame::request_frame(std::string_view rpc, std::string_view encoded_data) {
  const bool is_long = encoded_data.size() + rpc.size() + 10 >= 126;
  begin(is_long, '\x93');
  bytes_.append(encoded_data);
  bytes_.push_back(static_cast<char>(0xa0 | rpc.size()));
  bytes_.append(rpc);
  end(is_long);
}

void request_frame::begin(bool is_long, char array) {
  bytes_.append(is_long ? "\x82\xfe\0\0\0\0\0\0"sv : "\x82\x80\0\0\0\0"sv);
  bytes_.push_back(array);
  bytes_.append("\xce\0\0\0\0"sv);
  seq_at_ = bytes_.size() - 4;
}

void request_frame::end(bool is_long) {
  const std::size_t length = bytes_.size() - (is_long ? long_header : short_header);
  if (is_long) {
    put16(2, static_cast<std::uint16_t>(length));
  } else {
    bytes_[1] = static_cast<char>(0x80 | length);
  }
}

void request_frame::append_list() {
  bytes_.append("\xdc\0\0"sv);
  put16(bytes_.size() - 2, list_items);
  for (std::uint16_t i = 0; i < list_items; ++i) {
    bytes_.append("\xcd\0\0"sv);
    put16(bytes_.size() - 2, i);
  }
}

void request_frame::set_pair(std::uint16_t a, std::uint16_t b) noexcept {
  put16(data_at_, a);
  put16(data_at_ + 3, b);
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
