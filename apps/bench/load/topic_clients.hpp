#pragma once

#include "apps/bench/load/client.hpp"
#include "libswill/base/buffer.hpp"

#include <string>
#include <string_view>
#include <vector>

// Clients of a broker.

namespace swill::bench {

inline constexpr std::size_t message_bytes = 100;

/// One call of the broker's handler `rpc`: to `topic`, with `message` where there is one.
inline request_frame topic_frame(std::string_view rpc, std::string_view topic, std::string_view message = {}) {
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
inline bool is_error(std::string_view payload) { return payload.ends_with("\x03\xc0\xc0"); }

/// What a subscriber gets: the time of the last publish, for latencies.
struct published {
  std::uint64_t at = 0;
};

/// Subscribes to some topics and counts what comes.
class subscriber_client : public client {
public:
  subscriber_client(connection c, tally& t, const published& last, std::vector<std::string> topics)
      : client(std::move(c), t), last_(last), topics_(std::move(topics)) {}

  void start(std::uint64_t) override {
    std::uint32_t seq = 0;
    std::string out;
    for (const auto& topic : topics_) {
      auto frame = topic_frame("swill.subscribe", topic);
      frame.set_seq(++seq);
      out.append(frame.bytes());
    }
    connection_.send(out);
  }
  void on_readable(std::uint64_t now) override {
    receive_payloads([&](std::string_view payload) { on_envelope(payload, now); });
  }
  /// Every subscription has been confirmed.
  bool idle() const override { return confirmed_ == topics_.size(); }

private:
  // An item is [seq, {"offset": …, "data": …}, 0, nil, nil] with a seq of one byte; what comes first is the confirmation, whose data is nil.
  void on_envelope(std::string_view payload, std::uint64_t now) {
    if (payload.size() < 6 || is_error(payload)) return fail("no item", payload);
    if (payload[2] == '\xc0') {
      ++confirmed_;
      return;
    }
    if (payload[2] != '\x82' || payload.size() < message_bytes) return fail("no item", payload);
    ++tally_.messages;
    tally_.latency.add(std::chrono::nanoseconds(now - last_.at));
  }

  const published& last_;
  std::vector<std::string> topics_;
  std::size_t confirmed_ = 0;
};

/// Publishes one message of 100 bytes at a time, to its topics in turn. Answers are not counted: deliveries are.
class publisher_client : public client {
public:
  publisher_client(connection c, tally& t, published& last, const std::vector<std::string>& topics)
      : client(std::move(c), t), last_(last) {
    for (const auto& topic : topics)
      frames_.push_back(topic_frame("swill.publish", topic, std::string(message_bytes, 'x')));
  }

  /// One publish.
  void start(std::uint64_t) override {
    auto& frame = frames_[seq_ % frames_.size()];
    frame.set_seq(++seq_);
    ++open_;
    last_.at = monotonic_ns();
    connection_.send(frame.bytes());
  }
  void on_readable(std::uint64_t) override {
    receive_payloads([&](std::string_view payload) {
      if (is_error(payload)) fail("not published", payload);
      --open_;
    });
  }
  bool idle() const override { return open_ == 0; }

private:
  published& last_;
  std::vector<request_frame> frames_;
  std::uint32_t seq_ = 0;
  std::size_t open_ = 0;
};

} // namespace swill::bench
