#include "libswill/server/server.hpp"

#include "actors/ask.hpp"
#include "actors/runtime.hpp"
#include "tests/server/calls.hpp"
#include "tests/support/patience.hpp"
#include "tests/support/raw_client.hpp"

#include <atomic>
#include <caf/all.hpp>
#include <future>
#include <poll.h>
#include <thread>

// The end of a server with requests in flight in every state: over memory and over real sockets, again and again.

namespace swill {

// Not in an anonymous namespace: its name is to be found in every trace.
[[gnu::noinline]] int place_that_fails() { throw std::runtime_error{"unforeseen"}; }

namespace {

using namespace test;
using namespace std::chrono_literals;

/// Handlers that wait in every state there is; counts the frames that are alive.
struct busy_app : logged_app {
  std::atomic<int> alive{0};
  std::atomic<int> after_request{0}, before_request{0}, after_connection{0}, accepted{0};
  caf::actor silent;

  struct guard {
    explicit guard(std::atomic<int>& n) : count(n) { ++count; }
    guard(const guard&) = delete;
    guard& operator=(const guard&) = delete;
    ~guard() { --count; }
    std::atomic<int>& count;
  };

  busy_app() {
    limits().drain_timeout = 10ms;
    limits().close_timeout = 20ms; // clients that read nothing
    limits().slow_reader_timeout = 20ms;
    swill::app::before_request([this](context&) { ++before_request; });
    swill::app::after_request([this](context&) { ++after_request; });
    swill::app::after_accept([this](connection&) { ++accepted; });
    swill::app::after_connection([this](connection&) { ++after_connection; });
    swill::app::before_request([this](context& c) -> task<void> {
      if (c.rpc() != "hook") co_return;
      const guard g{alive};
      co_await sleep_for(1h);
    });
    handle("hook", [](request<>) {});
    handle("sleep", [this](request<>) -> task<void> {
      const guard g{alive};
      co_await sleep_for(1h);
    });
    handle("upload", [this](streaming_request<nothing> in) -> task<void> {
      const guard g{alive};
      while (const auto item = co_await in.next()) {
      }
    });
    handle("download", [this](request<>) -> stream<std::string> {
      const guard g{alive};
      for (;;) co_yield std::string(1000, 'x');
    });
    handle("blocking", blocking([this](request<> r) {
             const guard g{alive};
             const auto stop = r.context().stop_token();
             for (int i = 0; i < 30000 && !stop.stop_requested(); ++i) ::poll(nullptr, 0, 1);
           }));
    handle("pool", [this](request<>) -> task<void> {
      const guard g{alive};
      co_await on_pool([] { ::poll(nullptr, 0, 2); });
      co_await sleep_for(1h);
    });
    handle("ask", [this](request<>) -> task<int> {
      const guard g{alive};
      co_return co_await ask<int>(silent, 1h, 1);
    });
    handle("one", [](request<>) { return 1; });
  }
};

// The argument: for a function without one CAF dereferences a null pointer, which the standard library's assertions catch.
caf::behavior never_answers(caf::event_based_actor* self, int) {
  return {[self](int) { static_cast<void>(self->make_response_promise()); }};
}

constexpr const char* states[] = {"hook", "sleep", "upload", "download", "pool", "ask"};

TEST(Shutdown, OverMemoryAHundredTimes) {
  for (int round = 0; round < 100; ++round) {
    busy_app a;
    {
      test_server s{a};
      a.silent = s.runtime().system().spawn(never_answers, 0);
      std::vector<std::unique_ptr<test_client>> clients;
      for (int n = 0; n <= round % 3; ++n) {
        auto& c = *clients.emplace_back(std::make_unique<test_client>(s));
        c.pipe().stall();
        for (const char* rpc : states) c.open(rpc, nothing{});
      }
      ASSERT_GT(a.alive, 0);
      caf::anon_send_exit(a.silent, caf::exit_reason::kill);
      a.silent = {};
    }
    ASSERT_EQ(a.alive, 0);
    ASSERT_EQ(a.before_request, a.after_request);
    ASSERT_EQ(a.after_connection, round % 3 + 1);
  }
}

/// Asks for a handler on a real socket.
void open(raw_client& c, std::uint64_t seq, std::string_view rpc,
          wire::request_type type = wire::request_type::message) {
  buffer out;
  wire::writer w{out};
  wire::write_request(w, seq, {}, rpc, type);
  c.send_message(as_text(out.view()));
}
wire::response_type next_type(raw_client& c) {
  const std::string message = c.read_message();
  return wire::decode_response(as_bytes(message), limits{}).envelope.type;
}

template <class F>
bool eventually(const F& f) {
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (std::chrono::steady_clock::now() < end) {
    if (f()) return true;
    ::poll(nullptr, 0, 1);
  }
  return f();
}

TEST(Shutdown, OverSocketsAHundredTimes) {
  for (int round = 0; round < 100; ++round) {
    busy_app a;
    a.limits().slow_reader_timeout = 30s; // the clients are to be there when it stops
    {
      server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 2, .workers = 2}};
      a.silent = s.system().spawn(never_answers, 0);
      s.start();
      std::vector<raw_client> clients;
      for (int n = 0; n < 2; ++n) {
        auto& c = clients.emplace_back(s.addresses().front());
        ASSERT_EQ(c.upgrade().status, 101);
        std::uint64_t seq = 0;
        for (const char* rpc : states) open(c, ++seq, rpc);
        open(c, ++seq, "blocking");
      }
      ASSERT_TRUE(eventually([&] { return a.alive == 14; }));
      caf::anon_send_exit(a.silent, caf::exit_reason::kill);
      s.stop();
    }
    a.silent = {};
    ASSERT_EQ(a.alive, 0);
    ASSERT_EQ(a.before_request, a.after_request);
    ASSERT_EQ(a.after_connection, a.accepted);
  }
}

