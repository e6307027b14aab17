#include "apps/bench/load/topic_clients.hpp"

#include "libswill/base/encoding.hpp"

namespace swill::bench {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t message_bytes = 100;

std::string text(std::string_view s) {
  std::string out;
  if (s.size() < 32) {
    out.push_back(static_cast<char>(0xa0 | s.size()));
  } else {
    out.push_back('\xd9');
    out.push_back(static_cast<char>(s.size()));
  }
  return out.append(s);
}

std::string to_topic(const std::string& topic) { return "\x81" + text("topic") + text(topic); }

std::string message_to(const std::string& topic) {
  return "\x82" + text("topic") + text(topic) + text("data") + text(std::string(message_bytes, 'x'));
}

/// The type of an envelope without trailing metadata; leading ones stand between.
bool is_error(std::string_view payload) { return payload.ends_with("\x03\xc0\xc0"sv); }

} // namespace

subscriber_client::subscriber_client(connection c, tally& t, const published& last, std::vector<std::string> topics)
    : client(std::move(c), t), last_(last), topics_(std::move(topics)) {}

void subscriber_client::start(std::uint64_t) {
  std::uint32_t seq = 0;
  std::string out;
  for (const auto& topic : topics_) {
    request_frame frame("swill.subscribe", to_topic(topic));
    frame.set_seq(++seq);
    out.append(frame.bytes());
  }
  connection_.send(out);
}

// An item is [seq, {"offset": …, "data": …}, 0, nil, nil] with a seq of one byte; what comes first is the confirmation, whose data is nil.
void subscriber_client::on_envelope(std::string_view payload, std::uint64_t now) {
  if (payload.size() < 6 || is_error(payload))
    return tally_.fail("no item: " + to_hex(as_bytes(payload.substr(0, 64))));
  if (payload[2] == '\xc0') {
    ++confirmed_;
    return;
  }
  if (payload[2] != '\x82' || payload.size() < message_bytes)
    return tally_.fail("no item: " + to_hex(as_bytes(payload)));
  ++tally_.messages;
  tally_.latency.record(now - last_.at);
}

void subscriber_client::on_readable(std::uint64_t now) {
  if (!connection_.receive([&](std::string_view payload) { on_envelope(payload, now); }))
    tally_.fail("the server closed a subscriber's connection");
}

publisher_client::publisher_client(connection c, tally& t, published& last, std::vector<std::string> topics)
    : client(std::move(c), t), last_(last) {
  for (const auto& topic : topics) frames_.emplace_back("swill.publish", message_to(topic));
}

void publisher_client::start(std::uint64_t) {
  auto& frame = frames_[seq_ % frames_.size()];
  frame.set_seq(++seq_);
  ++open_;
  last_.at = monotonic_ns();
  connection_.send(frame.bytes());
}

void publisher_client::on_readable(std::uint64_t) {
  const bool open = connection_.receive([&](std::string_view payload) {
    if (is_error(payload)) tally_.fail("not published: " + to_hex(as_bytes(payload.substr(0, 64))));
    --open_;
  });
  if (!open) tally_.fail("the server closed the publisher's connection");
}

} // namespace swill::bench
