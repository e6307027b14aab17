#include "actors/workers/link_scribe.hpp"

#include <caf/all.hpp>
#include <caf/io/network/stream_impl.hpp>

namespace swill::actors::workers {

namespace {

using caf::io::network::rw_state;

/// How a stream of CAF reads and writes: as its own policies for TCP and TLS do.
class socket_policy {
public:
  explicit socket_policy(std::unique_ptr<link_socket> s) : socket_(std::move(s)) {}

  rw_state read_some(std::size_t& n, caf::io::network::native_socket, void* to, std::size_t size) {
    return state_of(socket_->read(to, size, n));
  }
  rw_state write_some(std::size_t& n, caf::io::network::native_socket, const void* from, std::size_t size) {
    return state_of(socket_->write(from, size, n));
  }
  bool must_read_more(caf::io::network::native_socket, std::size_t threshold) const noexcept {
    const std::size_t pending = socket_->pending();
    return pending > 0 && pending >= threshold;
  }

private:
  /// That nothing could be done now is a success of zero bytes.
  static rw_state state_of(io_result r) noexcept {
    return r == io_result::failed ? rw_state::failure : rw_state::success;
  }
  std::unique_ptr<link_socket> socket_;
};

class link_scribe final : public caf::io::scribe {
public:
  link_scribe(caf::io::network::default_multiplexer& network, int fd, std::unique_ptr<link_socket> s)
      : scribe(caf::io::network::conn_hdl_from_socket(fd)), stream_(network, fd, std::move(s)) {}

  void configure_read(caf::io::receive_policy::config config) override {
    stream_.configure_read(config);
    if (!std::exchange(launched_, true)) stream_.start(this);
  }
  void ack_writes(bool enable) override { stream_.ack_writes(enable); }
  std::vector<char>& wr_buf() override { return stream_.wr_buf(); }
  std::vector<char>& rd_buf() override { return stream_.rd_buf(); }
  void graceful_shutdown() override {
    stream_.graceful_shutdown();
    detach(&stream_.backend(), false);
  }
  void flush() override { stream_.flush(this); }
  std::string addr() const override {
    auto address = caf::io::network::remote_addr_of_fd(stream_.fd());
    return address ? std::move(*address) : std::string{};
  }
  std::uint16_t port() const override {
    const auto port = caf::io::network::remote_port_of_fd(stream_.fd());
    return port ? *port : std::uint16_t{0};
  }
  void add_to_loop() override { stream_.activate(this); }
  void remove_from_loop() override { stream_.passivate(); }

private:
  bool launched_ = false;
  caf::io::network::stream_impl<socket_policy> stream_; // closes the descriptor
};

} // namespace

caf::io::scribe_ptr make_scribe(caf::io::network::default_multiplexer& network, std::unique_ptr<link_socket> s) {
  const int fd = s->release();
  return caf::make_counted<link_scribe>(network, fd, std::move(s));
}

} // namespace swill::actors::workers
