#pragma once

#include "libswill/net/websocket/detail/beast_reader.hpp"
#include "libswill/net/websocket/frame.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The codec, and beside it Beast alone, fed with the same bytes.

namespace swill::net::websocket {

// The codec, as a connection has it.
struct both_ways {
  both_ways(role r, std::size_t limit) : c(r, limit) {}
  void feed(bytes_view input, buffer& output, std::size_t sent, std::uint64_t first) {
    c.feed(input, output, sent, first);
  }
  bool ready() { return c.ready(); }
  read_status read(std::byte* to, std::size_t room, std::size_t& got) { return c.read(to, room, got); }
  bool read_whole(std::byte* to, std::size_t room, std::size_t& got) {
    return ++asked % 2 == 0 && c.read_whole(to, room, got); // the other ones in pieces
  }
  std::size_t left() const { return c.left(); }
  bool is_text() const { return c.is_text(); }
  int close_code() const { return c.why().code; }
  std::uint32_t pongs() { return c.take_pongs(); }
  codec c;
  unsigned asked = 0;
};

// Beast alone: the authority.
struct beast_alone {
  beast_alone(role r, std::size_t limit) {
    buffers.end = r;
    reader = detail::beast_reader::take(buffers, std::max<std::size_t>(limit, 1));
  }
  void feed(bytes_view input, buffer& output, std::size_t sent, std::uint64_t first) {
    buffers.input = input;
    buffers.output = &output;
    buffers.sent = sent;
    buffers.first = first;
  }
  bool ready() const { return reader->ready(); }
  read_status read(std::byte* to, std::size_t room, std::size_t& got) { return reader->read(to, room, got); }
  static bool read_whole(std::byte*, std::size_t, std::size_t&) { return false; }
  std::size_t left() const { return buffers.input.size(); }
  bool is_text() const { return reader->is_text(); }
  int close_code() const { return reader->why().code; }
  std::uint32_t pongs() { return std::exchange(buffers.pongs, 0U); }
  codec_buffers buffers;
  std::unique_ptr<detail::beast_reader> reader;
};

// A reader of messages, and what came out of it.
template <class Way = both_ways>
struct decoding {
  explicit decoding(std::size_t limit = 1000, role r = role::server) : d(r, limit) {}

  // Feeds one piece after what was left of those before.
  void put(std::string_view piece) {
    kept.append(piece);
    d.feed(as_bytes(kept), output, sent, first);
    while (!closed && d.ready()) {
      std::byte room[7], large[600];
      std::size_t got = 0;
      if (d.read_whole(large, sizeof large, got)) {
        messages.push_back((d.is_text() ? "t" : "") + std::string{as_text(bytes_view{large}.first(got))});
        continue;
      }
      const auto status = d.read(room, sizeof room, got);
      message.append(as_text(bytes_view{room}.first(got)));
      if (status == read_status::done) messages.push_back((d.is_text() ? "t" : "") + std::exchange(message, {}));
      if (status == read_status::closed) closed = d.close_code();
    }
    if (!closed) kept.erase(0, kept.size() - d.left());
    pongs += d.pongs();
  }

  Way d;
  buffer output;
  std::size_t sent = 0;
  std::uint64_t first = 0;
  std::string kept, message;
  std::vector<std::string> messages;
  int closed = 0;
  std::uint32_t pongs = 0;
};

// A frame as a server writes it: the same without the mask.
inline std::string unmasked(std::string masked) {
  const frame_header h = read_header(as_bytes(masked));
  std::uint32_t mask = 0;
  std::memcpy(&mask, masked.data() + h.size - 4, sizeof mask);
  auto* payload = reinterpret_cast<std::byte*>(masked.data() + h.size);
  copy_masked(payload, payload, masked.size() - h.size, mask);
  masked[1] = static_cast<char>(masked[1] & 0x7f);
  return masked.erase(h.size - 4, 4);
}

// What an end has written, without the masks, which differ.
inline std::string plain(const buffer& output) {
  std::string all;
  bytes_view rest = output.view();
  while (!rest.empty()) {
    const frame_header h = read_header(rest);
    const std::string one{as_text(rest.first(h.size + static_cast<std::size_t>(h.payload)))};
    all += h.masked ? unmasked(one) : one;
    rest = rest.subspan(one.size());
  }
  return all;
}

} // namespace swill::net::websocket
