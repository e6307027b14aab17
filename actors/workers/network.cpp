#include "actors/workers/network.hpp"

#include "actors/workers/link_scribe.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <caf/io/basp_broker.hpp>

#include <csignal>

namespace swill::actors::workers {

struct network::config : caf::actor_system_config {
  config() {
    set("scheduler.max-threads", std::uint64_t{1});
    set("middleman.workers", std::uint64_t{0}); // deserialize where it is read: one hop less
    set("middleman.app-identifiers", std::vector<std::string>{"swill-link/2"});
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

/// Runs f(broker) on the network's thread.
template <class F>
void at_broker(caf::actor_system& system, F f) {
  auto broker =
      caf::actor_cast<caf::strong_actor_ptr>(system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP")));
  system.middleman().backend().post([broker, f = std::move(f)]() mutable {
    f(*static_cast<caf::io::basp_broker*>(caf::actor_cast<caf::abstract_actor*>(broker)));
  });
}

} // namespace

/// For CAF a doorman like any other; what it lets in was accepted elsewhere.
class network::entrance final : public caf::io::doorman {
public:
  explicit entrance(caf::io::network::default_multiplexer& m)
      : doorman(caf::io::accept_handle::from_int(-2)), network_(m) {}

  /// On the network's thread.
  void let_in(std::unique_ptr<link_socket> s) {
    if (detached()) return;
    auto scribe = make_scribe(network_, std::move(s));
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
};

network::network() : config_(std::make_unique<config>()) {
  system_ = std::make_unique<caf::actor_system>(*config_);
  forget_logger();
  system_->await_actors_before_shutdown(false);
  system_->middleman().backend().post([] { // TLS writes to sockets whose peers have gone
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
  });
}

network::~network() = default;

void network::publish(const caf::strong_actor_ptr& door) {
  entrance_ = caf::make_counted<entrance>(multiplexer_of(*system_));
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
    self->request(broker, timeout, caf::connect_atom::value, make_scribe(multiplexer_of(*system_), std::move(s)),
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
