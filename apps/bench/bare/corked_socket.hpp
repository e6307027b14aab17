#pragma once

#include <utility> // Boost.Asio 1.74 uses std::exchange without including it

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/websocket/teardown.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace swill::bench::bare {

namespace net = boost::asio;
namespace beast = boost::beast;
using error_code = boost::system::error_code;

// The concrete executor instead of any_io_executor: every Beast operation copies executors several times.
using executor = net::io_context::executor_type;
using tcp_socket = net::basic_stream_socket<net::ip::tcp, executor>;
using tcp_acceptor = net::basic_socket_acceptor<net::ip::tcp, executor>;

/// The layer under websocket::stream. What is written during one read burst leaves in one send(),
/// at the moment the stream asks the kernel for more input.
class corked_socket {
public:
  using executor_type = executor;

  explicit corked_socket(tcp_socket socket);

  executor_type get_executor() noexcept { return socket_.get_executor(); }
  tcp_socket& socket() noexcept { return socket_; }

  /// `owner` is kept alive by pending flushes.
  void set_owner(std::weak_ptr<void> owner) { owner_ = std::move(owner); }

  /// Where a data frame is to be appended; begin_frame() and end_frame() write its header.
  std::string& output() noexcept { return pending_; }
  std::size_t begin_frame();
  void end_frame(std::size_t start);

  std::size_t backlog() const noexcept { return pending_.size() + in_flight_.size(); }

  /// Sends what is pending; what the kernel does not take goes on by itself.
  void flush();

  /// Calls `f` once, when everything has been handed to the kernel (or the socket has failed).
  void on_drained(std::function<void()> f) { drained_.push_back(std::move(f)); }

  bool failed() const noexcept { return bool(error_); }

  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& buffers, Handler&& handler) {
    flush();
    return socket_.async_read_some(buffers, std::forward<Handler>(handler));
  }

  // Beast writes only its handshake and control frames here; they keep their place among the data frames.
  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    return net::async_initiate<Handler, void(error_code, std::size_t)>(
        [this](auto completion, const Buffers& source) {
          const auto size = append(source);
          flush();
          net::post(get_executor(), beast::bind_front_handler(std::move(completion), error_, size));
        },
        handler, buffers);
  }

private:
  template <class Buffers>
  std::size_t append(const Buffers& buffers) {
    std::size_t size = 0;
    for (auto i = net::buffer_sequence_begin(buffers); i != net::buffer_sequence_end(buffers); ++i) {
      const net::const_buffer part(*i);
      pending_.append(static_cast<const char*>(part.data()), part.size());
      size += part.size();
    }
    return size;
  }

  void write_rest();
  void fail(error_code error);
  void drained();

  tcp_socket socket_;
  std::string pending_;
  std::string in_flight_;
  bool writing_ = false;
  error_code error_;
  std::weak_ptr<void> owner_;
  std::vector<std::function<void()>> drained_;
};

// What websocket::stream needs to find by argument-dependent lookup.
void beast_close_socket(corked_socket& socket);
void teardown(beast::role_type role, corked_socket& socket, error_code& error);

template <class Handler>
void async_teardown(beast::role_type role, corked_socket& socket, Handler&& handler) {
  beast::websocket::async_teardown(role, socket.socket(), std::forward<Handler>(handler));
}

} // namespace swill::bench::bare
