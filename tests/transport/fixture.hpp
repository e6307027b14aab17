#pragma once

#include "libswill/net/io_threads.hpp"
#include "libswill/transport/websocket_server.hpp"
#include "tests/support/raw_client.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <poll.h>
#include <string>
#include <vector>

namespace swill::test {

/// Asks again and again until it is true; false after ten seconds.
template <class F>
bool eventually(const F& f) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (std::chrono::steady_clock::now() < end) {
    if (f()) return true;
    ::poll(nullptr, 0, 1);
  }
  return f();
}

/// What the connections of a test server do: by default they send every message back.
struct script {
  std::function<void(std::shared_ptr<handshake>)> on_handshake; ///< default: accepts
  std::function<void(message_port&)> on_open;
  std::function<void(message_port&, bytes_view)> on_message;
  std::function<void(message_port&)> on_writable;
  std::function<void(const close_reason&)> on_closed;
};

/// A server on a free port of the loopback, with one I/O thread.
class test_server final : public gate {
public:
  explicit test_server(script s = {}, const std::function<void(transport::server_settings&)>& change = {},
                       std::size_t threads = 1);
  ~test_server();

  std::string address() const { return server_->addresses().front(); }
  transport::websocket_server& server() { return *server_; }
  transport::statistics statistics() const { return server_->statistics(); }
  raw_client connect() const { return raw_client{address()}; }
  /// Connects and upgrades.
  raw_client open() const;

  std::vector<close_reason> closed() const;
  std::vector<std::string> log() const;
  /// Accepts h with a sink that follows the script.
  message_port* accept(handshake& h, const header_list& headers = {});
  /// Runs f on the first I/O thread and waits for it.
  void on_loop(const std::function<void()>& f);

private:
  class connection;
  void on_handshake(std::shared_ptr<handshake> h) override;

  script script_;
  mutable std::mutex mutex_; // guards what follows
  std::vector<close_reason> closed_;
  std::vector<std::string> log_;
  log_sink sink_;
  std::unique_ptr<net::io_threads> threads_;
  std::unique_ptr<transport::websocket_server> server_;
};

/// Sends one message.
inline void send(message_port& port, std::string_view text) {
  port.begin_message().append(text.data(), text.size());
  port.end_message();
}

} // namespace swill::test
