#include "actors/connection_actor.hpp"

#include "libswill/base/completion.hpp"
#include "tests/actors/world.hpp"

#include <algorithm>
#include <map>
#include <memory>

// The actor of a connection: told to close, described, killed.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;

struct sleeping_app : logged_app {
  int alive = 0;
  int after_connection = 0;
  int code = 0;
  outcomes ends;
  sleeping_app() {
    handle("sleep", [this](request<int>) -> task<int> {
      const counted guard{alive};
      co_await sleep_for(1h);
      co_return 1;
    });
    handle("next", [this](streaming_request<int> in) -> task<int> {
      const counted guard{alive};
      while (co_await in.next()) {
      }
      co_return 1;
    });
    handle("add", [](request<int> r) { return r.data() + 1; });
    ends.listen(*this);
    swill::app::after_connection([this](connection&, const close_reason& r) {
      ++after_connection;
      code = r.code;
    });
  }
};

TEST(ConnectionActor, KilledClosesWith1011AndUnwinds) {
  sleeping_app a;
  test_server s{a};
  test_client c{s}, other{s};
  c.open("sleep", 1);
  c.open("next", 1);
  ASSERT_EQ(a.alive, 2);
  auto own = caf::strong_actor_ptr{s.runtime().unit_of(s.loop()).connections.front()->ctrl()};

  kill(own);
  s.run();

  EXPECT_EQ(a.alive, 0);
  EXPECT_EQ(a.ends.seen.size(), 2U);
  EXPECT_EQ(a.after_connection, 1);
  ASSERT_TRUE(c.pipe().closed());
  EXPECT_EQ(c.pipe().closed()->code, 1011);
  own = nullptr;
  EXPECT_EQ(other.call<int>("add", 1), 2);
  EXPECT_EQ(s.runtime().connection_count(), 1U);
}

// An exception goes through each of their frames. A neighbour does not wait for all of them.
TEST(ConnectionActor, ThatIsGoneUnwindsItsRequestsInSeveralTurns) {
  app a;
  std::map<std::uint64_t, int> ended; // in which turn, how many
  std::vector<int> order;
  int see_cancellation = 0;
  actors::unit* home = nullptr;
  a.handle("sleep", [&](request<int> r) -> task<int> {
    const auto at_end = [&](int*) {
      ++ended[home->turns.turn()];
      order.push_back(r.data());
      see_cancellation += r.context().is_cancelled() ? 1 : 0;
    };
    int any = 0;
    const std::unique_ptr<int, decltype(at_end)> guard{&any, at_end};
    co_await sleep_for(1h);
    co_return 1;
  });
  test_server s{a};
  home = &s.runtime().unit_of(s.loop());
  test_client c{s}, other{s};
  for (int i = 0; i < 50; ++i) c.open("sleep", i);
  for (int i = 50; i < 100; ++i) other.open("sleep", i);

  c.pipe().close();
  other.pipe().close();
  s.run();

  int all = 0;
  for (const auto& [turn, n] : ended) {
    EXPECT_LE(n, 16);
    all += n;
  }
  EXPECT_EQ(all, 100);
  EXPECT_EQ(see_cancellation, 100);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(s.runtime().connection_count(), 0U);
}

// Between the two parts of their end they are woken: they must not go on as if somebody heard them, and what runs after them does.
TEST(ConnectionActor, ThatIsGoneCancelsARequestAlsoWhereItIsWokenBeforeItUnwinds) {
  app a;
  std::vector<completer<int>> waiting;
  int hooks_done = 0;
  a.handle("numbers", [&](request<int> r) -> stream<int> {
    const auto at_end = [&](int*) {
      if (r.data() != 0) return;
      for (const auto& wake : waiting) wake(1);
    };
    int any = 0;
    const std::unique_ptr<int, decltype(at_end)> guard{&any, at_end};
    const int first = co_await completion<int>([&](completer<int> c) { waiting.push_back(std::move(c)); });
    for (int i = first;; ++i) co_yield i;
  });
  a.after_request([&](context&, const outcome&) -> task<void> {
    co_await sleep_for(1ms);
    ++hooks_done;
  });
  test_server s{a};
  test_client c{s};
  for (int i = 0; i < 100; ++i) c.open("numbers", i);

  c.pipe().close();
  s.advance(1s);

  EXPECT_EQ(hooks_done, 100);
  EXPECT_EQ(s.runtime().connection_count(), 0U);
}

