#include "apps/bench/bare/server.hpp"

#include "apps/bench/bare/session.hpp"

#include <boost/asio/ip/address_v4.hpp>

namespace swill::bench::bare {
namespace {

void accept_next(tcp_acceptor& acceptor, shared_state& shared) {
  acceptor.async_accept([&](error_code error, tcp_socket socket) {
    if (!error) std::make_shared<session>(std::move(socket), shared)->start();
    accept_next(acceptor, shared);
  });
}

} // namespace

int serve(std::uint16_t port, std::uint16_t redis_port) {
  net::io_context io{1}; // one thread: Asio leaves its locks out
  tcp_acceptor acceptor(io, {net::ip::address_v4::loopback(), port});
  shared_state shared;
  if (redis_port != 0) {
    shared.store = std::make_unique<redis>(io, redis_port);
    shared.hub.use(*shared.store);
  }
  accept_next(acceptor, shared);
  io.run();
  return 0;
}

} // namespace swill::bench::bare
