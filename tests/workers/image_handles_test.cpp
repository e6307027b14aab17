#include "actors/ask.hpp"
#include "actors/handles.hpp"
#include "actors/workers/worker_lane.hpp"
#include "libswill/wire/codec.hpp"
#include "libswill/wire/envelope.hpp"
#include "tests/actors/world.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/patience.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/workers/world.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <sys/resource.h>

// Handles of connections in a worker: those of their images.

namespace swill::worker_tests {
namespace {

using namespace actors::workers;
using actors::spawn_on;
using actors::unit;

/// Watches connections, and notes why they have ended.
using ends = std::map<std::string, std::size_t>; ///< how often by how: "4001 bye, by its client"

caf::actor spawn_watcher(caf::actor_system& system, ends& to) {
  return system.spawn(
      [&to](caf::event_based_actor* self, int) -> caf::behavior {
        self->set_down_handler([&to](const caf::down_msg& m) {
          const auto why = close_reason_of(m.reason);
          ++to[why ? std::to_string(why->code) + ' ' + why->reason + (why->by_peer ? ", by its client" : "") : "?"];
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
  void disconnect(std::uint32_t number, std::uint32_t code, std::string_view reason) {
    write(record::disconnect, number, code, as_bytes(reason));
  }
  /// Answers the oldest push that waits for it.
  void answer(const value& v) {
    wire::writer w{begin_record(record::pushed, 1, awaited.front())};
    awaited.erase(awaited.begin());
    wire::write_value(w, v);
    end_record();
  }
  std::map<std::uint32_t, int> closed; ///< by the worker
  std::vector<std::string> pushed;     ///< "1 price 7": to which connection, and what
  std::vector<std::uint32_t> awaited;  ///< pushes whose sender waits for an answer

private:
  void on_record(record kind, std::uint32_t number, std::uint32_t seq, bytes_view content,
                 const caf::strong_actor_ptr&) override {
    if (kind == record::disconnect) closed[number] = static_cast<int>(seq);
    if (kind != record::push) return;
    wire::reader from{content};
    value what;
    ASSERT_TRUE(wire::read_value(from, what, wire::reader::deepest));
    const auto& pair = *what.get_if<value_array>();
    const auto* count = pair[1].get_if<std::int64_t>();
    pushed.push_back(std::to_string(number) + ' ' + *pair[0].get_if<std::string>() +
                     (count != nullptr ? ' ' + std::to_string(*count) : ""));
    if (seq != 0) awaited.push_back(seq);
  }
  void on_broken() override { FAIL(); }
};

struct ImageHandles : testing::Test {
  ends ended;
  app a;
  test_server s{a};
  unit& u = s.runtime().unit_of(s.loop());
  explicit ImageHandles(std::size_t link_window = worker_options{}.link_window) : options{.link_window = link_window} {}
  worker_options options;
  std::atomic<bool> leaving{false};
  caf::strong_actor_ptr worker_actor = spawn_on<worker_lane>(u, s.runtime(), options, leaving);
  caf::strong_actor_ptr gateway_actor = spawn_on<saying_lane>(u, std::size_t{1} << 26);
  worker_lane& worker = *static_cast<worker_lane*>(worker_actor->get());
  saying_lane& gateway = *static_cast<saying_lane*>(gateway_actor->get());
  caf::actor watcher = spawn_watcher(s.system(), ended);

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
    ASSERT_TRUE(ended.empty());
  }
  void TearDown() override {
    worker.end();
    gateway.quit();
    caf::anon_send_exit(watcher, caf::exit_reason::user_shutdown);
    watcher = caf::actor{};
    s.run();
  }
};

TEST_F(ImageHandles, TellWhyAndByWhomTheConnectionHasEnded) {
  watch(3);

  gateway.disconnect(1, 4001 | by_peer_mark, "bye");
  gateway.disconnect(2, 4002, "too late");
  s.run();

  EXPECT_EQ(ended, (ends{{"4001 bye, by its client", 1}, {"4002 too late", 1}}));
  EXPECT_FALSE(s.find_connection("c2"));
  EXPECT_TRUE(s.find_connection("c3"));
}

TEST_F(ImageHandles, CloseTheConnectionAtItsGateway) {
  watch(2);

  caf::anon_send(s.find_connection("c1"), close_atom::value, 4003, "banned");
  s.run();

  EXPECT_EQ(gateway.closed, (std::map<std::uint32_t, int>{{1, 4003}}));
  EXPECT_EQ(ended, (ends{{"4003 banned", 1}}));
}

// Nothing is sent for them: the link's end is the end of all that came by it. How soon a link notices, its own tests say.
TEST_F(ImageHandles, OfAGatewayThatIsGoneAreAllDownAtOnce) {
  watch(10'000);

  worker.end();
  s.run();

  EXPECT_EQ(ended, (ends{{"1006 the link to the gateway has ended", 10'000}}));
}

/// What somebody who asks is answered: "1" and "0", "" for nothing yet, or an error's code.
std::shared_ptr<std::string> push_to(test_server& s, const connection_handle& to, push what) {
  auto answer = std::make_shared<std::string>();
  s.system().spawn([answer, to, w = std::move(what)](caf::event_based_actor* self) {
    self->request(to, caf::infinite, w)
        .then([answer](bool is_open) { *answer = std::to_string(static_cast<int>(is_open)); },
              [answer](const caf::error& e) {
                try {
                  throw_from(e);
                } catch (const error& why) {
                  *answer = std::to_string(why.code);
                }
              });
  });
  s.run();
  return answer;
}

TEST_F(ImageHandles, PushToTheInboxAtTheGateway) {
  watch(2);

  caf::anon_send(s.find_connection("c2"), push{"price", 7});
  const auto first = push_to(s, s.find_connection("c1"), {"price", 8});
  const auto second = push_to(s, s.find_connection("c1"), {"price", 9});
  EXPECT_EQ(gateway.pushed, (std::vector<std::string>{"2 price 7", "1 price 8", "1 price 9"}));
  EXPECT_EQ(gateway.awaited.size(), 2U); // nobody waits for that of c2
  EXPECT_EQ(*first, "");
  gateway.answer(true);
  gateway.answer(value::array({403, "not now"}));
  s.run();

  EXPECT_EQ(*first, "1");
  EXPECT_EQ(*second, "403");
}

TEST_F(ImageHandles, AnswerPushesWhenTheLinkEnds) {
  watch(2);
  const auto waiting = push_to(s, s.find_connection("c1"), {"price", 8});
  gateway.disconnect(1, 1000, {}); // the answer comes all the same
  s.run();
  EXPECT_EQ(*waiting, "");

  worker.end();
  s.run();

  EXPECT_EQ(*waiting, "503");
}

TEST_F(ImageHandles, PushNoMoreThanTheyMay) {
  watch(1);
  const connection_handle to = s.find_connection("c1");
  const auto most = options.push_size - 1 /* array */ - 2 /* "n" */ - 3 /* bin 16 */;

  EXPECT_EQ(*push_to(s, to, {"n", bytes(most + 1)}), "413");
  EXPECT_TRUE(gateway.pushed.empty());

  EXPECT_EQ(*push_to(s, to, {"n", bytes(most)}), "");
  EXPECT_EQ(gateway.pushed, std::vector<std::string>{"1 n"});
}

struct ImageHandlesOfANarrowLink : ImageHandles {
  ImageHandlesOfANarrowLink() : ImageHandles(64) {}
};

TEST_F(ImageHandlesOfANarrowLink, PushAsFastAsTheLinkTakesIt) {
  watch(1);
  const connection_handle to = s.find_connection("c1");

  caf::anon_send(to, push{"n", bytes(100)}); // in the same turn as the next, and under way until its end
  EXPECT_EQ(*push_to(s, to, {"n", 1}), "429");
  EXPECT_EQ(*push_to(s, to, {"n", 2}), "");

  EXPECT_EQ(gateway.pushed, (std::vector<std::string>{"1 n", "1 n 2"}));
}

/// A worker whose handler "enter" lets somebody watch the caller's connection.
struct watching_worker {
  explicit watching_worker(const std::string& gateway)
      : world{[this](app& a) {
                a.handle("enter", [this](request<> r) {
                  caf::anon_send(watcher, r.context().connection().actor());
                  ++entered;
                });
                a.handle("push_me", [](request<int> r) -> task<bool> {
                  const connection_handle me = r.context().connection().actor();
                  const push what{"number", r.data()};
                  co_return co_await ask<bool>(me, 5s, what);
                });
              },
              worker_options{.gateways = {gateway}}} {
    watcher = world.host->system().spawn(
        [this](caf::event_based_actor* self, int) -> caf::behavior {
          self->set_down_handler([this](const caf::down_msg& m) {
            const auto why = close_reason_of(m.reason);
            const std::lock_guard lock{mutex};
            ++downs;
            last = why ? std::to_string(why->code) + ' ' + why->reason + (why->by_peer ? ", by its client" : "") : "?";
          });
          return {[this, self](const connection_handle& whom) {
            self->monitor(whom);
            ++watched;
          }};
        },
        0);
  }
  ~watching_worker() { caf::anon_send_exit(watcher, caf::exit_reason::user_shutdown); }
  std::string last_end() const {
    const std::lock_guard lock{mutex};
    return last;
  }

  std::atomic<std::size_t> entered{0};
  std::atomic<std::size_t> watched{0};
  std::atomic<std::size_t> downs{0};
  mutable std::mutex mutex;
  std::string last;
  caf::actor watcher; // set before any gateway can call
  worker_world world;
};

// Over a real link: the worker is told that the client, the gateway's application, or the gateway has ended the connection.
TEST(WorkersWatch, ConnectionsOfTheirGateways) {
  std::optional<gateway_world> g;
  g.emplace(gateway_options{}, 2,
            [](app& a) { a.handle("ban", [](request<> r) { r.context().connection().close(4007, "banned"); }); });
  watching_worker w{g->worker_address()};
  const auto enter = [&](blocking_client& c) {
    const std::size_t before = w.watched;
    ASSERT_TRUE(serves(c, "enter"));
    c.call<value>("enter");
    ASSERT_TRUE(eventually([&] { return w.watched == before + 1; }));
  };
  {
    blocking_client leaves{g->url()};
    enter(leaves);
    EXPECT_EQ(w.downs, 0U);
  }
  EXPECT_TRUE(eventually([&] { return w.downs == 1; }));
  EXPECT_EQ(w.last_end(), "1000 , by its client");

  blocking_client bad{g->url()};
  enter(bad);
  (void)bad.try_call<value>("ban");
  EXPECT_TRUE(eventually([&] { return w.downs == 2; }));
  EXPECT_EQ(w.last_end(), "4007 banned");

  blocking_client stays{g->url()};
  enter(stays);
  const auto began = std::chrono::steady_clock::now();
  g->host->stop();
  g.reset();
  EXPECT_TRUE(eventually([&] { return w.downs == 3; }));
  EXPECT_LT(std::chrono::steady_clock::now() - began, patient(2s));
}

TEST(WorkersPush, ToTheInboxesOfTheirGateways) {
  std::mutex mutex;
  std::vector<std::string> pushed;
  gateway_world g{gateway_options{}, 2, [&](app& a) {
                    a.on_push([&](connection&, std::string_view name, const value& v) {
                      if (v == value{3}) throw error{403, "not three"};
                      const std::lock_guard lock{mutex};
                      pushed.push_back(std::string{name} + ' ' + std::to_string(*v.get_if<std::int64_t>()));
                      return v != value{2};
                    });
                  }};
  watching_worker w{g.worker_address()};
  blocking_client c{g.url()};
  ASSERT_TRUE(serves(c, "push_me"));

  EXPECT_TRUE(c.call<bool>("push_me", 1));
  EXPECT_FALSE(c.call<bool>("push_me", 2));
  const auto refused = c.try_call<bool>("push_me", 3);

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 403);
  EXPECT_EQ(refused.error().message, "not three");
  const std::lock_guard lock{mutex};
  EXPECT_EQ(pushed, (std::vector<std::string>{"number 1", "number 2"}));
}

/// The program swill-gateway beside this one, at a port for clients and one for workers.
class gateway_program {
public:
  gateway_program() {
    const auto file = std::filesystem::temp_directory_path() / ("swill-secret-" + std::to_string(::getpid()));
    std::ofstream{file} << secret;
    const std::string program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "swill-gateway";
    process_.emplace(std::vector<std::string>{program, "--listen", clients(), "--workers-listen", workers(),
                                              "--workers-secret-file", file, "--workers-wait", "0", "--ping-interval",
                                              "0"});
    const bool listens = eventually([this] { return accepts(); }, patient(20s));
    std::filesystem::remove(file);
    if (!listens) throw std::runtime_error("the gateway does not listen");
  }
  std::string clients() const { return "127.0.0.1:" + std::to_string(for_clients_); }
  std::string workers() const { return "127.0.0.1:" + std::to_string(for_workers_); }
  void kill() { process_->signal(SIGKILL); }

private:
  bool accepts() const {
    try {
      test::raw_client{clients(), 1s};
      return true;
    } catch (const std::runtime_error&) {
      return false;
    }
  }
  std::uint16_t for_clients_ = test::free_port();
  std::uint16_t for_workers_ = test::free_port();
  std::optional<test::child_process> process_;
};

// Nobody says a word for any of them: the system ends the link, and the link's end is that of all connections that came by it.
TEST(WorkersWatch, AllConnectionsOfAGatewayThatIsKilled) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const std::size_t count =
      std::min<std::size_t>(is_slowed() ? 500 : 10'000, static_cast<std::size_t>(files.rlim_cur) / 2 - 200);
  gateway_program g;
  watching_worker w{g.workers()};
  blocking_client first{"ws://" + g.clients() + "/ws"};
  ASSERT_TRUE(serves(first, "enter"));
  std::string enter;
  {
    buffer b;
    wire::writer to{b};
    wire::write_request(to, 1, {}, "enter", wire::request_type::message, {});
    enter = as_text(b.view());
  }
  std::vector<test::raw_client> clients;
  clients.reserve(count);
  for (std::size_t n = 0; n < count; ++n) {
    test::raw_client& c = clients.emplace_back(g.clients(), patient(20s));
    ASSERT_EQ(c.upgrade().status, 101);
    c.send_message(enter);
  }
  ASSERT_TRUE(eventually([&] { return w.watched == count; }, patient(30s))) << w.watched;
  EXPECT_EQ(w.downs, 0U);

  const auto killed = std::chrono::steady_clock::now();
  g.kill();

  EXPECT_TRUE(eventually([&] { return w.downs == count; }, patient(20s))) << w.downs;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - killed);
  EXPECT_LT(took, patient(2s));
  EXPECT_EQ(w.last_end(), "1006 the link to the gateway has ended");
  RecordProperty("connections", static_cast<int>(count));
  RecordProperty("all_down_ms", static_cast<int>(took.count()));
}

} // namespace
} // namespace swill::worker_tests
