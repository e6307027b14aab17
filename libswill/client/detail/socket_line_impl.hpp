#pragma once

#include "libswill/client/detail/socket_line.hpp"
#include "libswill/net/connector.hpp"

#include <utility>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

namespace swill::client_detail {

/// The executor by its own type: Asio's type-erased one costs an allocation here and there.
struct socket_line::sockets {
  using executor = boost::asio::io_context::executor_type;
  using stream = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, executor>;

  sockets(net::asio_loop& l, const look_up_function& look_up) : socket(l.context()), connector(l, look_up) {}

  stream socket;
  net::connector connector;
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
