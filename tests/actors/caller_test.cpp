#include "actors/handle_actor.hpp"

#include "tests/actors/world.hpp"

#include <caf/forwarding_actor_proxy.hpp>

#include <map>

// Handler actors that know their caller, are told when nobody waits, and callers that never wait for nothing. All actors live on the
// test_server's own system, so that they take turns on its loop and have its clock.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;
using actors::cancel_atom;

struct Caller : testing::Test {
  logged_app a;
  test_server s;

  /// Serves what was registered.
  test_client& client() {
    if (!client_) {
      s.serve(a);
      client_.emplace(s);
    }
    return *client_;
  }
  /// An untyped actor of the server, which ends with it.
  template <class F>
  caf::actor spawn(F f) {
    return s.system().spawn(std::move(f));
  }
  static strings all_of(test_client& c, std::uint64_t seq) { return arrived(c, seq); }

private:
  std::optional<test_client> client_;
};

using informed = caf::typed_actor<caf::replies_to<call_info, int>::with<int>>;

// --- What they know

TEST_F(Caller, IsKnownToATypedActor) {
  std::vector<call_info> seen;
  const informed who = s.system().spawn([&seen](informed::pointer) -> informed::behavior_type {
    return {[&seen](const call_info& i, int v) {
      seen.push_back(i);
      return v + 1;
    }};
  });
  a.after_accept([](connection& c) { c.set_user("ann"); });
  a.on_describe([](const connection&, connection_notes& notes) { notes.session = "5e55"; });
  std::string id;
  a.before_request([&id](context& c) { id = c.connection().id(); });
  a.handle_actor("who", who, actor_options{.handler = {.tags = {"shop", "write"}}});
  test_client& c = client();
  const clock_time began = s.loop().now();
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const metadata m{{"lang", "de"}, {"timeout_ms", 500}, {"traceparent", "00-" + trace + "-00f067aa0ba902b7-01"}};

  EXPECT_EQ(c.call<int>("who", 1, m), 2);
  EXPECT_EQ(c.call<int>("who", 2), 3);

  ASSERT_EQ(seen.size(), 2U);
  const call_info& i = seen[0];
  EXPECT_EQ(i.rpc, "who");
  EXPECT_EQ(i.connection, id);
  EXPECT_EQ(i.user, "ann");
  EXPECT_EQ(i.session, "5e55");
  EXPECT_EQ(*i.metadata.find("lang"), value{"de"});
  EXPECT_EQ(i.deadline, began + 500ms);
  EXPECT_EQ(i.tags, (strings{"shop", "write"}));
  EXPECT_EQ(i.trace, trace);
  EXPECT_NE(i.request.number, 0U);
  EXPECT_NE(i.request, seen[1].request);
  EXPECT_EQ(seen[1].deadline, began + 30s); // that of actor_options::timeout
  EXPECT_EQ(seen[1].trace, "");
}

TEST_F(Caller, IsKnownToAnActorThatIsNotTyped) {
  std::string user;
  const caf::actor who = spawn([&user](caf::event_based_actor*) -> caf::behavior {
    return {[&user](const call_info& i, int v) {
      user = i.user;
      return v + 1;
    }};
  });
  a.after_accept([](connection& c) { c.set_user("ann"); });
  a.handle_actor<with_info<int>, int>("who", who);

  EXPECT_EQ(client().call<int>("who", 1), 2);
  EXPECT_EQ(user, "ann");
}

