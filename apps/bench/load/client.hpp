#pragma once

#include "apps/bench/load/connection.hpp"
#include "apps/bench/load/request_frame.hpp"
#include "apps/bench/load/response.hpp"
#include "apps/bench/load/tally.hpp"
#include "libswill/base/encoding.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace swill::bench {

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
