#include "actors/lifecycle.hpp"

#include "tests/actors/world.hpp"

#include <caf/all.hpp>

#include <map>

// Hooks that are messages to an actor.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;

struct Lifecycle : testing::Test {
  logged_app a;
  test_server s;
  strings seen;
  std::vector<caf::actor> actors;
  std::optional<test_client> client;

  Lifecycle() {
    a.handle("add", [](request<int> r) { return r.data() + 1; }, {.tags = {"math"}});
    a.handle("wait", [](request<int>) -> task<int> {
      co_await sleep_for(1h);
      co_return 1;
    });
  }
  test_client& serve(handshake_request r = memory_pipe::plain_request()) {
    if (!client) s.serve(a);
    return client.emplace(s, std::move(r));
  }
  template <class F>
  caf::actor spawn(F f) {
    return actors.emplace_back(
        s.system().spawn([f](caf::event_based_actor* self, int) -> caf::behavior { return f(self); }, 0));
  }
  void TearDown() override {
    client.reset();
    s.run();
    for (const caf::actor& who : actors) caf::anon_send_exit(who, caf::exit_reason::user_shutdown);
    actors.clear();
  }
  static lifecycle_options strict() { return {.timeout = 1s, .on_timeout = hook_outcome::refuse}; }
  static lifecycle_options mild() { return {.timeout = 1s, .on_timeout = hook_outcome::go_on}; }
};

// --- All of them

using everything =
    caf::typed_actor<caf::replies_to<hooks::before_connection>::with<hooks::change>,
                     caf::replies_to<hooks::before_accept>::with<hooks::change>,
                     caf::replies_to<hooks::after_accept>::with<hooks::change>, caf::reacts_to<hooks::after_connection>,
                     caf::replies_to<hooks::before_request>::with<hooks::change>,
                     caf::replies_to<hooks::before_request_metadata>::with<hooks::change>,
                     caf::replies_to<hooks::before_request_data>::with<hooks::change>,
                     caf::replies_to<hooks::before_request_message>::with<hooks::change>,
                     caf::replies_to<hooks::before_leading_metadata>::with<hooks::change>,
                     caf::replies_to<hooks::before_response_message>::with<hooks::change>,
                     caf::replies_to<hooks::before_trailing_metadata>::with<hooks::change>,
                     caf::reacts_to<hooks::after_request>>;

TEST_F(Lifecycle, IsOneOrderWithFunctionsAndMayChangeWhatTheyMay) {
  const auto note = [this](const char* name) {
    return [this, name](auto&...) { seen.push_back(std::string{name} + " by function"); };
  };
  a.before_request([f = note("before_request")](context& c) { f(c); });
  const everything who = s.system().spawn([this](everything::pointer) -> everything::behavior_type {
    const auto say = [this](const std::string& text) { seen.push_back(text); };
    return {[say](const hooks::before_connection& m) -> hooks::change {
              say("before_connection " + m.connection.remote_address + " " + m.connection.target + " " +
                  m.connection.headers.back().second + (m.connection.actor ? " actor" : ""));
              return {.user = "ann"};
            },
            [say](const hooks::before_accept& m) -> hooks::change {
              say("before_accept " + m.connection.user);
              return {.response_headers = {{"X-Seat", "7"}}};
            },
            [say](const hooks::after_accept& m) -> hooks::change {
              say(std::string{"after_accept"} + (m.connection.actor ? " actor" : ""));
              return {};
            },
            [say](const hooks::after_connection& m) { say("after_connection " + std::to_string(m.why.code)); },
            [say](const hooks::before_request& m) -> hooks::change {
              say("before_request " + m.call.user + " " + m.call.rpc + " " + m.call.tags.front() + " " +
                  m.call.remote_address + (m.call.deadline ? " deadline" : "") + to_text(*m.call.metadata.find("k")));
              return {};
            },
            [say](const hooks::before_request_metadata& m) -> hooks::change {
              hooks::change by{.metadata = m.call.metadata};
              by.metadata->set("more", 1);
              say("before_request_metadata");
              return by;
            },
            [say](const hooks::before_request_data& m) -> hooks::change {
              say("before_request_data " + std::to_string(m.data.size()));
              return {.data = bytes{std::byte{5}}};
            },
            [say](const hooks::before_request_message& m) -> hooks::change {
              say("before_request_message " + to_text(m.message));
              return {.message = 40};
            },
            [say](const hooks::before_leading_metadata&) -> hooks::change {
              say("before_leading_metadata");
              return {.metadata = metadata{"lead", 1}};
            },
            [say](const hooks::before_response_message& m) -> hooks::change {
              say("before_response_message " + to_text(m.message));
              return {.message = 42};
            },
            [say](const hooks::before_trailing_metadata&) -> hooks::change {
              say("before_trailing_metadata");
              return {.metadata = metadata{"trail", 2}};
            },
            [say](const hooks::after_request& m) {
              say("after_request " + std::to_string(m.how.items_out) + " " + to_text(*m.call.metadata.find("more")));
            }};
  });
  a.lifecycle(who, strict());
  a.before_request([f = note("before_request")](context& c) { f(c); });
  test_client& c = serve(test_client::with_headers({{"X-Who", "me"}}, "/ws?a=1"));
  EXPECT_EQ(c.response_header("X-Seat"), "7");

  const auto reply = c.receive(c.open("add", 1, {{"k", "v"}, {"timeout_ms", 500}}));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->as<int>(), 42);
  EXPECT_EQ(*reply->leading.find("lead"), value{1});
  EXPECT_EQ(*reply->trailing.find("trail"), value{2});
  c.pipe().close(1000);
  s.run();

  EXPECT_EQ(seen[0], "before_connection 127.0.0.1 /ws?a=1 me");
  seen.erase(seen.begin());
  EXPECT_EQ(seen, (strings{"before_accept ann", "after_accept actor", "before_request by function",
                           "before_request ann add math 127.0.0.1 deadline\"v\"", "before_request by function",
                           "before_request_metadata", "before_request_data 1", "before_request_message 5",
                           "before_leading_metadata", "before_response_message 41", "before_trailing_metadata",
                           "after_request 1 1", "after_connection 1000"}));
  caf::anon_send_exit(who, caf::exit_reason::user_shutdown);
}

