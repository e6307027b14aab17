#include "libswill/server/server.hpp"

#include "actors/runtime.hpp"
#include "libswill/base/await.hpp"
#include "tests/server/calls.hpp"
#include "tests/support/patience.hpp"
#include "tests/support/raw_client.hpp"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <future>
#include <poll.h>
#include <unistd.h>

// Functions that hold a thread: of the pool, in turns between connections; of I/O, which is told; and those that do not end when the server
// stops.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

/// A handler that is in there until it may go.
struct door {
  std::atomic<int> entered{0}, left{0};
  std::atomic<bool> is_open{false};
  void pass() {
    ++entered;
    while (!is_open) ::poll(nullptr, 0, 1);
    ++left;
  }
};

/// A message that is decoded on the pool, and stands in a door there.
struct held_message {
  int n = 0;
};
door* door_of_messages = nullptr;

template <class D>
void describe(D& d, held_message& m) {
  const auto passes = [](int) {
    door_of_messages->pass();
    return true;
  };
  d.field("n", m.n, predicate{passes, "passes"});
}

void send(raw_client& c, std::uint64_t seq, std::string_view rpc,
          wire::request_type type = wire::request_type::message) {
  buffer out;
  wire::writer w{out};
  const bool is_held = rpc == "decoding" && type == wire::request_type::message;
  wire::write_request(w, seq, is_held ? encoded(value::map({{"n", 1}})) : bytes{}, rpc, type);
  c.send_message(as_text(out.view()));
}
std::uint64_t next_seq(raw_client& c) {
  const std::string message = c.read_message();
  return wire::decode_response(as_bytes(message), limits{}).envelope.seq;
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

/// An app with a door in every way to hold a thread. Functions that a server leaves behind may use it as long as they run: each test has
/// one, which is never destroyed.
struct held_app : logged_app {
  door gate;
  held_app() {
    limits().close_timeout = 20ms; // nobody answers a close frame
    limits().elements_on_loop = 1;
    door_of_messages = &gate;
    handle("decoding", [](request<held_message>) {});
    handle("blocking", blocking([this](request<>) { gate.pass(); }));
    handle("pool", [this](request<>) -> task<void> { co_await on_pool([g = &gate] { g->pass(); }); });
    handle("plain", [this](request<>) { gate.pass(); });
    handle("one", blocking([](request<>) { return 1; }));
    handle("now", [](request<>) { return 1; });
  }
};
held_app& make_app() {
  static auto* const kept = new std::vector<held_app*>; // also at exit, where what nothing refers to is a leak
  return *kept->emplace_back(new held_app);
}

// --- The pool

class Pool : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Jobs, Pool, testing::Values("blocking", "pool", "decoding"));

TEST_P(Pool, OneConnectionDoesNotHaveAllOfIt) {
  held_app& a = make_app();
  server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1, .workers = 2}};
  s.start();
  raw_client greedy{s.addresses().front()}, other{s.addresses().front()};
  greedy.upgrade();
  other.upgrade();
  for (std::uint64_t seq = 1; seq <= 20; ++seq) send(greedy, seq, GetParam());
  ASSERT_TRUE(eventually([&] { return a.gate.entered == 1; }));

  for (std::uint64_t seq = 1; seq <= 10; ++seq) {
    send(other, seq, "one");
    EXPECT_EQ(next_seq(other), seq); // while the first of the twenty is in there
  }

  EXPECT_EQ(a.gate.entered, 1); // half of two threads
  a.gate.is_open = true;
  EXPECT_TRUE(eventually([&] { return a.gate.left == 20; }));
}

TEST_P(Pool, CancelledJobThatWaitsNeverRuns) {
  held_app& a = make_app();
  a.limits().requests_per_connection = 4;
  server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1, .workers = 2}};
  s.start();
  raw_client c{s.addresses().front()};
  c.upgrade();
  send(c, 1, GetParam());
  ASSERT_TRUE(eventually([&] { return a.gate.entered == 1; }));

  // Each is over at once, so that the next is not refused.
  for (std::uint64_t seq = 2; seq <= 200; ++seq) {
    send(c, seq, GetParam());
    send(c, seq, GetParam(), wire::request_type::cancel);
  }
  send(c, 201, "now");
  EXPECT_EQ(next_seq(c), 201U);
  a.gate.is_open = true;

  EXPECT_EQ(next_seq(c), 1U);
  EXPECT_TRUE(s.stop());
  EXPECT_EQ(a.gate.entered, 1);
}

