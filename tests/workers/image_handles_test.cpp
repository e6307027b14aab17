#include "actors/handles.hpp"
#include "actors/workers/worker_lane.hpp"
#include "libswill/wire/codec.hpp"
#include "tests/actors/world.hpp"
#include "tests/support/patience.hpp"
#include "tests/workers/world.hpp"

#include <map>

// Handles of connections in a worker: those of their images.

namespace swill::worker_tests {
namespace {

using namespace actors::workers;
using actors::spawn_on;
using actors::unit;

/// Watches connections, and notes why they have ended.
struct ends_noted {
  std::map<int, std::size_t> by_code;
  std::size_t unknown = 0;
};

caf::actor spawn_watcher(caf::actor_system& system, ends_noted& to) {
  return system.spawn(
      [&to](caf::event_based_actor* self, int) -> caf::behavior {
        self->set_down_handler([&to](const caf::down_msg& m) {
          const auto why = close_reason_of(m.reason);
          ++(why ? to.by_code[why->code] : to.unknown);
        });
        return {[self](const connection_handle& whom) { self->monitor(whom); }};
      },
      0);
}

/// The gateway's end of a lane, which says what the test says.
class saying_lane final : public link_lane {
public:
  using link_lane::link_lane;
  const char* name() const override { return "test.gateway"; }
  void connect(std::uint32_t number) {
    wire::writer w{begin_record(record::connect, number, 0)};
    wire::write_value(w, value::map({{"id", "c" + std::to_string(number)}, {"target", "/ws"}}));
    end_record();
  }
  void disconnect(std::uint32_t number, int code) { write(record::disconnect, number, static_cast<unsigned>(code)); }

private:
  void on_record(record kind, std::uint32_t number, std::uint32_t seq, bytes_view,
                 const caf::strong_actor_ptr&) override {
    if (kind == record::disconnect) closed[number] = static_cast<int>(seq);
  }
  void on_broken() override { FAIL(); }

public:
  std::map<std::uint32_t, int> closed; ///< by the worker
};

struct ImageHandles : testing::Test {
  ends_noted ends;
  app a;
  test_server s{a};
  unit& u = s.runtime().unit_of(s.loop());
  worker_options options;
  std::atomic<bool> leaving{false};
  caf::strong_actor_ptr worker_actor = spawn_on<worker_lane>(u, s.runtime(), options, leaving);
  caf::strong_actor_ptr gateway_actor = spawn_on<saying_lane>(u, std::size_t{1} << 26);
  worker_lane& worker = *static_cast<worker_lane*>(worker_actor->get());
  saying_lane& gateway = *static_cast<saying_lane*>(gateway_actor->get());
  caf::actor watcher = spawn_watcher(s.system(), ends);

  void watch(std::uint32_t count) {
    worker.set_peer(gateway_actor);
    gateway.set_peer(worker_actor);
    for (std::uint32_t n = 1; n <= count; ++n) gateway.connect(n);
    s.run();
    for (std::uint32_t n = 1; n <= count; ++n) {
      const connection_handle image = s.find_connection("c" + std::to_string(n));
      ASSERT_TRUE(image) << n;
      caf::anon_send(watcher, image);
    }
    s.run();
    ASSERT_TRUE(ends.by_code.empty());
  }
  void TearDown() override {
    worker.end();
    gateway.quit();
    caf::anon_send_exit(watcher, caf::exit_reason::user_shutdown);
    watcher = caf::actor{};
    s.run();
  }
};

TEST_F(ImageHandles, TellWithWhichCodeTheConnectionHasEnded) {
  watch(3);

  gateway.disconnect(2, 4001);
  s.run();

  EXPECT_EQ(ends.by_code, (std::map<int, std::size_t>{{4001, 1}}));
  EXPECT_FALSE(s.find_connection("c2"));
  EXPECT_TRUE(s.find_connection("c3"));
}

TEST_F(ImageHandles, CloseTheConnectionAtItsGateway) {
  watch(2);

  caf::anon_send(s.find_connection("c1"), close_atom::value, 4003, "banned");
  s.run();

  EXPECT_EQ(gateway.closed, (std::map<std::uint32_t, int>{{1, 4003}}));
  EXPECT_EQ(ends.by_code, (std::map<int, std::size_t>{{4003, 1}}));
}

// Nothing is sent for them: the link's end is the end of all that came by it. How soon a link notices, its own tests say.
TEST_F(ImageHandles, OfAGatewayThatIsGoneAreAllDownAtOnce) {
  watch(10'000);

  worker.end();
  s.run();

  EXPECT_EQ(ends.by_code, (std::map<int, std::size_t>{{1006, 10'000}}));
  EXPECT_EQ(ends.unknown, 0U);
}

// Over a real link: the worker is told that its gateway has stopped, or that the client has gone.
TEST(WorkersWatch, ConnectionsOfTheirGateways) {
  ends_noted ends;
  std::atomic<int> downs{0};
  std::mutex mutex;
  connection_handle last;
  worker_options o;
  std::optional<gateway_world> g;
  g.emplace();
  o.gateways = {g->worker_address()};
  worker_world w{[&](app& a) {
                   a.handle("enter", [&](request<> r) {
                     const std::lock_guard lock{mutex};
                     last = r.context().connection().actor();
                   });
                 },
                 o};
  const caf::actor watcher = w.host->system().spawn(
      [&](caf::event_based_actor* self, int) -> caf::behavior {
        self->set_down_handler([&](const caf::down_msg&) { ++downs; });
        return {[self](const connection_handle& whom) { self->monitor(whom); }};
      },
      0);
  const auto watch_last = [&] {
    const std::lock_guard lock{mutex};
    caf::anon_send(watcher, last);
    last = connection_handle{};
  };
  {
    blocking_client one{g->url()};
    ASSERT_TRUE(serves(one, "enter"));
    one.call<value>("enter");
    watch_last();
    EXPECT_EQ(downs, 0);
  }
  EXPECT_TRUE(eventually([&] { return downs == 1; }));
  blocking_client two{g->url()};
  two.call<value>("enter");
  watch_last();
  const auto began = std::chrono::steady_clock::now();
  g->host->stop();
  g.reset();
  EXPECT_TRUE(eventually([&] { return downs == 2; }));
  EXPECT_LT(std::chrono::steady_clock::now() - began, patient(2s));
  caf::anon_send_exit(watcher, caf::exit_reason::user_shutdown);
}

} // namespace
} // namespace swill::worker_tests
