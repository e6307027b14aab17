#include "actors/per_unit.hpp"

#include "libswill/net/io_threads.hpp"
#include "tests/actors/world.hpp"

#include <array>
#include <future>
#include <stdexcept>
#include <thread>

namespace swill {
namespace {

using namespace test;
using actors::per_unit;

class pinged final : public actors::loop_actor {
public:
  pinged(caf::actor_config& config, actors::unit& home, int& alive) : loop_actor(config, home), guard_(alive) {}

private:
  counted guard_;
};

/// A plugin with one of them on the unit of a test server, whose loop is this thread's.
struct PerUnit : testing::Test {
  int alive = 0;
  logged_app a;
  test_server s{a};
  per_unit<pinged> all;

  void start() {
    all.start(s.runtime(), [this](actors::unit& u, std::size_t) { return actors::spawn_on<pinged>(u, alive); });
  }
  bool sends_from_outside() {
    bool sent = false;
    const auto refused = std::make_shared<bool>(false); // with the mail, which is read later
    std::thread{[&] {
      sent = all.send([](pinged&) {});
      const auto answer = [refused](const result<void>& r) { *refused = !r; };
      all.ask(
          answer, [](pinged&, auto done) { done({}); }, [] { return errors::unavailable("none"); });
    }}.join();
    EXPECT_NE(sent, *refused);
    return sent;
  }
  void stop(bool& ended) {
    all.stop([](pinged& p, const std::function<void()>& done) { p.quit(), done(); }, [&ended] { ended = true; });
  }
};

TEST_F(PerUnit, OtherThreadsReachItOnlyWhileItIsOpen) {
  bool ended = false;

  EXPECT_FALSE(sends_from_outside());
  start();
  EXPECT_FALSE(sends_from_outside());
  all.open();
  EXPECT_TRUE(sends_from_outside());
  stop(ended);
  EXPECT_FALSE(sends_from_outside());

  s.run();
  EXPECT_TRUE(ended);
  EXPECT_TRUE(all.empty());
}

TEST_F(PerUnit, MailComesOnTheHomesThread) {
  start();
  all.open();
  std::vector<int> heard;
  std::thread::id where;

  std::thread{[&] {
    EXPECT_TRUE(all.send([&](pinged& p) {
      EXPECT_EQ(&p, &all.front());
      where = std::this_thread::get_id();
      heard.push_back(1);
    }));
    all.ask([&](int n) { heard.push_back(n); }, [](pinged&, auto done) { done(2); }, [] { return 0; });
  }}.join();
  s.run();

  EXPECT_EQ(where, std::this_thread::get_id());
  EXPECT_EQ(heard, (std::vector<int>{1, 2}));
  bool ended = false;
  stop(ended);
  s.run();
}

TEST_F(PerUnit, MailToOneThatHasEndedIsDropped) {
  start();
  all.open();
  int called = 0;
  const auto counter = std::make_shared<int>();

  all.send([](pinged& p) { p.quit(); });
  all.send([&called, counter](pinged&) { ++called; });
  s.run();

  EXPECT_EQ(called, 0);
  EXPECT_EQ(counter.use_count(), 1);
  bool ended = false;
  stop(ended);
  s.run();
}

TEST_F(PerUnit, FindsTheOneOfThisThread) {
  start();
  s.run();

  EXPECT_EQ(all.mine(), &all.front());
  std::thread{[&] {
    EXPECT_EQ(all.mine(), nullptr);
    EXPECT_EQ(&all.nearest(), &all.front());
  }}.join();

  bool ended = false;
  stop(ended);
  s.run();
}

TEST_F(PerUnit, AStopWaitsForAllAndEndsThem) {
  start();
  std::function<void()> last;
  bool ended = false;

  all.stop([&last](pinged& p, const std::function<void()>& done) { p.quit(), last = done; },
           [&ended] { ended = true; });
  s.run();
  EXPECT_FALSE(ended);
  last();

  EXPECT_TRUE(ended);
  last = nullptr;
  s.run();
  EXPECT_EQ(alive, 0);
}

TEST_F(PerUnit, AStartThatFailsLeavesNone) {
  const auto fail = [](actors::unit&, std::size_t) -> caf::strong_actor_ptr { throw std::runtime_error("no"); };

  EXPECT_THROW(all.start(s.runtime(), fail), std::runtime_error);

  EXPECT_TRUE(all.empty());
  EXPECT_FALSE(sends_from_outside());
}

/// Two units with threads of their own.
TEST(PerUnitThreads, MakesFindsAndEndsOneOnEach) {
  net::io_threads threads{2};
  const auto loops = threads.loops();
  actors::runtime r{{loops.begin(), loops.end()}, 1};
  threads.start();
  std::array<int, 2> alive{};
  per_unit<pinged> all;
  std::vector<std::thread::id> made;

  all.start(r, [&](actors::unit& u, std::size_t n) {
    EXPECT_EQ(n, made.size());
    made.push_back(std::this_thread::get_id());
    return actors::spawn_on<pinged>(u, alive[n]);
  });
  ASSERT_EQ(all.handles().size(), 2U);
  EXPECT_NE(made[0], made[1]);
  for (std::size_t n = 0; n < 2; ++n) run_on(all[n].home().loop(), [&] { EXPECT_EQ(all.mine(), &all[n]); });

  std::promise<void> ended;
  std::array<std::thread::id, 2> where{};
  all.stop(
      [&](pinged& p, const std::function<void()>& done) {
        where[&p == &all[0] ? 0 : 1] = std::this_thread::get_id();
        p.quit();
        done();
      },
      [&] { ended.set_value(); });
  ended.get_future().get();
  EXPECT_EQ(where[0], made[0]);
  EXPECT_EQ(where[1], made[1]);
  r.shut_down();
  threads.stop();
}

} // namespace
} // namespace swill
