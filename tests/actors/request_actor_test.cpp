#include "actors/request_actor.hpp"

#include "tests/actors/world.hpp"

#include <atomic>

// A request is a real actor: it is monitored, told to cancel, killed, described, and comes from a pool that nobody notices.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;

/// Handlers and hooks that wait in every way; keeps the actor of the last request.
struct waiting_app : logged_app {
  int alive = 0;
  caf::strong_actor_ptr last;
  bool keep = true;
  std::vector<caf::actor_id> ids;
  outcomes ends;
  caf::actor silent;

  waiting_app() {
    before_request([this](context& c) -> task<void> {
      ids.push_back(actor_of(c)->id());
      if (keep) last = actor_of(c);
      if (c.rpc() == "hook") {
        const counted guard{alive};
        co_await sleep_for(1h);
      }
    });
    before_response_message([this](context& c, any_message&) -> task<void> {
      if (c.rpc() == "item hook") {
        const counted guard{alive};
        co_await sleep_for(1h);
      }
    });
    handle("hook", [](request<int>) {});
    handle("item hook", [](request<int>) -> stream<int> { co_yield 1; });
    handle("sleep", [this](request<int>) -> task<int> {
      const counted guard{alive};
      co_await sleep_for(1h);
      co_return 1;
    });
    handle("race", [this](request<int>) -> task<int> {
      const counted guard{alive};
      co_await when_any(sleep_for(1h), when_inner());
      co_return 1;
    });
    handle("next", [this](streaming_request<int> in) -> task<int> {
      const counted guard{alive};
      while (co_await in.next()) {
      }
      co_return 1;
    });
    handle("full", [this](request<int>) -> stream<std::string> {
      const counted guard{alive};
      for (;;) co_yield std::string(1000, 'x');
    });
    handle("ask", [this](request<int>) -> task<int> {
      const counted guard{alive};
      co_return co_await swill::ask<int>(silent, 1h, 1);
    });
    handle("add", [](request<int> r) { return r.data() + 1; });
    ends.listen(*this);
  }
  static task<void> when_inner() { co_await sleep_for(2h); }
};

// The argument: for a function without one CAF dereferences a null pointer, which the standard library's assertions catch.
caf::behavior never_answers(caf::event_based_actor* self, int) {
  return {[self](int) { static_cast<void>(self->make_response_promise()); }};
}

struct RequestActor : testing::TestWithParam<const char*> {};

TEST_P(RequestActor, KilledWhereItWaitsIsAnswered500) {
  waiting_app a;
  test_server s{a};
  a.silent = s.runtime().system().spawn(never_answers, 0);
  const ends_here end{a.silent};
  test_client c{s};
  const std::string rpc = GetParam();
  if (rpc == "full") c.pipe().stall();
  const auto seq = c.open(rpc, 1);
  ASSERT_EQ(a.alive, 1);

  kill(a.last);
  a.last = nullptr;
  s.run();

  EXPECT_EQ(a.alive, 0);
  EXPECT_EQ(a.ends.seen, strings{rpc + " error 500"});
  EXPECT_EQ(s.loop().timers(), 0U);
  c.pipe().stall(false);
  const auto all = arrived(c, seq);
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all.back(), "e:500");
  EXPECT_EQ(std::count(all.begin(), all.end(), "e:500"), 1);
  EXPECT_EQ(c.call<int>("add", 1), 2);
  c.cancel(seq);
  EXPECT_EQ(arrived(c, seq), strings{});
}

// Only the client's own CANCEL is answered by nothing: this one would wait for ever.
TEST_P(RequestActor, ToldToCancelWhereItWaitsIsAnswered499) {
  waiting_app a;
  test_server s{a};
  a.silent = s.runtime().system().spawn(never_answers, 0);
  const ends_here end{a.silent};
  test_client c{s};
  const std::string rpc = GetParam();
  if (rpc == "full") c.pipe().stall();
  const auto seq = c.open(rpc, 1);

  tell(a.last, actors::cancel_atom::value);
  a.last = nullptr;
  s.run();

  EXPECT_EQ(a.alive, 0);
  EXPECT_EQ(a.ends.seen, strings{rpc + " error 499"});
  c.pipe().stall(false);
  const auto all = arrived(c, seq);
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all.back(), "e:499");
  EXPECT_EQ(std::count(all.begin(), all.end(), "e:499"), 1);
  EXPECT_EQ(c.call<int>("add", 1), 2);
}

