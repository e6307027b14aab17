#pragma once

#include "apps/bench/load/client.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace swill::bench {

/// What a subscriber gets: the time of the last publish, for latencies.
struct published {
  std::uint64_t at = 0;
};

/// Subscribes to some topics and counts what comes.
class subscriber_client : public client {
public:
  subscriber_client(connection c, tally& t, const published& last, std::vector<std::string> topics)
      : client(std::move(c), t), last_(last), topics_(std::move(topics)) {}

  void start(std::uint64_t now) override;
  void on_readable(std::uint64_t now) override;
  /// Every subscription has been confirmed.
  bool idle() const override { return confirmed_ == topics_.size(); }

private:
  void on_envelope(std::string_view payload, std::uint64_t now);

  const published& last_;
  std::vector<std::string> topics_;
  std::size_t confirmed_ = 0;
};

/// Publishes one message of 100 bytes at a time, to its topics in turn. Answers are not counted: deliveries are.
class publisher_client : public client {
public:
  publisher_client(connection c, tally& t, published& last, const std::vector<std::string>& topics);

  /// One publish.
  void start(std::uint64_t now) override;
  void on_readable(std::uint64_t now) override;
  bool idle() const override { return open_ == 0; }

private:
  published& last_;
  std::vector<request_frame> frames_;
  std::uint32_t seq_ = 0;
  std::size_t open_ = 0;
};

} // namespace swill::bench
