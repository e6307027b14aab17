#include "actors/handle_actor.hpp"
#include "libswill/client/client.hpp"
#include "libswill/client/run.hpp"
#include "libswill/server/server.hpp"
#include "tests/chaos/scale.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <random>
#include <string>

// Keyed actors that are told to end after a millisecond without calls, and callers who pause for about as long between two calls of a key: call
// after call meets an actor that is just about to end, on threads of which none waits for another. Some end by themselves as well, with calls in
// their mailboxes. Each call has to be answered, and never by one of two.

namespace swill {
namespace {

using chaos::scaled;
using namespace std::chrono_literals;

constexpr std::uint64_t idle_keys = 64;
constexpr std::uint64_t leaving_keys =
    4; // the first of these: their actors end with every eighth call, and get half of all calls
constexpr std::size_t idle_callers = 4 * idle_keys; // of each key one in about a millisecond

struct idle_counts {
  std::array<std::atomic<int>, idle_keys> alive{};
  std::atomic<int> doubled{0};
  std::atomic<std::uint64_t> made{0};
};

/// It is counted as long as it lives.
struct idle_life {
  idle_counts* in = nullptr;
  std::uint64_t key = 0;
  int calls = 0;

  void begin(idle_counts& counts, std::uint64_t k) {
    in = &counts;
    key = k;
    ++in->made;
    if (++in->alive[key] > 1) ++in->doubled;
  }
  idle_life() = default;
  idle_life(const idle_life&) = delete;
  idle_life& operator=(const idle_life&) = delete;
  ~idle_life() {
    if (in != nullptr) --in->alive[key];
  }
};

struct idle_outcome {
  std::uint64_t left = 0; ///< calls that are still to be made
  std::uint64_t answered = 0;
  std::string first_error;
  std::mt19937 random{4711};
};

/// One call after the other, with pauses, as long as there are some.
task<void> visit(const client& c, idle_outcome& o) {
  while (o.left > 0) {
    --o.left;
    const std::uint64_t key = o.random() % (o.random() % 2 == 0 ? idle_keys : leaving_keys);
    try {
      o.answered += co_await c.call<std::uint64_t>("visit", key) == key ? 1 : 0;
    } catch (const error& e) {
      if (o.first_error.empty()) o.first_error = std::to_string(e.code) + " " + e.message;
    }
    co_await sleep_for(std::chrono::microseconds{o.random() % 8'000});
  }
}
task<void> visit_by(std::size_t callers, const client& c, idle_outcome& o) {
  if (callers == 1) co_return co_await visit(c, o);
  co_await when_all(visit_by(callers / 2, c, o), visit_by(callers - callers / 2, c, o));
}
task<void> visit_all(std::string url, idle_outcome& o) {
  const client c = co_await client::connect(url);
  co_await visit_by(idle_callers, c, o);
}

TEST(IdleActors, AnswerEveryCallThatMeetsTheirEnd) {
  const auto calls = scaled<std::uint64_t>(20'000, 1'000'000);
  idle_counts counts;
  app a;
  a.limits().requests_per_connection = 2 * idle_callers;
  const auto by_key = [&counts](caf::stateful_actor<idle_life>* self, std::uint64_t key) -> caf::behavior {
    self->state.begin(counts, key);
    return {[self, key](std::uint64_t) {
      if (key < leaving_keys && ++self->state.calls == 8) self->quit();
      return key;
    }};
  };
  a.handle_actor<std::uint64_t, std::uint64_t>("visit",
                                               keyed{[](std::uint64_t key) { return key; }, by_key, {.idle = 1ms}});
  server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 2, .workers = 2}};
  s.start();
  idle_outcome o{.left = calls};

  net::event_loop loop;
  run_client(loop, visit_all(s.urls().front(), o));
  s.stop();

  EXPECT_EQ(o.first_error, "");
  EXPECT_EQ(o.answered, calls);
  EXPECT_EQ(counts.doubled, 0);
  EXPECT_GT(counts.made, calls / 50); // many of them have met one that was about to end
  for (const auto& n : counts.alive) EXPECT_EQ(n, 0);
  RecordProperty("made", std::to_string(counts.made));
}

} // namespace
} // namespace swill