TEST_F(Caller, HasATimeThatIsTheEarlierOfBoth) {
  std::vector<std::optional<clock_time>> ends;
  const caf::actor who = spawn([&ends](caf::event_based_actor*) -> caf::behavior {
    return {[&ends](const call_info& i, int v) {
      ends.push_back(i.deadline);
      return v;
    }};
  });
  const auto serve = [&](const char* name, std::optional<std::chrono::milliseconds> timeout) {
    a.handle_actor<with_info<int>, int>(name, who, actor_options{.timeout = timeout});
  };
  serve("unsaid", std::nullopt);
  serve("short", 1s);
  serve("none", 0ms);
  test_client& c = client();
  const clock_time now = s.loop().now();

  for (const char* name : {"unsaid", "short", "none"}) {
    c.call<int>(name, 1);
    c.call<int>(name, 1, {"timeout_ms", 60'000});
  }

  EXPECT_THAT(ends, testing::ElementsAre(now + 30s, now + 60s, now + 1s, now + 1s, std::nullopt, now + 60s));
}

// --- What they answer

TEST_F(Caller, GetsMetadataOfTheAnswer) {
  using talkative = caf::typed_actor<caf::replies_to<int>::with<answer<int>>>;
  const talkative typed = s.system().spawn([](talkative::pointer) -> talkative::behavior_type {
    return {[](int v) { return answer<int>{v + 1, {"from", "cache"}, {"cost", 3}}; }};
  });
  const caf::actor untyped = spawn([](caf::event_based_actor*) -> caf::behavior {
    return {[](int v) { return answer<int>{v + 2, {}, {"cost", 4}}; }};
  });
  a.handle_actor<int, int>("typed", typed);
  a.handle_actor<int, answer<int>>("untyped", untyped);
  test_client& c = client();

  const auto one = c.receive(c.open("typed", 1));
  const auto two = c.receive(c.open("untyped", 1));

  ASSERT_TRUE(one && two);
  EXPECT_EQ(one->as<int>(), 2);
  EXPECT_EQ(*one->leading.find("from"), value{"cache"});
  EXPECT_EQ(*one->trailing.find("cost"), value{3});
  EXPECT_EQ(two->as<int>(), 3);
  EXPECT_TRUE(two->leading.empty());
  EXPECT_EQ(*two->trailing.find("cost"), value{4});
}

TEST_F(Caller, GetsAnErrorWithItsData) {
  const caf::actor no = spawn([](caf::event_based_actor*) -> caf::behavior {
    return {[](int v) -> caf::result<int> {
      if (v == 0) return to_caf(errors::conflict("taken"));
      return to_caf(error{410, "gone", value::map({{"since", 1999}, {"by", "ann"}})});
    }};
  });
  a.handle_actor<int, int>("no", no);
  test_client& c = client();

  const error one = error_of([&] { c.call<int>("no", 0); });
  const error two = error_of([&] { c.call<int>("no", 1); });

  EXPECT_EQ(one.code, 409);
  EXPECT_EQ(one.data, value::map({{"retryable", true}}));
  EXPECT_EQ(two.code, 410);
  EXPECT_EQ(two.message, "gone");
  EXPECT_EQ(two.data, value::map({{"since", 1999}, {"by", "ann"}}));
}

// --- What they are told

/// Keeps its callers waiting; notes for which requests it was told that nobody waits any more.
struct told {
  std::vector<request_id> begun, ended;
};
using cancellable =
    caf::typed_actor<caf::replies_to<call_info, int>::with<int>, caf::reacts_to<cancel_atom, request_id>>;

cancellable::behavior_type keeps_waiting(cancellable::pointer self, told* all) {
  return {[=](const call_info& i, int v) -> caf::result<int> {
            all->begun.push_back(i.request);
            if (v > 0) return v;
            if (v < 0) return to_caf(error{409, "taken"});
            return self->make_response_promise<int>();
          },
          [=](cancel_atom, request_id id) { all->ended.push_back(id); }};
}

TEST_F(Caller, WhoGoesIsToldToAnActorThatWantsToKnow) {
  told all;
  a.handle_actor("wait", s.system().spawn(keeps_waiting, &all), actor_options{.timeout = 10s});
  test_client& c = client();

  const auto cancelled = c.open("wait", 0);
  c.cancel(cancelled);
  s.run();
  EXPECT_EQ(all.ended, (std::vector{all.begun.at(0)})) << "CANCEL";
  c.open("wait", 0, {"timeout_ms", 50});
  s.advance(50ms);
  EXPECT_EQ(all.ended, all.begun) << "the deadline";
  c.open("wait", 0);
  s.advance(10s);
  EXPECT_EQ(all.ended, all.begun) << "the timeout";
  {
    test_client other{s};
    other.open("wait", 0);
  }
  s.run();
  EXPECT_EQ(all.ended, all.begun) << "the end of the connection";
  EXPECT_EQ(all.ended.size(), 4U);
}

TEST_F(Caller, WhoHasAnAnswerIsNotTold) {
  told all;
  a.handle_actor("wait", s.system().spawn(keeps_waiting, &all));
  test_client& c = client();

  EXPECT_EQ(c.call<int>("wait", 7), 7);
  EXPECT_EQ(error_of([&] { c.call<int>("wait", -1); }).code, 409);
  s.run();

  EXPECT_EQ(all.ended, std::vector<request_id>{});
}

TEST_F(Caller, WhoGoesIsToldToAnActorThatWasRegisteredSo) {
  std::map<std::string, int> cancelled;
  const auto waits = [&cancelled](const std::string& name) {
    return [&cancelled, name](caf::event_based_actor* self) -> caf::behavior {
      return {[self](const call_info&, int) { return self->make_response_promise(); },
              [&cancelled, name](cancel_atom, request_id) { ++cancelled[name]; }};
    };
  };
  a.handle_actor<with_info<int>, int>("told", spawn(waits("told")), actor_options{.cancel = true});
  a.handle_actor<with_info<int>, int>("left alone", spawn(waits("left alone")));
  test_client& c = client();

  for (const char* name : {"told", "left alone"}) c.cancel(c.open(name, 0));
  s.run();

  EXPECT_EQ(cancelled, (std::map<std::string, int>{{"told", 1}}));
}

TEST_F(Caller, WhoGoesEndsNobodyThatDoesNotKnowTheMessage) {
  const caf::actor deaf = spawn([](caf::event_based_actor* self) -> caf::behavior {
    return {[self](int v) -> caf::result<int> {
      if (v == 0) return self->make_response_promise();
      return v;
    }};
  });
  a.handle_actor<int, int>("deaf", deaf, actor_options{.cancel = true});
  test_client& c = client();

  c.cancel(c.open("deaf", 0));
  s.run();

  EXPECT_EQ(c.call<int>("deaf", 7), 7); // it lives, and so does whoever told it
}

// --- Nobody waits for nothing

TEST_F(Caller, OfAnActorThatDropsItsPromiseIsAnsweredInTime) {
  const caf::actor drops = spawn([](caf::event_based_actor* self) -> caf::behavior {
    return {[self](int) { static_cast<void>(self->make_response_promise()); }};
  });
  a.handle_actor<int, int>("default", drops);
  a.handle_actor<int, int>("short", drops, actor_options{.timeout = 2s});
  test_client& c = client();
  const auto by_default = c.open("default", 0), by_timeout = c.open("short", 0);
  const auto by_deadline = c.open("default", 0, {"timeout_ms", 1'000});

  s.advance(999ms);
  EXPECT_EQ(all_of(c, by_deadline), strings{});
  s.advance(1ms);
  EXPECT_EQ(all_of(c, by_deadline), strings{"e:408"});
  s.advance(1s);
  EXPECT_EQ(all_of(c, by_timeout), strings{"e:408"});
  s.advance(28s - 1ms);
  EXPECT_EQ(all_of(c, by_default), strings{});
  s.advance(1ms);
  EXPECT_EQ(all_of(c, by_default), strings{"e:408"});
}

TEST_F(Caller, OfAnActorThatIsKilledAfterTakingTheRequestIsAnsweredAtOnce) {
  const caf::actor holds = spawn([](caf::event_based_actor* self) -> caf::behavior {
    return {[self](int) { return self->make_response_promise(); }};
  });
  a.handle_actor<int, int>("hold", holds);
  test_client& c = client();
  const auto seq = c.open("hold", 0);
  EXPECT_EQ(all_of(c, seq), strings{});

  kill(caf::actor_cast<caf::strong_actor_ptr>(holds));

  EXPECT_EQ(all_of(c, seq), strings{"e:503"});
}

TEST_F(Caller, OfAnActorThatDelegatesToOneThatDiesIsAnsweredInTime) {
  const caf::actor back = spawn([](caf::event_based_actor* self) -> caf::behavior {
    return {[self](int) { return self->make_response_promise(); }};
  });
  const caf::actor front = spawn([back](caf::event_based_actor* self) -> caf::behavior {
    return {[self, back](int v) { return self->delegate(back, v); }};
  });
  a.handle_actor<int, int>("front", front, actor_options{.timeout = 1s});
  test_client& c = client();
  const auto seq = c.open("front", 0);
  s.run();

  kill(caf::actor_cast<caf::strong_actor_ptr>(back));

  EXPECT_EQ(all_of(c, seq), strings{}); // the front lives, and CAF tells nobody
  s.advance(1s);
  EXPECT_EQ(all_of(c, seq), strings{"e:408"});
}

TEST_F(Caller, OfAnActorThatAwaitsIsAnsweredInTime) {
  const caf::actor never = spawn([](caf::event_based_actor* self) -> caf::behavior {
    return {[self](int) { return self->make_response_promise(); }};
  });
  const ends_here end{never};
  const caf::actor awaits = spawn([never](caf::event_based_actor* self) -> caf::behavior {
    return {[self, never](int v) {
      auto promise = self->make_response_promise();
      self->request(never, caf::infinite, v).await([promise](int out) mutable { promise.deliver(out); });
      return promise;
    }};
  });
  a.handle_actor<int, int>("await", awaits, actor_options{.timeout = 1s});
  test_client& c = client();
  const auto first = c.open("await", 0), second = c.open("await", 0);

  s.advance(1s);

  EXPECT_EQ(all_of(c, first), strings{"e:408"});
  EXPECT_EQ(all_of(c, second), strings{"e:408"});       // which it has not even looked at
  kill(caf::actor_cast<caf::strong_actor_ptr>(awaits)); // nothing else ends it
}

// --- Actors of other processes

TEST_F(Caller, OfAnActorInAnotherProcessIsToldWhatToDo) {
  const caf::node_id elsewhere = caf::make_node_id(4711, "0011223344556677889900112233445566778899").value();
  caf::actor_config config;
  const auto proxy =
      caf::make_actor<caf::forwarding_actor_proxy, caf::actor>(1, elsewhere, &s.system(), config, caf::actor{});
  a.handle("ask", [proxy](request<int> r) -> task<int> { co_return co_await ask<int>(proxy, 1s, r.data()); });

  const error e = error_of([&] { client().call<int>("ask", 1); });

  EXPECT_EQ(e.code, 500);
  EXPECT_THAT(a.lines(), testing::ElementsAre(testing::HasSubstr("handlers of other processes are those of workers")));
}

} // namespace
} // namespace swill