TEST(ConnectionActor, KilledWhileItsRequestsAreKilledToo) {
  sleeping_app a;
  caf::strong_actor_ptr request;
  a.before_request([&](context& c) { request = actor_of(c); });
  test_server s{a};
  test_client c{s};
  c.open("sleep", 1);

  kill(request);
  kill(connection_of(s));
  kill(request);
  request = nullptr;
  s.run();

  EXPECT_EQ(a.alive, 0);
  EXPECT_EQ(a.ends.seen.size(), 1U);
  EXPECT_EQ(a.after_connection, 1);
}

TEST(ConnectionActor, ToldToCloseCloses) {
  sleeping_app a;
  test_server s{a};
  test_client c{s};

  tell(connection_of(s), actors::close_atom::value, 4010, std::string{"told"});
  s.run();

  ASSERT_TRUE(c.pipe().closed());
  EXPECT_EQ(c.pipe().closed()->code, 4010);
  EXPECT_EQ(c.pipe().closed()->reason, "told");
  EXPECT_EQ(a.after_connection, 1);
  EXPECT_EQ(a.code, 4010);
}

TEST(ConnectionActor, DescribesItself) {
  sleeping_app a;
  test_server s{a};
  test_client c{s};
  c.open("sleep", 1);
  c.open("next", 1);
  s.advance(100ms);
  {
    caf::scoped_actor me{s.runtime().system()};
    auto answer =
        me->request(caf::actor_cast<caf::actor>(connection_of(s)), caf::infinite, actors::describe_atom::value);
    s.run();
    answer.receive(
        [&](const actors::connection_info& i) {
          EXPECT_EQ(i.requests, 2U);
          EXPECT_EQ(i.remote_address, "127.0.0.1");
          EXPECT_EQ(i.age_ms, 100);
          EXPECT_EQ(i.id.size(), 32U);
        },
        [](const caf::error&) { FAIL(); });
  }
}

TEST(ConnectionActor, ThatIsGoneTakesMailWithoutHarm) {
  sleeping_app a;
  test_server s{a};
  caf::strong_actor_ptr own;
  {
    test_client c{s};
    own = connection_of(s);
  }
  s.run();
  EXPECT_EQ(a.after_connection, 1);

  tell(own, actors::close_atom::value, 4010, std::string{"told"});
  kill(own);
  s.run();

  EXPECT_EQ(a.after_connection, 1);
  EXPECT_EQ(s.runtime().connection_count(), 0U);
}

// Requests that unwind at once begin these hooks while the connection is still being closed.
TEST(ConnectionActor, LetsHooksWaitAfterAConnectionThatHadRequests) {
  int ended = 0;
  logged_app a;
  a.handle("wait", [](request<>) -> task<void> { co_await sleep_for(1h); });
  a.after_connection([&ended](connection&) -> task<void> {
    co_await sleep_for(10ms);
    ++ended;
  });
  test_server s{a};
  test_client c{s};
  c.open("wait", nothing{});
  s.run();

  c.pipe().drop();
  s.run();
  EXPECT_EQ(ended, 0);
  s.advance(10ms);

  EXPECT_EQ(ended, 1);
}

// What hooks still do when the actor is dead is waited for all the same.
TEST(ConnectionActor, KilledStillCountsUntilItsHooksHaveRun) {
  int ended = 0;
  logged_app a;
  a.after_connection([&ended](connection&) -> task<void> {
    co_await sleep_for(10ms);
    ++ended;
  });
  {
    test_server s{a};
    test_client c{s};
    kill(connection_of(s));
    s.run();
    EXPECT_EQ(s.runtime().connection_count(), 1U);
  }

  EXPECT_EQ(ended, 1);
}

} // namespace
} // namespace swill
