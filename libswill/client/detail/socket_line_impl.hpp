#pragma once

#include "libswill/client/detail/socket_line.hpp"

#include <utility>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace swill::client_detail {

/// The executor by its own type: Asio's type-erased one costs an allocation here and there.
struct socket_line::sockets {
  using executor = boost::asio::io_context::executor_type;
  using stream = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, executor>;

  explicit sockets(boost::asio::io_context& io) : socket(io), resolver(io) {}

  stream socket;
  boost::asio::ip::basic_resolver<boost::asio::ip::tcp, executor> resolver;
};

/// Whatever goes wrong in f ends this connection and no other.
template <class F>
void socket_line::guarded(const F& f) noexcept {
  try {
    f();
  } catch (const std::exception& e) {
    if (phase_ < phase::open) {
      fail(std::current_exception());
    } else {
      die({1006, e.what(), false});
    }
  }
}

} // namespace swill::client_detail