// --- Refusals

TEST_F(Lifecycle, RefusesConnections) {
  const caf::actor door = spawn([](caf::event_based_actor*) -> caf::behavior {
    return {[](const hooks::before_accept& m) -> caf::result<void> {
      if (m.connection.target == "/ws?ok") return caf::unit;
      return to_caf(error{403, "not you"});
    }};
  });
  a.lifecycle<hooks::before_accept>(door, strict());

  const auto refused = serve().rejected();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 403);
  EXPECT_EQ(refused->body, "not you");
  EXPECT_EQ(serve(test_client::with_headers({}, "/ws?ok")).call<int>("add", 1), 2);
}

TEST_F(Lifecycle, ClosesConnectionsThatAreAcceptedAlready) {
  const caf::actor door = spawn([](caf::event_based_actor*) -> caf::behavior {
    return {[](const hooks::after_accept& m) -> caf::result<void> {
      if (m.connection.target == "/ws?4100") return to_caf(error{4100, "later"});
      return to_caf(error{403, "not you"});
    }};
  });
  a.lifecycle<hooks::after_accept>(door, strict());

  EXPECT_EQ(serve().close_code(), 1008);
  EXPECT_EQ(serve(test_client::with_headers({}, "/ws?4100")).close_code(), 4100);
  EXPECT_TRUE(a.lines().empty());
}

TEST_F(Lifecycle, RefusesRequestsWithTheErrorOfTheActor) {
  const caf::actor judge = spawn([](caf::event_based_actor*) -> caf::behavior {
    return {[](const hooks::before_request& m) -> caf::result<hooks::change> {
      if (m.call.rpc == "wait") return to_caf(error{409, "taken", value::map({{"by", "ann"}})});
      return hooks::change{};
    }};
  });
  a.lifecycle<hooks::before_request>(judge, mild());
  test_client& c = serve();

  EXPECT_EQ(c.call<int>("add", 1), 2);
  const error e = error_of([&] { c.call("wait", 1); });
  EXPECT_EQ(e.code, 409);
  EXPECT_EQ(e.data, value::map({{"by", "ann"}}));
}

// --- Actors that do not answer

