#include "actors/workers/network.hpp"

#include "actors/workers/link_filter.hpp"
#include "actors/workers/link_socket.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/stream_impl.hpp>

#include <algorithm>
#include <new>
#include <string_view>

namespace swill::actors::workers {

struct network::config : caf::actor_system_config {
  config() {
    set("scheduler.max-threads", std::uint64_t{1});
    set("middleman.workers", std::uint64_t{0}); // deserialize where it is read: one hop less
    set("middleman.app-identifiers", std::vector<std::string>{"swill-link/3"});
    set("middleman.enable-automatic-connections", false);
    set("middleman.heartbeat-interval", caf::timespan{std::chrono::seconds{1}});
    set("middleman.connection-timeout", caf::timespan{std::chrono::seconds{10}});
    set("logger.verbosity", caf::atom("quiet"));
    load<caf::io::middleman>();
  }
};

namespace {

/// CAF makes a thread that calls into a system hold its logger, and a system that dies waits until none does.
void forget_logger() { caf::logger::set_current_actor_system(nullptr); }

/// The port under which CAF knows what is published; nobody listens there.
constexpr std::uint16_t nominal_port = 1;

caf::io::network::default_multiplexer& multiplexer_of(caf::actor_system& system) {
  return static_cast<caf::io::network::default_multiplexer&>(system.middleman().backend());
}

/// CAF's part of every connection.
caf::strong_actor_ptr broker_of(caf::actor_system& system) {
  return caf::actor_cast<caf::strong_actor_ptr>(
      system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP")));
}

/// Runs f(broker) on the network's thread.
template <class F>
void at_broker(caf::actor_system& system, F f) {
  auto broker = broker_of(system);
  system.middleman().backend().post([broker, f = std::move(f)]() mutable {
    f(*static_cast<caf::io::basp_broker*>(caf::actor_cast<caf::abstract_actor*>(broker)));
  });
}

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
  link_scribe(caf::io::network::default_multiplexer& network, int fd, std::unique_ptr<link_socket> s,
              const link_troubles& told)
      : scribe(caf::io::network::conn_hdl_from_socket(fd)),
        on_ended_(told.on_ended),
        stay_(s->stay()),
        stream_(network, fd, std::move(s)) {}

  /// A header may announce 4 GiB, and a stream takes the room for all that it waits for at once: what is large is gathered in pieces, so
  /// that a peer costs as much memory as it sends, and no more.
  void configure_read(caf::io::receive_policy::config config) override {
    left_ = config.second;
    stream_.configure_read(next_piece());
    if (!std::exchange(launched_, true)) stream_.start(this);
  }
  bool consume(caf::execution_unit* ctx, const void* data, std::size_t size) override {
    if (is_ended_) return true; // until the end of the connection is read
    const auto* in = static_cast<const char*>(data);
    if (left_ > largest_piece || !gathered_.empty()) return gather(ctx, in, size);
    return filter_.passes({in, size}) ? scribe::consume(ctx, data, size) : end(not_of_a_link);
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
  static constexpr std::size_t largest_piece = 1024 * 1024;
  static constexpr std::string_view not_of_a_link = "it has sent what neither gateways nor workers send";

  caf::io::receive_policy::config next_piece() const {
    return caf::io::receive_policy::exactly(std::min(left_, largest_piece));
  }

  bool gather(caf::execution_unit* ctx, const char* data, std::size_t size) {
    left_ -= size;
    try {
      gathered_.insert(gathered_.end(), data, data + size);
      // CAF makes a copy, and where there is no room for one its part of this process ends, with all links. Room that is not used costs nothing.
      // These are calls of functions, since a compiler may leave out a new-expression whose memory nobody uses.
      if (left_ == 0) ::operator delete(::operator new(gathered_.size()));
    } catch (const std::bad_alloc&) {
      return end("there is no memory for what it sends");
    }
    if (left_ > 0) {
      stream_.configure_read(next_piece());
      return true;
    }
    if (!filter_.passes({gathered_.data(), gathered_.size()})) return end(not_of_a_link);
    std::vector<char>& whole = stream_.rd_buf();
    whole.swap(gathered_);
    std::vector<char>{}.swap(gathered_);
    const bool goes_on = scribe::consume(ctx, whole.data(), whole.size());
    std::vector<char>{}.swap(whole); // the stream makes the next one as large as it needs
    return goes_on;
  }

  bool end(std::string_view why) {
    is_ended_ = true;
    std::vector<char>{}.swap(gathered_);
    if (on_ended_) on_ended_(addr() + ':' + std::to_string(port()), why);
    stay_->end();
    return true;
  }

  bool launched_ = false;
  bool is_ended_ = false;
  std::function<void(const std::string&, std::string_view)> on_ended_;
  link_filter filter_;
  std::shared_ptr<visit> stay_;                         // shared with the socket
  std::size_t left_ = 0;                                ///< bytes of what CAF waits for that have not come
  std::vector<char> gathered_;                          ///< those that have, where it waits for more than a piece
  caf::io::network::stream_impl<socket_policy> stream_; // closes the descriptor
};

/// What CAF reads and writes through: a socket whose other end has shown who it is.
caf::io::scribe_ptr make_scribe(caf::io::network::default_multiplexer& network, std::unique_ptr<link_socket> s,
                                const link_troubles& told) {
  const int fd = s->release();
  return caf::make_counted<link_scribe>(network, fd, std::move(s), told);
}

} // namespace

/// For CAF a doorman like any other; what it lets in was accepted elsewhere.
class network::entrance final : public caf::io::doorman {
public:
  entrance(caf::io::network::default_multiplexer& m, const link_troubles& told)
      : doorman(caf::io::accept_handle::from_int(-2)), network_(m), told_(told) {}

