#include "actors/workers/link_filter.hpp"

#include <caf/io/basp/header.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace swill::actors::workers {

namespace {

/// How CAF begins the list of the types of a message that has any. An empty message, which is a part of each reason of an actor's end, has "@<>".
constexpr std::string_view types_follow = "@<>+";
/// Lanes send messages of one std::vector<char>: no stages, no number of a type, then the type's name after the length of that name.
constexpr std::string_view batch_begins{"\0\0\0\x0c@<>+@charbuf", 16};
/// CAF's broker asks this about each new node, and is answered. Neither is of use here; but without an answer its helper actors would wait for ever.
constexpr std::string_view question_begins{"\0\0\0\x14@<>+@atom+@atom+@str", 24};
constexpr std::string_view answer_begins{"\0\0\0\x25@<>+@atom+@str+@strong_actor_ptr+@str", 41};
/// Of handshakes, questions, monitors and news of an end: names of nodes, and little else.
constexpr std::size_t largest_small_payload = 64 * 1024;

std::uint8_t byte_at(std::string_view in, std::size_t i) noexcept { return static_cast<std::uint8_t>(in[i]); }

/// A length as CAF writes it, seven bits in each byte, the lowest first; taken off the front of `in`.
std::optional<std::uint64_t> take_length(std::string_view& in) noexcept {
  constexpr std::size_t most_bytes = 5;
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < in.size() && i < most_bytes; ++i) {
    length |= static_cast<std::uint64_t>(byte_at(in, i) & 0x7fU) << (7 * i);
    if ((byte_at(in, i) & 0x80U) != 0) continue;
    in.remove_prefix(i + 1);
    return length;
  }
  return std::nullopt;
}

bool is_batch(std::string_view payload) noexcept {
  if (!payload.starts_with(batch_begins)) return false;
  payload.remove_prefix(batch_begins.size());
  const auto length = take_length(payload);
  return length && *length == payload.size();
}

} // namespace

bool link_filter::passes(std::string_view in) noexcept {
  const auto of = std::exchange(awaits_payload_of_, std::nullopt);
  if (!of) return header_passes(in);
  if (*of != kind::direct_message) return in.find(types_follow) == std::string_view::npos;
  if (is_batch(in)) return true;
  if (in.size() > largest_small_payload) return false;
  if (in.starts_with(question_begins)) return !std::exchange(has_asked_, true);
  return in.starts_with(answer_begins) && !std::exchange(has_answered_, true);
}

bool link_filter::header_passes(std::string_view in) noexcept {
  if (in.size() != caf::io::basp::header_size) return false;
  constexpr std::size_t length_at = 4; // of four bytes, the highest first
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < 4; ++i) length = length << 8 | byte_at(in, length_at + i);
  const auto is = static_cast<kind>(byte_at(in, 0));
  switch (is) {
    case kind::heartbeat: return length == 0;
    case kind::direct_message: break;
    case kind::server_handshake:
    case kind::client_handshake:
    case kind::monitor_message:
    case kind::down_message:
      if (length > largest_small_payload) return false;
      break;
    case kind::routed_message: // a gateway is nobody's way to another
    default: return false;
  }
  awaits_payload_of_ = is;
  return length != 0;
}

} // namespace swill::actors::workers
