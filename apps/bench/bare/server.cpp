#include "apps/bench/bare/server.hpp"

#include "apps/bench/bare/session.hpp"

#include <boost/asio/ip/address_v4.hpp>

namespace swill::bench::bare {
namespace {

void accept_next(tcp_acceptor& acceptor) {
  acceptor.async_accept([&acceptor](error_code error, tcp_socket socket) {
    if (!error) std::make_shared<session>(std::move(socket))->start();
    accept_next(acceptor);
  });
}

} // namespace

int serve(std::uint16_t port) {
  net::io_context io{1}; // one thread: Asio leaves its locks out
  tcp_acceptor acceptor(io, {net::ip::address_v4::loopback(), port});
  accept_next(acceptor);
  io.run();
  return 0;
}

} // namespace swill::bench::bare
