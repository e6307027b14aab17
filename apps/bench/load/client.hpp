#pragma once

#include "apps/bench/load/connection.hpp"
#include "apps/common/latencies.hpp"
#include "libswill/base/encoding.hpp"
#include "libswill/wire/envelope.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace swill::bench {

/// What a prepared request carries as its data: two integers of 16 bits, one of 32, the integers from 0 to before list_items, or nil.
enum class payload { pair, integer, list, nothing };

inline constexpr std::uint16_t list_items = 1000;

/// One masked WebSocket frame holding one request envelope, encoded once. Only numbers of fixed width change
/// afterwards, so that a request costs the generator a copy of some thirty bytes. The mask key is zero: the
/// server unmasks as it would any other.
class request_frame {
public:
  request_frame(std::string_view rpc, payload kind, wire::request_type type = wire::request_type::message);
  /// Data that is encoded already; the frame must stay below 64 KiB.
  request_frame(std::string_view rpc, bytes_view data, wire::request_type type = wire::request_type::message);

  void set_seq(std::uint32_t seq) noexcept { put32(data_at_ - 4, seq); }
  void set_integer(std::uint32_t value) noexcept { put32(data_at_ + 1, value); }
  void set_pair(std::uint16_t a, std::uint16_t b) noexcept {
    put16(data_at_ + 2, a);
    put16(data_at_ + 5, b);
  }

  std::string_view bytes() const noexcept { return bytes_; }

private:
  void put16(std::size_t at, std::uint16_t value) noexcept;
  void put32(std::size_t at, std::uint32_t value) noexcept;

  std::string bytes_;
  std::size_t data_at_ = 0; // right after the seq
};

/// A response envelope whose data is nil or one integer.
struct response {
  enum kind : std::uint8_t { message = 0, end_of_stream = 1, metadata = 2, error = 3 };

  std::uint64_t seq = 0;
  std::int64_t value = 0;
  kind type = message;
};

/// Reads the five elements. Anything but such a response (an ERROR too, for its data is a map) is nothing.
std::optional<response> parse_response(std::string_view envelope) noexcept;

/// What clients have seen. The errors stay through clear(): a wrong answer during warm-up counts too.
struct tally {
  std::uint64_t messages = 0;
  apps::latencies latency;
  std::uint64_t errors = 0;
  std::string first_error;

  void fail(std::string what) {
    if (errors++ == 0) first_error = std::move(what);
  }
  void clear() noexcept {
    messages = 0;
    latency = {};
  }
};

/// CLOCK_MONOTONIC in nanoseconds.
std::uint64_t monotonic_ns() noexcept;

/// One connection and what is asked on it. `now` is taken once per wake-up, not once per message.
class client {
public:
  client(connection c, tally& t) : connection_(std::move(c)), tally_(t) {}
  virtual ~client() = default;

  /// Sends the first request, or the next one after the last has ended.
  virtual void start(std::uint64_t now) = 0;
  virtual void on_readable(std::uint64_t now) = 0;
  virtual void on_writable() {}
  virtual bool wants_to_write() const { return false; }
  /// Nothing is open: every request has had its answer.
  virtual bool idle() const = 0;

  int fd() const noexcept { return connection_.fd(); }
  bool closed() const noexcept { return closed_; }

protected:
  template <class F>
  void receive(F&& on_response) {
    receive_payloads([&](std::string_view payload) {
      if (const auto r = parse_response(payload)) [[likely]]
        return on_response(*r);
      fail("not the response that was expected", payload);
    });
  }
  template <class F>
  void receive_payloads(F&& on_payload) {
    if (connection_.receive(on_payload)) return;
    closed_ = true;
    tally_.fail("the server closed the connection");
  }

  void fail(const std::string& what, std::string_view payload) {
    tally_.fail(what + ": " + to_hex(as_bytes(payload.substr(0, 64))));
  }

  connection connection_;
  tally& tally_;

private:
  bool closed_ = false;
};

/// A unary handler, by its name, and what it is asked.
struct unary_rpc {
  const char* name;
  payload data;
};
inline constexpr unary_rpc add{"add", payload::pair};

/// Keeps `depth` unary requests open until it is told to stop.
class unary_client : public client {
public:
  unary_client(connection c, tally& t, unary_rpc rpc, unsigned depth);

  void start(std::uint64_t now) override;
  void on_readable(std::uint64_t now) override;
  bool idle() const override { return open_ == 0; }
  void stop() noexcept { stopped_ = true; }

private:
  // Slot i uses the seqs i+1, i+1+depth, i+1+2*depth ...: answers may come in any order, and each is checked.
  struct slot {
    std::uint32_t seq = 0;
    std::int64_t expected = 0;
    std::uint64_t sent_at = 0;
  };

  void ask(slot& s, std::uint64_t now);

  request_frame frame_;
  unary_rpc rpc_;
  std::vector<slot> slots_;
  std::string out_;
  std::size_t open_ = 0;
  bool stopped_ = false;
};

/// Receives streams of `items` integers.
class burst_client : public client {
public:
  burst_client(connection c, tally& t, std::uint32_t items);

  void start(std::uint64_t now) override;
  void on_readable(std::uint64_t now) override;
  bool idle() const override { return !open_; }

private:
  void on_response(const response& r);

  request_frame frame_;
  std::uint32_t items_;
  std::uint32_t seq_ = 0;
  std::int64_t next_ = 0;
  bool open_ = false;
};

/// Sends streams of `items` integers, as fast as the socket takes them.
class upload_client : public client {
public:
  upload_client(connection c, tally& t, std::uint32_t items);

  void start(std::uint64_t now) override;
  void on_readable(std::uint64_t now) override;
  void on_writable() override;
  bool wants_to_write() const override { return sent_ < total_; }
  bool idle() const override { return !open_; }

private:
  void fill(std::uint32_t seq);
  std::string_view unsent() const;

  request_frame item_;
  request_frame end_;
  std::uint32_t items_;
  std::uint32_t seq_ = 0;
  std::int64_t sum_ = 0;
  std::string block_;    // many items, sent again and again
  std::size_t sent_ = 0; // bytes of this stream
  std::size_t total_ = 0;
  bool open_ = false;
};

} // namespace swill::bench