// It is drained, closed, and then dropped: a peer that never reads cannot keep a server from ending.
TEST(Shutdown, DoesNotWaitForAClientThatReadsNothing) {
  busy_app a;
  a.limits().slow_reader_timeout = 30s;
  a.limits().close_timeout = 100ms;
  server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1}};
  s.start();
  raw_client c{s.addresses().front()};
  ASSERT_EQ(c.upgrade().status, 101);
  open(c, 1, "download");
  ASSERT_TRUE(eventually([&] { return a.alive == 1; }));

  const auto before = std::chrono::steady_clock::now();
  s.stop();

  EXPECT_LT(std::chrono::steady_clock::now() - before, patient(5s));
  EXPECT_EQ(a.alive, 0);
}

TEST(Shutdown, LetsOpenRequestsFinish) {
  logged_app a;
  std::atomic<bool> begun{false}, go{false};
  a.limits().drain_timeout = 10s;
  a.limits().close_timeout = 20ms; // nobody answers the close frame
  a.handle("slow", blocking([&](request<>) {
             begun = true;
             while (!go) ::poll(nullptr, 0, 1);
             return 1;
           }));
  server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1}};
  s.start();
  raw_client c{s.addresses().front()};
  c.upgrade();
  open(c, 1, "slow");
  ASSERT_TRUE(eventually([&] { return begun.load(); }));

  auto stopping = std::async(std::launch::async, [&] { s.stop(); });
  open(c, 2, "slow"); // refused, or never read
  go = true;

  bool answered = false;
  for (int i = 0; i < 2 && !answered; ++i) {
    const std::string message = c.read_message();
    const auto r = wire::decode_response(as_bytes(message), limits{});
    answered = r.envelope.seq == 1 && r.envelope.type == wire::response_type::message;
  }
  EXPECT_TRUE(answered);
  stopping.get();
}