  /// On the network's thread.
  void let_in(std::unique_ptr<link_socket> s) {
    if (detached()) return;
    auto scribe = make_scribe(network_, std::move(s), told_);
    const auto handle = scribe->hdl();
    parent()->add_scribe(std::move(scribe));
    doorman::new_connection(&network_, handle);
  }

  bool new_connection() override { return false; }
  void launch() override {}
  void graceful_shutdown() override { detach(&network_, false); }
  void add_to_loop() override {}
  void remove_from_loop() override {}
  std::string addr() const override { return {}; }
  std::uint16_t port() const override { return nominal_port; }

private:
  caf::io::network::default_multiplexer& network_;
  const link_troubles& told_; // of the network, which outlives its connections
};

network::network(link_troubles told) : told_(std::move(told)), config_(std::make_unique<config>()) {
  system_ = std::make_unique<caf::actor_system>(*config_);
  forget_logger();
  system_->await_actors_before_shutdown(false);
  system_->middleman().backend().post(block_broken_pipes);
  broker_of(*system_)->get()->attach_functor([f = told_.on_failure](const caf::error& why) {
    if (f && why && why.category() != caf::atom("exit")) f(); // else it ends as it should, with its system
  });
  forget_logger();
}

network::~network() = default;

void network::publish(const caf::strong_actor_ptr& door) {
  entrance_ = caf::make_counted<entrance>(multiplexer_of(*system_), told_);
  at_broker(*system_, [door, e = entrance_](caf::io::basp_broker& b) {
    b.add_doorman(e);
    b.system().registry().put(door->id(), door);
    b.instance.add_published_actor(nominal_port, door, {});
  });
  forget_logger();
}

void network::let_in(std::unique_ptr<link_socket> s) {
  auto shared = std::make_shared<std::unique_ptr<link_socket>>(std::move(s)); // closes it, should the network end first
  multiplexer_of(*system_).post([e = entrance_, shared] { e->let_in(std::move(*shared)); });
}

result<caf::strong_actor_ptr> network::connect(std::unique_ptr<link_socket> s, std::chrono::milliseconds timeout) {
  const auto broker = system_->middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
  result<caf::strong_actor_ptr> out = error{error_code::unavailable, "no answer"};
  {
    caf::scoped_actor self{*system_};
    self->request(broker, timeout, caf::connect_atom::value, make_scribe(multiplexer_of(*system_), std::move(s), told_),
                  nominal_port)
        .receive(
            [&out](const caf::node_id&, caf::strong_actor_ptr& door, const std::set<std::string>&) {
              if (door) out = std::move(door);
            },
            [&](const caf::error& e) {
              out = error{error_code::unavailable, system_->render(e)};
            });
  }
  forget_logger();
  return out;
}

void network::drop(const caf::node_id& peer) {
  at_broker(*system_, [peer](caf::io::basp_broker& b) {
    const auto connection = b.instance.tbl().lookup_direct(peer);
    if (!connection) return;
    b.connection_cleanup(*connection, caf::sec::none);
    b.close(*connection);
  });
}

} // namespace swill::actors::workers