TEST_P(Pool, JobsOfAConnectionThatHasGoneNeverRun) {
  held_app& a = make_app();
  server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1, .workers = 2}};
  s.start();
  {
    raw_client c{s.addresses().front()};
    c.upgrade();
    for (std::uint64_t seq = 1; seq <= 20; ++seq) send(c, seq, GetParam());
    ASSERT_TRUE(eventually([&] { return a.gate.entered == 1 && s.runtime().requests().size() == 20; }));
    c.reset();
  }
  ASSERT_TRUE(eventually([&] { return s.runtime().requests().size() <= 1; }));

  a.gate.is_open = true;

  EXPECT_TRUE(s.stop());
  EXPECT_EQ(a.gate.entered, 1);
}

TEST_P(Pool, JobWhoseDeadlinePassesBeforeItBeginsNeverRuns) {
  held_app& a = make_app();
  a.limits().default_deadline = 20ms;
  server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1, .workers = 2}};
  s.start();
  raw_client c{s.addresses().front()};
  c.upgrade();

  send(c, 1, GetParam());
  send(c, 2, GetParam());

  for (int i = 0; i < 2; ++i) EXPECT_THAT(c.read_message(), HasSubstr("Deadline exceeded"));
  a.gate.is_open = true;
  EXPECT_TRUE(s.stop());
  EXPECT_EQ(a.gate.entered, 1);
}

TEST(PoolShare, IsAsLargeAsTheLimitSays) {
  held_app& a = make_app();
  a.limits().pool_jobs_per_connection = 3;
  server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1, .workers = 4}};
  s.start();
  raw_client c{s.addresses().front()}, other{s.addresses().front()};
  c.upgrade();
  other.upgrade();
  for (std::uint64_t seq = 1; seq <= 10; ++seq) send(c, seq, "blocking");

  EXPECT_TRUE(eventually([&] { return a.gate.entered == 3; }));
  send(other, 1, "one");
  EXPECT_EQ(next_seq(other), 1U);
  EXPECT_EQ(a.gate.entered, 3);
  a.gate.is_open = true;
}

// --- An I/O thread

/// Whether calling `rpc` makes the line that says who held the thread.
bool is_named(logged_app& a, const std::string& rpc, const std::string& name) {
  a.limits().slow_handler = 60ms;
  server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1}};
  s.start();
  raw_client c{s.addresses().front()};
  c.upgrade();
  send(c, 1, rpc);
  EXPECT_EQ(next_seq(c), 1U);
  const auto line = testing::MatchesRegex("warning " + name + " held its I/O thread for [0-9]+ ms");
  return eventually([&] { return testing::Matches(Contains(line))(a.lines()); });
}

void hold() { ::poll(nullptr, 0, 120); }

TEST(SlowHandler, IsNamedWithItsTime) {
  logged_app a;
  a.handle("plain", [](request<>) { hold(); });
  a.handle("step", [](request<>) -> task<void> {
    co_await sleep_for(1ms);
    hold();
  });
  EXPECT_TRUE(is_named(a, "plain", "plain"));
  EXPECT_TRUE(is_named(a, "step", "step"));
}

TEST(SlowHandler, MayBeAHook) {
  logged_app of_request, of_connection;
  for (logged_app* a : {&of_request, &of_connection}) a->handle("f", [](request<>) {});
  of_request.before_request([](context&) { hold(); });
  of_connection.after_accept([](connection&) { hold(); });

  EXPECT_TRUE(is_named(of_request, "f", "f"));
  EXPECT_TRUE(is_named(of_connection, "f", "a hook of a connection"));
}

TEST(SlowHandler, CountsThoseWithoutALine) {
  logged_app a;
  a.limits().slow_handler = 1ms;
  a.handle("slow", [](request<int> r) { ::poll(nullptr, 0, r.data()); });
  server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1}};
  s.start();
  raw_client c{s.addresses().front()};
  c.upgrade();
  std::uint64_t seq = 0;
  const auto call = [&](int ms) {
    buffer out;
    wire::writer w{out};
    wire::write_request(w, ++seq, encoded(ms), "slow", wire::request_type::message);
    c.send_message(as_text(out.view()));
    EXPECT_EQ(next_seq(c), seq);
  };

  call(5);
  call(5);
  for (int i = 0; i < 100 && a.lines().size() < 2; ++i) call(50); // a second between two lines

  ASSERT_GE(a.lines().size(), 2U);
  EXPECT_THAT(a.lines().at(1),
              testing::MatchesRegex(
                  "warning slow held .* ms; the thread was held [0-9]+ other times since the last such line"));
}