TEST(Shutdown, DoesNotWaitForHooksForEver) {
  for (const char* which : {"before_connection", "after_request", "after_connection"}) {
    std::atomic<int> waiting{0};
    logged_app a;
    a.limits().drain_timeout = 10ms;
    a.limits().close_timeout = 300ms; // most of which is theirs
    const auto wait = [&waiting]() -> task<void> {
      ++waiting;
      co_await sleep_for(8s); // an hour, were this test not to end when it fails
    };
    const std::string place = which;
    if (place == "before_connection") a.before_connection([=](connection&) { return wait(); });
    if (place == "after_request") a.after_request([=](context&) { return wait(); });
    if (place == "after_connection") a.after_connection([=](connection&) { return wait(); });
    a.handle("one", [](request<>) { return 1; });
    server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1}};
    s.start();
    raw_client c{s.addresses().front()};
    if (place == "before_connection") {
      c.send(raw_client::upgrade_request());
    } else {
      c.upgrade();
      open(c, 1, "one");
      EXPECT_EQ(next_type(c), wire::response_type::message);
      if (place == "after_connection") c.reset();
    }
    ASSERT_TRUE(eventually([&] { return waiting == 1; })) << which;

    const auto before = std::chrono::steady_clock::now();
    s.stop();

    EXPECT_LT(std::chrono::steady_clock::now() - before, patient(6s)) << which;
  }
}

TEST(Blocking, RunsOffTheIoThread) {
  std::atomic<std::thread::id> blocked, plain;
  logged_app a;
  a.handle("blocking", blocking([&](request<>) { blocked = std::this_thread::get_id(); }));
  a.handle("plain", [&](request<>) { plain = std::this_thread::get_id(); });
  server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1}};
  s.start();
  raw_client c{s.addresses().front()};
  c.upgrade();
  open(c, 1, "blocking");
  EXPECT_EQ(next_type(c), wire::response_type::message);
  open(c, 2, "plain");
  EXPECT_EQ(next_type(c), wire::response_type::message);

  EXPECT_NE(blocked.load(), std::thread::id{});
  EXPECT_NE(blocked.load(), plain.load());
}

TEST(Unforeseen, StackOfTheThrowIsLoggedAndInDebugModeSentFromWhereverItIs) {
  logged_app a;
  a.set_debug(true);
  a.handle("plain", [](request<>) { return place_that_fails(); });
  a.handle("blocking", blocking([](request<>) { return place_that_fails(); }));
  a.handle("on_pool", [](request<>) -> task<int> { co_return co_await on_pool([] { return place_that_fails(); }); });
  server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1}};
  s.start();
  raw_client c{s.addresses().front()};
  c.upgrade();

  int seq = 0;
  for (const char* rpc : {"plain", "blocking", "on_pool"}) {
    open(c, ++seq, rpc);
    EXPECT_THAT(c.read_message(), testing::HasSubstr("at swill::place_that_fails()")) << rpc;
    ASSERT_EQ(a.lines().size(), static_cast<std::size_t>(seq));
    EXPECT_THAT(a.lines().back(), testing::HasSubstr("at swill::place_that_fails()")) << rpc;
  }
}

TEST(Server, TwoLiveInOneProcess) {
  logged_app a, b;
  for (logged_app* app : {&a, &b}) app->limits().close_timeout = 20ms; // nobody answers the close frame
  a.handle("one", [](request<>) { return 1; });
  b.handle("two", [](request<>) { return 2; });
  server first{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1}},
      second{b, {.listen = {"127.0.0.1:0"}, .io_threads = 1}};
  first.start();
  second.start();
  raw_client c{first.addresses().front()}, d{second.addresses().front()};
  c.upgrade();
  d.upgrade();

  for (int i = 1; i <= 3; ++i) {
    open(c, i, "one");
    open(d, i, "one");
    EXPECT_EQ(next_type(c), wire::response_type::message);
    EXPECT_EQ(next_type(d), wire::response_type::error);
  }
  first.stop();
  open(d, 9, "two");
  EXPECT_EQ(next_type(d), wire::response_type::message);
}

TEST(Server, ListsConnectionsAndRequests) {
  busy_app a;
  server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 2}};
  s.start();
  raw_client c{s.addresses().front()}, d{s.addresses().front()};
  c.upgrade();
  d.upgrade();
  open(c, 5, "sleep");
  open(d, 6, "sleep");
  ASSERT_TRUE(eventually([&] { return a.alive == 2; }));

  const auto connections = s.runtime().connections();
  const auto requests = s.runtime().requests();

  EXPECT_EQ(connections.size(), 2U);
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].seq + requests[1].seq, 11U);
  EXPECT_EQ(requests[0].rpc, "sleep");
  EXPECT_NE(requests[0].connection, requests[1].connection);
  EXPECT_NE(requests[0].actor, requests[1].actor);
}

} // namespace
} // namespace swill
