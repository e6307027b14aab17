#include "libswill/net/event_loop.hpp"

#include "libswill/base/manual_loop.hpp"
#include "libswill/net/io_threads.hpp"
#include "libswill/net/poller.hpp"
#include "libswill/net/stream_socket.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

namespace swill {
namespace {

using net::event_loop;
using net::io_threads;
using std::chrono::milliseconds;

class alarm final : public timer {
public:
  explicit alarm(std::function<void()> f) : f_(std::move(f)) {}

private:
  void on_timer() override { f_(); }
  std::function<void()> f_;
};

// Runs `f` on a loop until done() is called.
void run(event_loop& l, std::function<void()> f) {
  l.post(std::move(f));
  l.run();
}

TEST(EventLoop, RunsWhatIsPostedInOrder) {
  event_loop l;
  std::vector<int> order;

  run(l, [&] {
    EXPECT_TRUE(l.is_current());
    l.post([&] {
      order.push_back(2);
      l.post([&] {
        order.push_back(4);
        l.stop();
      });
    });
    l.post([&] { order.push_back(3); });
    order.push_back(1);
  });

  EXPECT_EQ(order, (std::vector{1, 2, 3, 4}));
  EXPECT_FALSE(l.is_current());
}

TEST(EventLoop, TakesPostsOfOtherThreadsInOrder) {
  io_threads threads{2};
  threads.start();
  std::vector<int> seen;
  std::promise<void> done;

  for (int i = 0; i < 1000; ++i)
    threads[1].post([&, i] {
      seen.push_back(i);
      if (i == 999) done.set_value();
    });
  done.get_future().wait();

  for (int i = 0; i < 1000; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], i);
}

TEST(EventLoop, MissesNoPostThatComesAsItFallsAsleep) {
  io_threads threads{1};
  threads.start();
  std::atomic<int> seen{0};

  for (int i = 1; i <= 3000; ++i) {
    threads[0].post([&seen, i] { seen = i; });
    while (seen != i) std::this_thread::yield();
  }

  EXPECT_EQ(seen, 3000);
}

TEST(EventLoop, RunsAgainAfterItWasStopped) {
  event_loop l;
  int runs = 0;
  const auto once = [&] {
    ++runs;
    l.stop();
  };

  run(l, once);
  run(l, once);
  l.stop();
  l.post(once);
  l.run(); // at once, without what was posted

  EXPECT_EQ(runs, 2);
}

TEST(EventLoop, RunsTimersInTheOrderOfTheirTime) {
  event_loop l;
  std::vector<int> order;
  clock_time started;
  alarm late{[&] {
    order.push_back(3);
    EXPECT_GE(l.now(), started + milliseconds{20});
    l.stop();
  }};
  alarm soon{[&] { order.push_back(2); }};
  alarm at_once{[&] { order.push_back(1); }};
  alarm never{[&] { order.push_back(9); }};

  run(l, [&] {
    started = l.now();
    l.set_timer(late, l.now() + milliseconds{20});
    l.set_timer(soon, l.now() + milliseconds{5});
    l.set_timer(at_once, l.now());
    l.set_timer(never, l.now() + milliseconds{1});
    never.cancel();
  });

  EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST(EventLoop, LetsATimerSetItselfAnew) {
  event_loop l;
  int rounds = 0;
  alarm* again = nullptr;
  alarm a{[&] {
    if (++rounds == 1000) return l.stop();
    l.set_timer(*again, l.now());
  }};
  again = &a;

  run(l, [&] { l.set_timer(a, l.now()); });

  EXPECT_EQ(rounds, 1000);
}

TEST(EventLoop, KeepsTheTimeOfATurn) {
  event_loop l;

  run(l, [&] {
    const auto then = l.now();
    while (std::chrono::steady_clock::now() < then + milliseconds{2}) {
    }
    EXPECT_EQ(l.now(), then);
    l.post([&, then] {
      EXPECT_GT(l.now(), then);
      l.stop();
    });
  });
}

TEST(EventLoop, CallsItsHookAtTheEndOfATurn) {
  event_loop l;
  struct {
    event_loop& loop;
    bool worked = false;
    int calls_after_work = 0;
  } state{l};
  l.set_turn_hook(
      [](void* self) {
        auto& s = *static_cast<decltype(state)*>(self);
        if (!s.worked) return;
        ++s.calls_after_work;
        s.loop.stop();
      },
      &state);

  run(l, [&] {
    const event_loop::turn nested{l};
    state.worked = true;
  });

  EXPECT_EQ(state.calls_after_work, 1);
}

TEST(EventLoop, WakesFromAnyThread) {
  io_threads threads{1};
  std::promise<void> woken;
  struct {
    std::atomic<bool> wanted{false};
    std::promise<void>* woken;
  } state;
  state.woken = &woken;
  threads[0].set_turn_hook(
      [](void* self) {
        auto& s = *static_cast<decltype(state)*>(self);
        if (s.wanted.exchange(false)) s.woken->set_value();
      },
      &state);
  threads.start();

  state.wanted = true;
  threads[0].wake();

  woken.get_future().wait();
}

TEST(EventLoop, RunsTurnJobsOnceAtTheEnd) {
  struct job final : net::turn_job {
    int runs = 0;
    void on_turn_end() noexcept override { ++runs; }
  };
  event_loop l;
  job j;
  auto gone = std::make_unique<job>();

  run(l, [&] {
    l.at_turn_end(j);
    l.at_turn_end(j);
    l.at_turn_end(*gone);
    gone.reset();
    EXPECT_EQ(j.runs, 0);
    l.post([&] {
      EXPECT_EQ(j.runs, 1);
      l.stop();
    });
  });

  EXPECT_EQ(j.runs, 1);
}

TEST(EventLoop, SurvivesExceptions) {
  int logged = 0;
  const log_sink log = [&](const log_entry&) { ++logged; };
  {
    event_loop l{{}, &log};
    alarm bad{[] { throw std::runtime_error("timer"); }};

    run(l, [&] {
      l.post([] { throw std::runtime_error("posted"); });
      l.set_timer(bad, l.now());
      l.post([&] { l.stop(); });
      throw 7;
    });

    EXPECT_EQ(logged, 1) << "one line of a kind at a time";
  }
  EXPECT_EQ(logged, 2) << "and what was counted";
}

TEST(EventLoop, OffloadsToItsPool) {
  int pooled = 0;
  event_loop l{[&](const std::function<void()>& f) {
    ++pooled;
    f();
  }};
  int ran = 0;

  l.offload([&] { ++ran; });

  EXPECT_EQ(pooled, 1);
  EXPECT_EQ(ran, 1);
}

TEST(EventLoop, DestroysWhatNeverRan) {
  auto token = std::make_shared<int>(1);
  {
    event_loop l;
    l.post([token] {});
  }
  EXPECT_EQ(token.use_count(), 1);
}

TEST(EventLoop, MailThatWasSentBeforeAFunctionWasPostedComesFirst) {
  event_loop l;
  std::string order;
  struct mail {
    std::string& order;
    bool waits = true;
  } sent{order};
  l.set_turn_hook(
      [](void* m) {
        auto& it = *static_cast<mail*>(m);
        if (std::exchange(it.waits, false)) it.order += "mail ";
      },
      &sent);

  l.wake(); // as a sender of mail on another thread does
  l.post([&] { order += "function"; });
  l.post([&] { l.stop(); });
  l.run();

  EXPECT_EQ(order, "mail function");
}

TEST(ManualLoop, MovesOnlyWhenTold) {
  manual_loop l;
  std::vector<int> order;
  alarm later{[&] { order.push_back(3); }};
  alarm sooner{[&] {
    order.push_back(2);
    l.post([&] { l.set_timer(later, l.now() + milliseconds{1}); });
  }};
  l.set_timer(sooner, l.now() + milliseconds{10});
  l.post([&] { order.push_back(1); });
  EXPECT_TRUE(order.empty());

  EXPECT_EQ(l.run_until_idle(), 1U);
  EXPECT_EQ(order, (std::vector{1}));
  l.advance(milliseconds{10});
  EXPECT_EQ(order, (std::vector{1, 2}));
  l.advance(milliseconds{1});
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST(ManualLoop, CallsItsHook) {
  manual_loop l;
  int calls = 0;
  l.set_turn_hook([](void* n) { ++*static_cast<int*>(n); }, &calls);

  l.wake();
  l.run_until_idle();

  EXPECT_GE(calls, 1);
}

TEST(ManualLoop, SaysSoWhenItNeverEnds) {
  manual_loop l;
  std::function<void()> forever = [&] { l.post(forever); };
  l.post(forever);

  EXPECT_THROW(l.run_until_idle(), std::runtime_error);
}

} // namespace
} // namespace swill
