#include "apps/bench/bare/corked_socket.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include <sys/socket.h>

#include <cerrno>

namespace swill::bench::bare {

corked_socket::corked_socket(tcp_socket socket) : socket_(std::move(socket)) {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.native_non_blocking(true, ignored);
}

void corked_socket::flush() {
  if (writing_ || pending_.empty()) return;
  // A send that succeeds at once saves a round through the reactor, and nearly every one does.
  const auto sent = ::send(socket_.native_handle(), pending_.data(), pending_.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return fail(error_code(errno, boost::system::system_category()));
  if (sent == static_cast<ssize_t>(pending_.size())) return pending_.clear();
  if (sent > 0) pending_.erase(0, static_cast<std::size_t>(sent));
  write_rest();
}

void corked_socket::write_rest() {
  writing_ = true;
  in_flight_.swap(pending_);
  asio::async_write(socket_, asio::buffer(in_flight_), [this, keep = owner_.lock()](error_code error, std::size_t) {
    writing_ = false;
    in_flight_.clear();
    if (error) return fail(error);
    flush();
    if (!writing_) drained();
  });
}

void corked_socket::fail(error_code error) {
  error_ = error;
  pending_.clear();
  drained();
}

void corked_socket::drained() {
  for (auto& f : std::exchange(drained_, {})) f();
}

void beast_close_socket(corked_socket& socket) {
  error_code ignored;
  socket.socket().close(ignored);
}

void teardown(beast::role_type role, corked_socket& socket, error_code& error) {
  beast::websocket::teardown(role, socket.socket(), error);
}

} // namespace swill::bench::bare