TEST(RequestActors, SayWhyTheyWereCancelled) {
  waiting_app a;
  test_server s{a};
  test_client c{s};
  const auto with = c.open("sleep", 1);
  tell(a.last, actors::cancel_atom::value, std::string{"the order was withdrawn"});
  s.run();
  const auto without = c.open("sleep", 1);
  tell(a.last, actors::cancel_atom::value);
  const auto own = c.open("sleep", 1);
  c.cancel(own);
  a.last = nullptr;

  EXPECT_EQ(c.receive(with)->failure->message, "the order was withdrawn");
  EXPECT_EQ(c.receive(without)->failure->message, "The request was cancelled");
  EXPECT_EQ(arrived(c, own), strings{});
}

INSTANTIATE_TEST_SUITE_P(Waits, RequestActor,
                         testing::Values("sleep", "race", "next", "full", "ask", "hook", "item hook"),
                         [](const auto& i) {
                           std::string name = i.param;
                           std::replace(name.begin(), name.end(), ' ', '_');
                           return name;
                         });

TEST(RequestActors, AreMonitoredByActors) {
  for (const bool killed : {true, false}) {
    waiting_app a;
    test_server s{a};
    std::atomic<int> downs{0};
    std::atomic<bool> normal{false};
    const caf::actor watcher = s.runtime().system().spawn(
        [&](caf::event_based_actor* self, int) -> caf::behavior {
          self->set_down_handler([&](const caf::down_msg& m) {
            normal = m.reason == caf::exit_reason::normal;
            ++downs;
          });
          return {[self](const caf::strong_actor_ptr& whom) {
            self->monitor(whom);
            return true;
          }};
        },
        0);
    const ends_here end{watcher};
    test_client c{s};
    const auto seq = c.open("sleep", 1);
    caf::scoped_actor me{s.runtime().system()};
    auto answer = me->request(watcher, 10s, a.last);
    s.run();
    answer.receive([](bool) {}, [](const caf::error&) { FAIL(); });
    EXPECT_EQ(downs, 0);

    if (killed)
      kill(a.last);
    else
      c.cancel(seq);
    a.last = nullptr;

    EXPECT_TRUE(run_until(s, [&] { return downs == 1; }));
    EXPECT_EQ(normal, !killed);
  }
}

TEST(RequestActors, DescribeThemselves) {
  waiting_app a;
  test_server s{a};
  test_client c{s};
  const auto seq = c.open("sleep", 1);
  s.advance(250ms);
  caf::scoped_actor me{s.runtime().system()};

  auto answer = me->request(caf::actor_cast<caf::actor>(a.last), caf::infinite, actors::describe_atom::value);
  s.run();
  answer.receive(
      [&](const actors::request_info& i) {
        EXPECT_EQ(i.rpc, "sleep");
        EXPECT_EQ(i.seq, seq);
        EXPECT_EQ(i.age_ms, 250);
        EXPECT_EQ(i.actor, a.last->id());
        EXPECT_FALSE(i.answered);
      },
      [](const caf::error&) { FAIL(); });
  auto unknown = me->request(caf::actor_cast<caf::actor>(a.last), caf::infinite, 4711);
  s.run();
  unknown.receive([](int) { FAIL(); }, [](const caf::error& e) { EXPECT_EQ(e, caf::sec::unexpected_message); });
  c.cancel(seq);
  auto dead = me->request(caf::actor_cast<caf::actor>(a.last), caf::infinite, actors::describe_atom::value);
  s.run();
  dead.receive([](const actors::request_info&) { FAIL(); }, [](const caf::error&) {});
  a.last = nullptr;
}

TEST(RequestActors, AreReusedWhenNobodyKnowsThem) {
  waiting_app a;
  a.keep = false;
  test_server s{a};
  test_client c{s};
  for (int i = 0; i < 5; ++i) c.call("add", 1);

  EXPECT_EQ(std::set<caf::actor_id>(a.ids.begin(), a.ids.end()).size(), 1U);
}

TEST(RequestActors, AreNotReusedWhileAHandleIsKept) {
  for (const bool weak : {false, true}) {
    waiting_app a;
    caf::weak_actor_ptr kept;
    a.before_request([&](context& c) {
      if (weak)
        kept = caf::actor_cast<caf::weak_actor_ptr>(actor_of(c));
      else
        a.last = actor_of(c);
    });
    a.keep = false;
    test_server s{a};
    test_client c{s};
    c.call("add", 1);
    const auto first = kept;
    c.call("add", 1);

    EXPECT_NE(a.ids.at(0), a.ids.at(1)) << weak;
    a.last = nullptr;
    kept = nullptr;
  }
}