// --- The end of a server

std::chrono::milliseconds stop_time(server& s, bool& ended) {
  const auto before = std::chrono::steady_clock::now();
  ended = s.stop();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - before);
}

class Ending : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Functions, Ending, testing::Values("blocking", "pool", "plain", "decoding"));

TEST_P(Ending, LeavesAFunctionBehindThatDoesNotEndAndNamesIt) {
  held_app& a = make_app();
  a.limits().drain_timeout = 50ms;
  a.limits().close_timeout = 50ms;
  auto s = std::make_unique<server>(a, server_options{.listen = {"127.0.0.1:0"}, .io_threads = 1, .workers = 2});
  s->start();
  raw_client c{s->addresses().front()};
  c.upgrade();
  send(c, 1, GetParam());
  ASSERT_TRUE(eventually([&] { return a.gate.entered == 1; }));

  bool ended = true;
  const auto took = stop_time(*s, ended);
  s.reset();

  EXPECT_FALSE(ended);
  EXPECT_LT(took, patient(5s)); // 50 ms, and a second for the rest
  EXPECT_THAT(a.lines(), Contains(AllOf(HasSubstr("warning left behind after "), HasSubstr(GetParam()))));
  EXPECT_EQ(a.gate.left, 0);
  a.gate.is_open = true; // it goes on with all that it uses
  EXPECT_TRUE(eventually([&] { return a.gate.left == 1; }));
}

TEST_P(Ending, WaitsForAFunctionWhereItIsTold) {
  held_app& a = make_app();
  a.limits().drain_timeout = 10ms;
  a.limits().close_timeout = 10ms;
  server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1, .workers = 2, .waits_for_functions = true}};
  s.start();
  raw_client c{s.addresses().front()};
  c.upgrade();
  send(c, 1, GetParam());
  ASSERT_TRUE(eventually([&] { return a.gate.entered == 1; }));

  auto stopping = std::async(std::launch::async, [&] { return s.stop(); });
  const auto told = Contains(AllOf(HasSubstr("warning waiting for functions"), HasSubstr(GetParam())));
  EXPECT_TRUE(eventually([&] { return testing::Matches(told)(a.lines()); }));
  a.gate.is_open = true;

  EXPECT_TRUE(stopping.get());
  EXPECT_THAT(a.lines(), Not(Contains(HasSubstr("left behind"))));
}

// In a process of its own: the function still uses objects of what would be main.
TEST(EndingDeathTest, OfAProcessWithAFunctionLeftBehindIsClean) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto run = [] {
    door gate;
    app a;
    a.limits().drain_timeout = 10ms;
    a.limits().close_timeout = 10ms;
    a.handle("blocking", blocking([&](request<>) { gate.pass(); }));
    server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1, .workers = 2}};
    s.run([&](server&) {
      raw_client c{s.addresses().front()};
      c.upgrade();
      send(c, 1, "blocking");
      if (!eventually([&] { return gate.entered == 1; })) std::_Exit(2);
      ::kill(::getpid(), SIGTERM);
    });
    std::_Exit(3); // it does not return
  };
  EXPECT_EXIT(run(), testing::ExitedWithCode(0),
              "SIGTERM: the server stops(.|\n)*left behind after .*: blocking room=actors\n");
}

TEST(EndingInLines, SaysWhatItDoes) {
  logged_app a;
  a.limits().drain_timeout = 20ms;
  a.limits().close_timeout = 30ms; // nobody answers the close frame
  std::atomic<bool> begun{false};
  a.handle("sleep", [&](request<>) -> task<void> {
    begun = true;
    co_await sleep_for(1h);
  });
  server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1}};
  s.start();
  raw_client c{s.addresses().front()};
  c.upgrade();
  send(c, 1, "sleep");
  ASSERT_TRUE(eventually([&] { return begun.load(); }));

  EXPECT_TRUE(s.stop());

  const auto lines = a.lines();
  ASSERT_GE(lines.size(), 3U);
  EXPECT_THAT(lines[0], HasSubstr("info draining 1 connection with 1 open request, for at most 0.0 s"));
  EXPECT_EQ(lines[1],
            "info closed 1 connection that had not ended by then, and cancelled what they were calling: sleep");
  EXPECT_THAT(lines.back(), HasSubstr("info drained in "));
}

} // namespace
} // namespace swill
