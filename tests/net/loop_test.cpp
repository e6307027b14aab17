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

TEST(AsioLoop, RunsWhatIsPostedInOrder) {
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

TEST(AsioLoop, TakesPostsOfOtherThreadsInOrder) {
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

TEST(AsioLoop, MissesNoPostThatComesAsItFallsAsleep) {
  io_threads threads{1};
  threads.start();
  std::atomic<int> seen{0};

  for (int i = 1; i <= 3000; ++i) {
    threads[0].post([&seen, i] { seen = i; });
    while (seen != i) std::this_thread::yield();
  }

  EXPECT_EQ(seen, 3000);
}

TEST(AsioLoop, RunsAgainAfterItWasStopped) {
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

TEST(AsioLoop, RunsTimersInTheOrderOfTheirTime) {
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

TEST(AsioLoop, LetsATimerSetItselfAnew) {
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

TEST(AsioLoop, KeepsTheTimeOfATurn) {
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

TEST(AsioLoop, CallsItsHookAtTheEndOfATurn) {
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

TEST(AsioLoop, WakesFromAnyThread) {
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

TEST(AsioLoop, RunsTurnJobsOnceAtTheEnd) {
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

TEST(AsioLoop, SurvivesExceptions) {
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

TEST(AsioLoop, OffloadsToItsPool) {
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

TEST(AsioLoop, DestroysWhatNeverRan) {
  auto token = std::make_shared<int>(1);
  {
    event_loop l;
    l.post([token] {});
  }
  EXPECT_EQ(token.use_count(), 1);
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

/// A socket that is always ready, and that nobody reads.
class ready_socket final : public net::watched {
public:
  explicit ready_socket(net::poller& p, bool write = false) : poller_(p) {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_), 0);
    EXPECT_EQ(::write(ends_[1], "x", 1), 1);
    poller_.add(*this, ends_[0], true, write);
  }
  ~ready_socket() override {
    poller_.remove(*this, ends_[0]);
    for (const int e : ends_) ::close(e);
  }

  std::function<void()> in_turn = [] {};
  bool leaves_input = true;
  using watched::messages_per_turn;
  int turns = 0, laters = 0, only_reads = 0, only_writes = 0;

private:
  void on_ready(bool readable, bool writable, bool) noexcept override {
    ++turns;
    if (!writable) ++only_reads;
    if (!readable) ++only_writes;
    note_input(!leaves_input);
    in_turn();
  }
  void on_later() noexcept override { ++laters; }

  net::poller& poller_;
  int ends_[2] = {-1, -1};
};

void take_long() {
  const auto end = std::chrono::steady_clock::now() + milliseconds{1};
  while (std::chrono::steady_clock::now() < end) {
  }
}

// Both wait for their turns, the first for a long one; what is asked for meanwhile must not be lost.
TEST(Poller, ATurnThatIsAskedForComesAlsoToWhoIsWaitingForOne) {
  event_loop l;
  net::poller& sockets = *l.sockets();
  ready_socket first{sockets}, second{sockets};
  bool asked = false;
  first.in_turn = [&] {
    take_long();
    if (first.turns < 2 || asked) return;
    asked = true;
    EXPECT_EQ(second.turns, 1); // its next one waits behind this
    sockets.later(second);
  };
  second.in_turn = [&] {
    if (second.turns == 3) l.stop();
  };

  l.run();

  EXPECT_TRUE(asked);
  EXPECT_EQ(second.laters, 1);
  l.stop();
}

TEST(Poller, WhoLeavesInputBehindWaitsToReadAlsoWhereItCanWrite) {
  event_loop l;
  net::poller& sockets = *l.sockets();
  ready_socket greedy{sockets, true};
  greedy.in_turn = [&] {
    if (greedy.turns == 9) l.stop();
  };

  l.run();

  EXPECT_EQ(greedy.only_writes, 4); // after the first turn, which had both
  EXPECT_EQ(greedy.only_reads, 4);
  l.stop();
}

TEST(Poller, SocketsThatAreReadyHaveTheirTurnsInARound) {
  event_loop l;
  ready_socket socket{*l.sockets()};
  bool in_turn = false, after = true;
  socket.in_turn = [&] {
    in_turn = l.is_in_round();
    l.post([&] {
      after = l.is_in_round();
      l.stop();
    });
  };

  l.run();

  EXPECT_TRUE(in_turn);
  EXPECT_FALSE(after);
}

/// Takes a few bytes in each turn, and nothing for a while after each that it is told of.
class slow_reader final : public net::stream_socket {
public:
  slow_reader(net::event_loop& l, int fd, int pauses)
      : stream_socket(l, leaves::at_turn_end, fd), loop_(l), pauses_(pauses) {
    start_watching();
  }
  std::string got;
  bool has_ended = false;

private:
  bool wants_input() const noexcept override { return !is_paused_ && !has_ended; }
  std::size_t on_read_begin() override { return 3; }
  void on_input(bytes_view data) override {
    got += as_text(data);
    is_paused_ = pauses_ != 0;
    if (!is_paused_) return;
    --pauses_;
    loop_.post([this] {
      is_paused_ = false;
      watch();
    });
  }
  void on_peer_gone(int error) override {
    EXPECT_EQ(error, 0);
    has_ended = true;
    close_socket();
    loop_.stop();
  }
  void on_broken() override { loop_.stop(); }
  void on_send_failed(int) override {}
  void on_tls_failed(const std::string&) override {}
  std::shared_ptr<void> keep_alive() override { return nullptr; }
  void on_exception(std::exception_ptr) noexcept override { loop_.stop(); }

  net::event_loop& loop_;
  int pauses_;
  bool is_paused_ = false;
};

TEST(StreamSocket, ReadsAllThatCameInTurnsAndThenTheEnd) {
  const std::string sent(100, 'x');
  for (int pauses = 0; pauses < 50; ++pauses) {
    event_loop l;
    int ends[2] = {-1, -1};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    ASSERT_EQ(::write(ends[1], sent.data(), sent.size()), static_cast<ssize_t>(sent.size()));
    ::shutdown(ends[1], SHUT_WR); // nothing happens from now on but what the reader asks for
    slow_reader reader{l, ends[0], pauses};

    l.run();

    EXPECT_EQ(reader.got, sent);
    EXPECT_TRUE(reader.has_ended);
    ::close(ends[1]);
  }
}

struct turns_of_two {
  std::string order;
  std::vector<int> shares; // of the slow one
};

turns_of_two slow_beside_quick() {
  turns_of_two out;
  event_loop l;
  ready_socket slow{*l.sockets()}, quick{*l.sockets()};
  slow.leaves_input = quick.leaves_input = false;
  slow.in_turn = [&] {
    out.order += 's';
    out.shares.push_back(slow.messages_per_turn());
    if (slow.turns <= 3) take_long();
    if (slow.turns == 5) l.stop();
  };
  quick.in_turn = [&] { out.order += 'q'; };
  l.run();
  l.stop();
  return out;
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

TEST(Poller, WhoseTurnsTakeLongWaitsAndGetsLessInEach) {
  turns_of_two seen;
  // On a busy machine a turn that is not meant to may take long.
  for (int i = 0; i < 100 && (seen.order != "sqqsqsqsqs" || seen.shares.back() != 5); ++i) seen = slow_beside_quick();

  EXPECT_EQ(seen.order, "sqqsqsqsqs"); // after its first turn, behind the quick one
  EXPECT_THAT(seen.shares, testing::ElementsAre(16, 8, 4, 4, 5));
}

} // namespace
} // namespace swill
