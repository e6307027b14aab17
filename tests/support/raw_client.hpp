#pragma once

#include "tests/support/tls_line.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace swill::test {

/// A WebSocket client for tests that sends whatever it is told to, right or wrong. Blocking; every wait has a limit, after which it
/// throws std::runtime_error.
class raw_client {
public:
  /// "127.0.0.1:8080", "[::1]:8080", "unix:PATH".
  explicit raw_client(const std::string& address, std::chrono::milliseconds patience = std::chrono::seconds{10});
  ~raw_client();
  raw_client(raw_client&& other) noexcept;
  raw_client& operator=(raw_client&&) = delete;

  /// Shakes hands; everything that follows goes by TLS, but for what is sent as ciphertext.
  void secure(const tls_line::options& o);
  const tls_line& tls() const noexcept { return *tls_; }

  struct upgrade_options {
    std::string path = "/ws";
    std::string subprotocol = "swill.v1";
    std::string more_headers; ///< whole lines with CRLF
    std::string with;         ///< bytes in the same write
  };
  static std::string upgrade_request(const upgrade_options& o);
  static std::string upgrade_request() { return upgrade_request(upgrade_options{}); }

  struct response {
    int status = 0;
    std::string head;
    std::string body;
    std::string header(std::string_view name) const; ///< empty when there is none
  };
  response upgrade(const upgrade_options& o);
  response upgrade() { return upgrade(upgrade_options{}); }
  response read_response();
  /// The same in two steps: status and headers, then so many bytes.
  response read_response_head();
  std::string read_body(std::size_t size);

  struct frame {
    int op = 0;
    std::string payload;
    bool fin = true;
    int close_code() const; ///< 1005 without one
  };
  static std::string encode(int op, std::string_view payload, bool fin = true, std::uint32_t mask = 0x01020304,
                            int rsv = 0);
  static std::string close_payload(int code, std::string_view reason = {});
  static std::string close_frame(int code, std::string_view reason = {}) {
    return encode(8, close_payload(code, reason));
  }

  void send(std::string_view bytes);
  void send_ciphertext(std::string_view bytes); ///< as it is
  void send_frame(int op, std::string_view payload, bool fin = true) { send(encode(op, payload, fin)); }
  void send_message(std::string_view payload) { send_frame(2, payload); }

  frame read_frame();
  std::string read_message(); ///< throws when something else comes
  bool at_end();              ///< waits until the server has ended TCP; false when something else comes
  void shut_down_sending();
  void reset(); ///< ends TCP with RST

  int fd() const noexcept { return fd_; }

private:
  void need(std::size_t n);
  bool receive();
  void send_what_waits();

  int fd_ = -1;
  std::chrono::milliseconds patience_;
  std::string input_;
  std::unique_ptr<tls_line> tls_;
};

} // namespace swill::test
