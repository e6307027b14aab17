#pragma once

#include "apps/bench/bare/corked_socket.hpp"
#include "apps/bench/bare/envelope.hpp"
#include "apps/bench/bare/redis.hpp"
#include "apps/bench/bare/topics.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <unordered_map>

namespace swill::bench::bare {

/// What all connections share.
struct shared_state {
  topics hub;
  std::unique_ptr<redis> store; // null: no `visit`
  std::uint64_t connections = 0;
};

/// One connection. It lives as long as an operation on its socket is pending.
class session : public std::enable_shared_from_this<session> {
public:
  session(tcp_socket socket, shared_state& shared);
  void start();

  /// Appends one message; `f` appends its bytes.
  template <class F>
  void append(const F& f) {
    const auto frame = out().begin_frame();
    f(out().output());
    out().end_frame(frame);
  }
  void flush() { out().flush(); }

private:
  using self = std::shared_ptr<session>;
  using http_parser = beast::http::request_parser<beast::http::string_body>;

  static void read(self me);
  void accept(const http_parser& parser);
  void reject(beast::http::status status);
  void on_request(const request& r);
  void on_stream_item(const request& r);
  void send_burst(std::uint64_t seq, std::int64_t next, std::int64_t end);
  void send_after(std::chrono::milliseconds delay, std::uint64_t seq, std::int64_t value);
  void reply(std::uint64_t seq, std::int64_t value);
  void visit(std::uint64_t seq, std::int64_t value);
  void flush_soon();

  corked_socket& out() { return stream_.next_layer(); }

  // `false` leaves permessage-deflate out at compile time.
  beast::websocket::stream<corked_socket, false> stream_;
  beast::flat_buffer buffer_;
  shared_state& shared_;
  std::string store_key_;
  bool flush_posted_ = false;
  std::unordered_map<std::uint64_t, std::int64_t> sums_; // open sum_stream requests, by seq
};

} // namespace swill::bench::bare
