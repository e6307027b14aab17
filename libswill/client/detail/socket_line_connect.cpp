#include "libswill/client/detail/socket_line_impl.hpp"
#include "libswill/client/errors.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <vector>

// The way to an open connection: name, address, TCP, upgrade.

namespace swill::client_detail {

namespace asio = boost::asio;

namespace {

std::exception_ptr unreachable(const std::string& where, const boost::system::error_code& ec) {
  return std::make_exception_ptr(
      connect_error(connect_error::kind::unreachable, "cannot connect to " + where + ": " + ec.message()));
}

} // namespace

void socket_line::dial(std::string_view url) {
  const endpoint to = endpoint::parse(url, options_.path);
  upgrade_ = std::make_unique<upgrade>(to, options_.headers);
  loop_.set_timer(*this, std::chrono::steady_clock::now() + options_.connect_timeout);
  if (to.is_unix()) return connect_unix(to);
  resolve(to);
}

void socket_line::connect_unix(const endpoint& to) {
  const asio::generic::stream_protocol::endpoint address{asio::local::stream_protocol::endpoint{to.unix_path}};
  sockets_->socket.async_connect(
      address, [self = shared_from_this(), where = to.unix_path](const boost::system::error_code& ec) {
        transport::asio_loop::turn t{self->loop_};
        if (self->phase_ != phase::connecting) return;
        if (ec) return self->fail(unreachable(where, ec));
        self->guarded([&] { self->on_connected(); });
      });
}

void socket_line::resolve(const endpoint& to) {
  using results = asio::ip::tcp::resolver::results_type;
  const std::string where = to.host + " port " + to.port;
  sockets_->resolver.async_resolve(
      to.host, to.port, [self = shared_from_this(), where](const boost::system::error_code& ec, const results& found) {
        transport::asio_loop::turn t{self->loop_};
        if (self->phase_ != phase::connecting) return;
        if (ec) return self->fail(unreachable(where, ec));
        std::vector<asio::generic::stream_protocol::endpoint> addresses;
        for (const auto& entry : found) addresses.emplace_back(entry.endpoint());
        asio::async_connect(
            self->sockets_->socket, addresses,
            [self, where](const boost::system::error_code& problem, const asio::generic::stream_protocol::endpoint&) {
              transport::asio_loop::turn inner{self->loop_};
              if (self->phase_ != phase::connecting) return;
              if (problem) return self->fail(unreachable(where, problem));
              boost::system::error_code ignored;
              self->sockets_->socket.set_option(asio::ip::tcp::no_delay(true), ignored);
              self->guarded([&] { self->on_connected(); });
            });
      });
}

void socket_line::on_connected() {
  sockets_->socket.native_non_blocking(true);
  phase_ = phase::upgrading;
  output_.append(as_bytes(upgrade_->request()));
  loop_.at_turn_end(*this);
  wait_readable();
}

void socket_line::read_upgrade(bool at_end) {
  if (!upgrade_->read(input_, at_end)) return;
  const auto headers = upgrade_->headers();
  upgrade_.reset();
  phase_ = phase::open;
  heard_ = loop_.now();
  timer::cancel();
  if (options_.ping_interval.count() > 0) loop_.set_timer(*this, heard_ + options_.ping_interval);
  if (sink_ != nullptr) sink_->on_open(headers);
  // Frames may stand behind the response already.
  loop_.post([self = shared_from_this()] { self->guarded([&] { self->take_frames(); }); });
}

void socket_line::fail(std::exception_ptr why) {
  if (phase_ == phase::ended) return;
  hang_up();
  if (line_sink* sink = std::exchange(sink_, nullptr)) sink->on_failed(std::move(why));
}

} // namespace swill::client_detail