TEST_F(Lifecycle, DoesWhatWasDeclaredWhenTheActorIsSilentThrowsIsGoneOrHasNoSuchHook) {
  const auto silent = [](caf::event_based_actor* self) -> caf::behavior {
    return {[self](const hooks::before_request&) { static_cast<void>(self->make_response_promise()); }};
  };
  const auto throwing = [](caf::event_based_actor* self) -> caf::behavior {
    self->set_exception_handler([](std::exception_ptr&) { return caf::make_error(caf::sec::runtime_error); });
    return {[](const hooks::before_request&) { throw std::runtime_error("broken"); }};
  };
  const auto without = [](caf::event_based_actor* self) -> caf::behavior {
    self->set_default_handler(caf::drop);
    return {[](const hooks::after_request&) {}};
  };
  for (const bool refuses : {false, true}) {
    for (int which = 0; which < 4; ++which) {
      logged_app own;
      own.handle("add", [](request<int> r) { return r.data() + 1; });
      test_server server;
      const auto f = [&](caf::event_based_actor* self, int) -> caf::behavior {
        return which == 1 ? throwing(self) : which == 3 ? without(self) : silent(self);
      };
      const ends_here who{server.system().spawn(f, 0)};
      if (which == 2) caf::anon_send_exit(who.who(), caf::exit_reason::kill);
      own.lifecycle<hooks::before_request>(
          who.who(), {.timeout = 1s, .on_timeout = refuses ? hook_outcome::refuse : hook_outcome::go_on});
      server.serve(own);
      test_client c{server};

      const auto seq = c.open("add", 1);
      if (which == 0) {
        server.advance(999ms);
        EXPECT_FALSE(c.receive(seq));
        server.advance(1ms);
      }

      EXPECT_EQ(arrived(c, seq), strings{refuses ? "e:503" : "m:2"}) << which;
      ASSERT_EQ(own.lines().size(), 1U);
      const std::string why = which == 3 ? "does not take this hook: " : "has not answered: ";
      EXPECT_TRUE(own.lines()[0].starts_with("warning before_request: its actor " + why)) << own.lines()[0];
    }
  }
}

TEST_F(Lifecycle, OfARequestThatIsCancelledLetsGo) {
  const caf::actor silent = spawn([](caf::event_based_actor* self) -> caf::behavior {
    return {[self](const hooks::before_request&) { static_cast<void>(self->make_response_promise()); }};
  });
  outcomes ends;
  ends.listen(a);
  a.lifecycle<hooks::before_request>(silent, {.timeout = 1h, .on_timeout = hook_outcome::go_on});
  test_client& c = serve();

  c.cancel(c.open("add", 1));
  s.run();
  const auto late = c.open("add", 1, {{"timeout_ms", 50}});
  s.advance(50ms);

  EXPECT_EQ(ends.seen, (strings{"add cancelled", "add error 408"}));
  EXPECT_EQ(arrived(c, late), strings{"e:408"});
}

TEST_F(Lifecycle, RefusesWhatCannotBeMeant) {
  const caf::actor who = spawn([](caf::event_based_actor*) -> caf::behavior { return {[](int) {}}; });
  EXPECT_THROW(a.lifecycle<hooks::before_request>(who, {.timeout = 0ms, .on_timeout = hook_outcome::go_on}),
               std::invalid_argument);
  EXPECT_THROW(a.lifecycle<hooks::before_request>(caf::actor{}, {.timeout = 1s, .on_timeout = hook_outcome::go_on}),
               std::invalid_argument);
}

// --- By app.spawn

struct seats {
  std::map<std::string, int> open;
};

TEST_F(Lifecycle, MayBeAnActorOfTheApp) {
  auto who = a.spawn("seats", [](caf::stateful_actor<seats>* self) -> caf::behavior {
    return {[self](const hooks::after_accept& m) -> caf::result<void> {
              if (++self->state.open[m.connection.user] > 2) return to_caf(error{4008, "too many"});
              return caf::unit;
            },
            [self](const hooks::after_connection& m) { --self->state.open[m.connection.user]; }};
  });
  a.before_accept([](connection& c) { c.set_user("ann"); });
  a.lifecycle<hooks::after_accept, hooks::after_connection>(who, strict());
  s.serve(a);
  {
    test_client one{s}, two{s}, three{s};
    EXPECT_EQ(one.call<int>("add", 1), 2);
    EXPECT_EQ(two.call<int>("add", 1), 2);
    EXPECT_EQ(three.close_code(), 4008);
    two.pipe().close(1000);
    test_client four{s};
    EXPECT_EQ(four.call<int>("add", 1), 2);
  }
  s.run();
}

} // namespace
} // namespace swill