TEST(RequestActors, OfTheShortWayAreNotReusedEither) {
  std::vector<caf::strong_actor_ptr> kept;
  std::set<caf::actor_id> ids;
  logged_app a;
  a.handle("f", [&](request<int> r) {
    kept.push_back(actor_of(r.context()));
    ids.insert(kept.back()->id());
  });
  test_server s{a};
  test_client c{s};
  for (int i = 0; i < 3; ++i) c.call("f", i);

  EXPECT_EQ(ids.size(), 3U);
  for (const auto& k : kept) {
    tell(k, actors::cancel_atom::value);
    kill(k);
  }
  s.run();
  EXPECT_TRUE(c.call("f", 1).is_nil());
  kept.clear();
}

TEST(RequestActors, ThatAreDoneTakeMailWithoutHarm) {
  waiting_app a;
  test_server s{a};
  test_client c{s};
  c.call("add", 1);
  const auto done = std::exchange(a.last, nullptr);
  a.keep = false;
  const auto seq = c.open("sleep", 1);

  for (int i = 0; i < 3; ++i) {
    tell(done, actors::cancel_atom::value);
    tell(done, std::string{"hello"});
    kill(done);
  }
  s.run();

  EXPECT_EQ(a.alive, 1);
  EXPECT_EQ(arrived(c, seq), strings{});
  EXPECT_EQ(c.call<int>("add", 1), 2);
}

TEST(RequestActors, KilledAndCancelledInOneTurnEndOnce) {
  waiting_app a;
  test_server s{a};
  test_client c{s};
  const auto seq = c.open("sleep", 1);
  kill(a.last);
  kill(a.last);
  tell(a.last, actors::cancel_atom::value);
  send_envelope(c, seq, "sleep", wire::request_type::cancel);
  a.last = nullptr;

  s.run();

  EXPECT_EQ(a.ends.seen.size(), 1U);
  EXPECT_EQ(a.alive, 0);
}

// The coroutine of a killed request goes on in after_request, without its actor: what that has asked cannot be answered.
TEST(RequestActors, KilledDuringAfterRequestLetItFinish) {
  for (const bool asks : {false, true}) {
    strings seen;
    caf::strong_actor_ptr own;
    caf::actor silent;
    logged_app a;
    a.handle("f", [](request<int> r) -> task<int> { co_return r.data(); });
    a.after_request([&](context& c) -> task<void> {
      own = actor_of(c);
      seen.push_back("begins");
      try {
        if (asks)
          co_await ask<int>(silent, 10ms, 1);
        else
          co_await sleep_for(10ms);
      } catch (const error& e) {
        seen.push_back(std::to_string(e.code));
      }
      seen.push_back("ends");
    });
    test_server s{a};
    silent = s.runtime().system().spawn(never_answers, 0);
    const ends_here end{silent};
    test_client c{s};
    const auto seq = c.open("f", 7);
    ASSERT_EQ(seen, strings{"begins"});

    kill(own);
    own = nullptr;
    s.run();
    if (!asks) s.advance(20ms);

    EXPECT_EQ(arrived(c, seq), strings{"m:7"});
    EXPECT_EQ(seen, asks ? (strings{"begins", "503", "ends"}) : (strings{"begins", "ends"}));
    s.advance(20ms);
    silent = {};
  }
}

TEST(RequestActors, KilledBeforeTheyHaveAnsweredAreLogged) {
  strings seen;
  waiting_app a;
  a.set_log([&seen](const log_entry& e) {
    EXPECT_FALSE(e.connection.empty());
    seen.push_back(std::string{name_of(e.level)} + " " + std::string{e.text} + " " + std::string{e.rpc} + " " +
                   std::to_string(e.seq));
  });
  test_server s{a};
  test_client c{s};
  const auto seq = c.open("sleep", 1);

  kill(std::exchange(a.last, nullptr));
  s.run();

  EXPECT_EQ(arrived(c, seq), strings{"e:500"});
  EXPECT_EQ(seen, strings{"error the request's actor was killed sleep " + std::to_string(seq)});
}

TEST(RequestActors, KilledByTheirOwnHandlersMessage) {
  waiting_app a;
  a.handle("self", [](request<int> r) -> task<int> {
    kill(actor_of(r.context()));
    co_return 1;
  });
  a.keep = false;
  test_server s{a};
  test_client c{s};

  const auto seq = c.open("self", 1);

  EXPECT_EQ(arrived(c, seq), strings{"m:1"}); // the mail came after the end
  EXPECT_EQ(c.call<int>("add", 1), 2);
}

} // namespace
} // namespace swill
