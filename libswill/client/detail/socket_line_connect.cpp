#include "libswill/client/detail/socket_line.hpp"
#include "libswill/client/errors.hpp"

// The way to an open connection: name, address, TCP, TLS, upgrade.

namespace swill::client_detail {

void socket_line::dial(std::string_view url) {
  const endpoint to = endpoint::parse(url, options_.path);
  upgrade_ = std::make_unique<upgrade>(to, options_.headers);
  if (to.tls) tls_host_ = to.host;
  socket_loop().keep(shared_from_this()); // until hang_up()
  socket_loop().set_timer(*this, std::chrono::steady_clock::now() + options_.connect_timeout);
  const std::string where = to.is_unix() ? to.unix_path : to.host + " port " + to.port;
  auto done = [self = shared_from_this(), where](const result<int>& fd) {
    if (!fd) {
      return self->fail(std::make_exception_ptr(
          connect_error(connect_error::kind::unreachable, "cannot connect to " + where + ": " + fd.error().message)));
    }
    self->guarded([&] { self->on_connected(*fd); });
  };
  if (to.is_unix()) return connector_.connect_unix(to.unix_path, std::move(done));
  connector_.connect(host_and_port(to.host, to.port), std::move(done));
}

void socket_line::on_connected(int fd) {
  own(fd);
  phase_ = phase::upgrading;
  try {
    if (!tls_host_.empty()) secure(options_.tls, tls_host_, "http/1.1");
  } catch (const std::runtime_error& e) {
    return on_tls_failed(e.what());
  }
  start_watching();
  prepare_output().append(as_bytes(upgrade_->request()));
  flush_later();
}

void socket_line::read_upgrade(bool at_end) {
  if (!upgrade_->read(kept_, at_end)) return;
  const auto headers = upgrade_->headers();
  upgrade_.reset();
  phase_ = phase::open;
  heard_ = socket_loop().now();
  timer::cancel();
  if (options_.ping_interval.count() > 0) socket_loop().set_timer(*this, heard_ + options_.ping_interval);
  if (sink_ != nullptr) sink_->on_open(headers);
  // Frames may have come with the response already.
  socket_loop().post([self = shared_from_this()] { self->guarded([&] { self->take({}); }); });
}

void socket_line::on_tls_failed(const std::string& why) {
  if (phase_ >= phase::open) return die({1006, "TLS failed: " + why, true});
  const bool is_plain = tls() != nullptr && tls()->meets_no_tls();
  fail(std::make_exception_ptr(
      connect_error(connect_error::kind::tls,
                    "TLS with " + tls_host_ + " failed: " + why + (is_plain ? "; a URL of ws:// may be right" : ""))));
}

void socket_line::fail(std::exception_ptr why) {
  if (phase_ == phase::ended) return;
  hang_up();
  if (line_sink* sink = std::exchange(sink_, nullptr)) sink->on_failed(std::move(why));
}

} // namespace swill::client_detail
