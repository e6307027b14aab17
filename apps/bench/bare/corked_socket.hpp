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
#include <vector>

namespace swill::bench::bare {

namespace asio = boost::asio;
namespace beast = boost::beast;
using error_code = boost::system::error_code;

// The concrete executor instead of any_io_executor: every Beast operation copies executors several times.
using executor = asio::io_context::executor_type;
using tcp_socket = asio::basic_stream_socket<asio::ip::tcp, executor>;
using tcp_acceptor = asio::basic_socket_acceptor<asio::ip::tcp, executor>;

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

  /// Where a data frame is to be appended; begin_frame() and end_frame() write the header, which is that of a payload of less than 126 bytes.
  std::string& output() noexcept { return pending_; }
  std::size_t begin_frame() {
    pending_.append("\x82\x00", 2);
    return pending_.size();
  }
  void end_frame(std::size_t start) { pending_[start - 1] = static_cast<char>(pending_.size() - start); }

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
    return asio::async_initiate<Handler, void(error_code, std::size_t)>(
        [this](auto completion, const Buffers& source) {
          const auto before = pending_.size();
          for (auto i = asio::buffer_sequence_begin(source); i != asio::buffer_sequence_end(source); ++i) {
            const asio::const_buffer part(*i);
            pending_.append(static_cast<const char*>(part.data()), part.size());
          }
          const auto size = pending_.size() - before;
          flush();
          asio::post(get_executor(), beast::bind_front_handler(std::move(completion), error_, size));
        },
        handler, buffers);
  }

private:
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
