#include "actors/handle_actor.hpp"

#include "tests/actors/world.hpp"

#include <atomic>
#include <mutex>

// Handlers that are actors, in their four shapes. The actors live in a system of their own, so that they are there before the app.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;
using actors::cancel_atom;
using actors::credit_atom;
using actors::end_atom;
using actors::fail_atom;
using actors::item_atom;
using actors::open_atom;

/// A source that sends the numbers below what it was opened with, within its credit; and notes the most it was ever allowed.
struct source_state {
  int next = 0, count = 0;
  std::uint64_t credit = 0;
  caf::actor to;
};
struct notes {
  std::atomic<std::uint64_t> most_credit{0};
  std::atomic<int> sent{0}, cancelled{0}, received{0}, most_waiting{0};
};

void pump(caf::stateful_actor<source_state>* self, notes& n) {
  auto& s = self->state;
  if (!s.to) return;
  n.most_credit = std::max(n.most_credit.load(), s.credit);
  for (; s.credit > 0 && s.next < s.count; --s.credit) {
    self->send(s.to, item_atom::value, s.next++);
    ++n.sent;
  }
  if (s.next == s.count) {
    self->send(s.to, end_atom::value);
    s.to = {};
  }
}

caf::behavior source(caf::stateful_actor<source_state>* self, notes* n) {
  return {[=](open_atom, const caf::actor& to, int count) {
            if (count == -1) return self->send(to, fail_atom::value, std::int64_t{409}, std::string{"no"});
            if (count == -2) return self->send(to, fail_atom::value, 409, std::string{"no"});
            self->state = {0, count, 0, to};
          },
          [=](credit_atom, const caf::actor&, std::uint32_t more) {
            self->state.credit += more;
            pump(self, *n);
          },
          [=](cancel_atom, const caf::actor&) {
            ++n->cancelled;
            self->state.to = {};
          }};
}

/// Sums items in lots of two, so that credit is what moves them; answers at the end.
struct sink_state {
  int sum = 0;
};
caf::behavior adder(caf::stateful_actor<sink_state>* self, notes* n) {
  return {[=](open_atom, const caf::actor& to) {
            self->state.sum = 0;
            self->send(to, credit_atom::value, std::uint32_t{2});
          },
          [=](item_atom, const caf::actor& from, int v) {
            self->state.sum += v;
            if (++n->received % 2 == 0) self->send(from, credit_atom::value, std::uint32_t{2});
          },
          [=](end_atom, const caf::actor& to) {
            self->send(to, item_atom::value, self->state.sum);
            self->send(to, end_atom::value);
          },
          [](credit_atom, const caf::actor&, std::uint32_t) {},
          [=](cancel_atom, const caf::actor&) { ++n->cancelled; }};
}

/// Sends every item back at once.
caf::behavior mirror(caf::event_based_actor* self, notes* n) {
  return {[=](open_atom, const caf::actor& to) { self->send(to, credit_atom::value, std::uint32_t{100}); },
          [=](item_atom, const caf::actor& from, int v) {
            if (v == -1) return self->quit(caf::exit_reason::unhandled_exception);
            ++n->received;
            self->send(from, item_atom::value, v * 2);
          },
          [=](end_atom, const caf::actor& to) { self->send(to, end_atom::value); },
          [](credit_atom, const caf::actor&, std::uint32_t) {},
          [=](cancel_atom, const caf::actor&) { ++n->cancelled; }};
}

struct HandleActor : testing::Test {
  caf::actor_system_config config;
  caf::actor_system system{config.set("scheduler.max-threads", std::uint64_t{1})};
  notes n;
  caf::actor doubler = system.spawn([](int by) -> caf::behavior { return {[by](int v) { return by * v; }}; }, 2);
  caf::actor from = system.spawn(source, &n), into = system.spawn(adder, &n), both = system.spawn(mirror, &n);
  logged_app a;

  HandleActor() {
    a.handle_actor<int, int>("double", doubler, actor_options{});
    a.handle_actor<int, stream_of<int>>("numbers", from, actor_options{.window = 8});
    a.handle_actor<stream_of<int>, int>("sum", into, actor_options{});
    a.handle_actor<stream_of<int>, stream_of<int>>("mirror", both,
                                                   actor_options{.window = 1000}); // it asks for no credit
  }
  ~HandleActor() override {
    for (const auto& x : {doubler, from, into, both}) caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
  }
  /// What there is as soon as there is anything.
  static strings answer(test_server& s, test_client& c, std::uint64_t seq) {
    strings all;
    EXPECT_TRUE(run_until(s, [&] { return !(all = arrived(c, seq)).empty(); }));
    return all;
  }
  /// Everything up to the final envelope.
  static strings finish(test_server& s, test_client& c, std::uint64_t seq) {
    strings all;
    EXPECT_TRUE(run_until(s, [&] {
      for (auto& text : arrived(c, seq)) all.push_back(std::move(text));
      return !all.empty() && (all.back() == "end" || all.back()[0] == 'e' || all.back() == "last");
    })) << testing::PrintToString(all);
    return all;
  }
};

