#include "apps/bench/load/topic_clients.hpp"

#include "libswill/base/buffer.hpp"

namespace swill::bench {
namespace {

constexpr std::size_t message_bytes = 100;

/// One call of the broker's handler `rpc`: to `topic`, with `message` where there is one.
request_frame topic_frame(std::string_view rpc, std::string_view topic, std::string_view message = {}) {
  buffer data;
  wire::writer to{data};
  to.map(message.empty() ? 1 : 2);
  to.str("topic");
  to.str(topic);
  if (!message.empty()) {
    to.str("data");
    to.str(message);
  }
  return {rpc, data.view()};
}

/// The type of an envelope without trailing metadata; leading ones stand between.
bool is_error(std::string_view payload) { return payload.ends_with("\x03\xc0\xc0"); }

} // namespace

void subscriber_client::start(std::uint64_t) {
  std::uint32_t seq = 0;
  std::string out;
  for (const auto& topic : topics_) {
    auto frame = topic_frame("swill.subscribe", topic);
    frame.set_seq(++seq);
    out.append(frame.bytes());
  }
  connection_.send(out);
}

// An item is [seq, {"offset": …, "data": …}, 0, nil, nil] with a seq of one byte; what comes first is the confirmation, whose data is nil.
void subscriber_client::on_envelope(std::string_view payload, std::uint64_t now) {
  if (payload.size() < 6 || is_error(payload)) return fail("no item", payload);
  if (payload[2] == '\xc0') {
    ++confirmed_;
    return;
  }
  if (payload[2] != '\x82' || payload.size() < message_bytes) return fail("no item", payload);
  ++tally_.messages;
  tally_.latency.add(std::chrono::nanoseconds(now - last_.at));
}

void subscriber_client::on_readable(std::uint64_t now) {
  receive_payloads([&](std::string_view payload) { on_envelope(payload, now); });
}

publisher_client::publisher_client(connection c, tally& t, published& last, const std::vector<std::string>& topics)
    : client(std::move(c), t), last_(last) {
  for (const auto& topic : topics)
    frames_.push_back(topic_frame("swill.publish", topic, std::string(message_bytes, 'x')));
}

void publisher_client::start(std::uint64_t) {
  auto& frame = frames_[seq_ % frames_.size()];
  frame.set_seq(++seq_);
  ++open_;
  last_.at = monotonic_ns();
  connection_.send(frame.bytes());
}

void publisher_client::on_readable(std::uint64_t) {
  receive_payloads([&](std::string_view payload) {
    if (is_error(payload)) fail("not published", payload);
    --open_;
  });
}

} // namespace swill::bench