TEST_F(HandleActor, AnswersOneForOne) {
  test_server s{a};
  test_client c{s};
  const auto seq = c.open("double", 21);

  EXPECT_EQ(answer(s, c, seq), strings{"m:42"});
}

TEST_F(HandleActor, StreamsOutWithinItsCredit) {
  test_server s{a};
  test_client c{s};

  const auto all = finish(s, c, c.open("numbers", 500));

  ASSERT_EQ(all.size(), 501U);
  EXPECT_EQ(all[0], "m:0");
  EXPECT_EQ(all[499], "m:499");
  EXPECT_LE(n.most_credit, 8U);
}

TEST_F(HandleActor, StopsAtTheWindowWhenTheClientStalls) {
  a.limits().send_buffer = 64;
  test_server s{a};
  test_client c{s};
  c.pipe().stall();
  const auto seq = c.open("numbers", 100'000);
  int before = -1;
  ASSERT_TRUE(run_until(s, [&] { return std::exchange(before, n.sent.load()) == n.sent.load() && n.sent > 0; }));
  EXPECT_LE(n.most_credit, 8U);
  EXPECT_LT(n.sent, 100'000);

  c.cancel(seq);

  EXPECT_TRUE(run_until(s, [&] { return n.cancelled == 1; }));
}

TEST_F(HandleActor, IsEndedWhenItSendsMoreThanItWasGranted) {
  const auto greedy = system.spawn(
      [](caf::event_based_actor* self, notes* all) -> caf::behavior {
        return {[self](open_atom, const caf::actor& to, int count) {
                  for (int i = 0; i < count; ++i) self->send(to, item_atom::value, i);
                },
                [](credit_atom, const caf::actor&, std::uint32_t) {},
                [all](cancel_atom, const caf::actor&) { ++all->cancelled; }};
      },
      &n);
  const ends_here end{greedy};
  a.limits().send_buffer = 64;
  a.handle_actor<int, stream_of<int>>("greedy", greedy, actor_options{.window = 8});
  test_server s{a};
  test_client c{s};
  c.pipe().stall();
  const auto seq = c.open("greedy", 10'000);
  EXPECT_TRUE(run_until(s, [&] { return n.cancelled == 1; }));
  c.pipe().stall(false);

  const auto all = finish(s, c, seq);

  EXPECT_EQ(all.back(), "e:500");
  EXPECT_LT(all.size(), 10'000U);
}

TEST_F(HandleActor, TakesNoNegativeTimeout) {
  EXPECT_THROW((a.handle_actor<int, int>("add", into, {.timeout = -1s})), std::invalid_argument);
}

TEST_F(HandleActor, TakesNoTimeoutWhereItStreams) {
  const actor_options o{.timeout = 1s};
  EXPECT_THROW((a.handle_actor<stream_of<int>, int>("up", into, o)), std::invalid_argument);
  EXPECT_THROW((a.handle_actor<int, stream_of<int>>("down", from, o)), std::invalid_argument);
}

TEST_F(HandleActor, ThatIsNullIsAMistakeOfTheApp) {
  a.handle_actor<int, int>("null", caf::actor{});
  EXPECT_THAT([this] { a.validate(); },
              testing::ThrowsMessage<invalid_configuration>(testing::HasSubstr(
                  "handlers.null: its function is null, or its object or actor; what can be called would be right")));
}

TEST_F(HandleActor, ThatDoesNotAnswerInTimeIs408) {
  const auto silent =
      system.spawn([](caf::event_based_actor* self,
                      int) -> caf::behavior { return {[self](int) { return self->make_response_promise(); }}; },
                   0);
  const ends_here end{silent};
  a.handle_actor<int, int>("silent", silent, actor_options{.timeout = 50ms});
  test_server s{a};
  test_client c{s};
  const auto seq = c.open("silent", 1);
  s.advance(49ms);
  EXPECT_EQ(arrived(c, seq), strings{});

  s.advance(1ms);

  EXPECT_EQ(arrived(c, seq), strings{"e:408"});
}

TEST_F(HandleActor, ThatDoesNotTakeTheMessageIs501AndTheLogSaysWhatToLookAt) {
  const auto informed = system.spawn(
      [](caf::event_based_actor*, int) -> caf::behavior {
        return {[](const call_info&, int n) { return n; }}; // is registered without
      },
      0);
  const ends_here end{informed};
  strings lines;
  app b;
  b.set_log([&lines](const log_entry& e) { lines.push_back(std::string{e.rpc} + ": " + std::string{e.text}); });
  b.handle_actor<int, int>("plain", informed, actor_options{});
  test_server s{b};
  test_client c{s};

  EXPECT_EQ(finish(s, c, c.open("plain", 1)), strings{"e:501"});
  EXPECT_THAT(lines, testing::Contains(testing::AllOf(testing::HasSubstr("plain: an actor ("),
                                                      testing::HasSubstr("does not take what it was asked, (int32_t)"),
                                                      testing::HasSubstr("swill::call_info"))));
}

TEST_F(HandleActor, ThatIsNullIsLoggedWhereItIsAsked) {
  logged_app b;
  b.handle("ask", [](request<int> r) -> task<int> { co_return co_await ask<int>(caf::actor{}, 1s, r.data()); });
  test_server s{b};
  test_client c{s};

  EXPECT_EQ(finish(s, c, c.open("ask", 1)), strings{"e:503"});
  EXPECT_THAT(b.lines(), testing::Contains(testing::HasSubstr("an actor that is asked is not there")));
}

TEST_F(HandleActor, FailsWithItsOwnError) {
  test_server s{a};
  test_client c{s};

  for (const int how : {-1, -2}) EXPECT_EQ(finish(s, c, c.open("numbers", how)), strings{"e:409"}) << how;
}

TEST_F(HandleActor, TakesAStreamByCredit) {
  test_server s{a};
  test_client c{s};
  const auto seq = c.open("sum", 1);
  for (int i = 2; i <= 100; ++i) c.send(seq, i);
  c.end(seq);

  EXPECT_EQ(answer(s, c, seq), strings{"m:5050"});
  EXPECT_EQ(n.received, 100);
}

TEST_F(HandleActor, StreamsBothWays) {
  test_server s{a};
  test_client c{s};
  const auto seq = c.open("mirror", 1);
  c.send(seq, 2);
  c.end(seq);

  EXPECT_EQ(finish(s, c, seq), (strings{"m:2", "m:4", "end"}));
}

TEST_F(HandleActor, KnowsTheTraceOfEachRequest) {
  std::mutex mutex; // guards seen
  strings seen;
  const caf::actor curious = system.spawn(
      [&](caf::event_based_actor* self, int) -> caf::behavior {
        const auto look = [self, &mutex, &seen] {
          const std::lock_guard lock{mutex};
          seen.push_back(trace_of(self->current_sender()));
        };
        return {[look](int v) {
                  look();
                  return v;
                },
                [self, look](open_atom, const caf::actor& to) {
                  look();
                  self->send(to, credit_atom::value, std::uint32_t{1});
                },
                [look](item_atom, const caf::actor&, int) { look(); },
                [self, look](end_atom, const caf::actor& to) {
                  look();
                  self->send(to, item_atom::value, 0);
                },
                [](credit_atom, const caf::actor&, std::uint32_t) {},
                [](cancel_atom, const caf::actor&) {}};
      },
      0);
  const ends_here end{curious};
  a.handle_actor<int, int>("one", curious, actor_options{});
  a.handle_actor<stream_of<int>, int>("many", curious, actor_options{});
  test_server s{a};
  test_client c{s};
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const metadata parent{"traceparent", "00-" + trace + "-00f067aa0ba902b7-01"};

  EXPECT_EQ(answer(s, c, c.open("one", 1, parent)), strings{"m:1"});
  EXPECT_EQ(answer(s, c, c.open("one", 2)), strings{"m:2"});
  const auto seq = c.open_stream("many", parent);
  c.send(seq, 1);
  c.end(seq);
  EXPECT_EQ(answer(s, c, seq), strings{"m:0"});

  EXPECT_EQ(seen, (strings{trace, "", trace, trace, trace}));
}

TEST_F(HandleActor, WhoseFailureIsLoggedIsNamedWithTheTrace) {
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  strings traces;
  a.set_log([&traces](const log_entry& e) { traces.emplace_back(e.trace); });
  const caf::actor fails = system.spawn(
      [](int) -> caf::behavior { return {[](int) -> caf::result<int> { return caf::sec::invalid_argument; }}; }, 0);
  const ends_here end{fails};
  a.handle_actor<int, int>("fails", fails, actor_options{});
  test_server s{a};
  test_client c{s};

  const auto seq = c.open("fails", 1, {"traceparent", "00-" + trace + "-00f067aa0ba902b7-01"});
  EXPECT_EQ(finish(s, c, seq), strings{"e:500"});

  EXPECT_EQ(traces, strings{trace});
}

TEST_F(HandleActor, ThatDiesInTheMiddleIs503) {
  test_server s{a};
  test_client c{s};
  const auto seq = c.open("mirror", 1);
  c.send(seq, -1);

  EXPECT_EQ(finish(s, c, seq).back(), "e:503");
}

TEST_F(HandleActor, LearnsOfACancellation) {
  test_server s{a};
  test_client c{s};
  for (const char* rpc : {"sum", "mirror"}) {
    const auto seq = c.open(rpc, 1);
    c.cancel(seq);
    arrived(c, seq); // the actor, on another thread, may have been faster
    EXPECT_EQ(arrived(c, seq), strings{});
  }

  EXPECT_TRUE(run_until(s, [&] { return n.cancelled == 2; }));
}

TEST_F(HandleActor, LearnsThatTheRequestWasKilled) {
  caf::strong_actor_ptr last;
  a.before_request([&last](context& c) { last = actor_of(c); });
  test_server s{a};
  test_client c{s};
  for (const char* rpc : {"sum", "mirror"}) {
    const auto seq = c.open(rpc, 1);
    kill(last);
    last = {};
    EXPECT_EQ(finish(s, c, seq).back(), "e:500");
  }

  EXPECT_TRUE(run_until(s, [&] { return n.cancelled == 2; }));
}

} // namespace
} // namespace swill
