#include "actors/call_chain.hpp"

#include "actors/handle_actor.hpp"

#include "tests/actors/world.hpp"

#include <optional>

// Keyed actors that are asked by other actors, by the handle that stands for all of them: with one call at a time or several.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;

/// To be given from key to key.
struct parcel_route {
  std::string at;
  strings to;
};
template <class D>
void describe(D& d, parcel_route& r) {
  d.field("at", r.at);
  d.field("to", r.to);
}

} // namespace
} // namespace swill

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::parcel_route)

namespace swill {
namespace {

struct Depots : testing::Test {
  logged_app a;
  caf::actor all; ///< of the depots, while the server runs
  strings seen;   ///< what the actors were given, in this order
  std::vector<call_info> callers;
  std::optional<test_server> server;
  std::optional<test_client> client;

  /// Its actors give a parcel to the next depot, and answer when that has answered.
  auto depots(const keyed_options& o) {
    const auto by_key = [this](caf::event_based_actor* self, const std::string& key) -> caf::behavior {
      return {[this, self, key](const call_info& caller, const parcel_route& r) -> caf::result<std::string> {
        seen.push_back(key);
        callers.push_back(caller);
        if (r.to.empty()) return key;
        auto promise = self->make_response_promise<std::string>();
        parcel_route next{r.to.front(), {r.to.begin() + 1, r.to.end()}};
        self->request(all, caf::infinite, caller, std::move(next))
            .then([promise, key](const std::string& rest) mutable { promise.deliver(key + " " + rest); },
                  [promise](caf::error& e) mutable { promise.deliver(std::move(e)); });
        return promise;
      }};
    };
    return keyed{[](const parcel_route& r) { return r.at; }, by_key, o};
  }
  test_client& serve(const keyed_options& o, const actor_options& how = {}) {
    const auto some = depots(o);
    EXPECT_FALSE(some.actor()); // no server runs
    blueprint mail{"mail"};
    mail.handle_actor<with_info<parcel_route>, std::string>("give", some, how);
    a.mount(std::move(mail));
    a.handle("ask", [some](request<parcel_route> r) -> task<std::string> {
      const parcel_route& route = r.data();
      co_return co_await ask<std::string>(some, 1s, route);
    });
    server.emplace(a);
    all = some.actor();
    return client.emplace(*server);
  }
  error failure_of(std::uint64_t seq) {
    const auto got = client->receive(seq);
    return got && got->failure ? *got->failure : error{0, "none"};
  }
  void TearDown() override { all = nullptr; }
};

TEST_F(Depots, AskEachOtherByTheHandleOfAll) {
  test_client& c = serve({});

  EXPECT_EQ(c.call<std::string>("mail.give", parcel_route{"a", {"b", "c"}}), "a b c");

  EXPECT_EQ(seen, (strings{"a", "b", "c"}));
  EXPECT_EQ(callers[2].rpc, "mail.give");
  EXPECT_EQ(callers[2].key, "c");
  EXPECT_EQ(callers[2].request, callers[0].request);
  EXPECT_EQ(callers[2].connection, callers[0].connection);
  EXPECT_EQ(callers[2].chain, nullptr); // none of them is serial
}

TEST_F(Depots, AreAskedByCoroutinesByTheirKeys) {
  test_client& c = serve({});

  EXPECT_EQ(c.call<std::string>("ask", parcel_route{"b", {"a"}}), "b a");
  EXPECT_EQ(callers.at(0).key, "b");
  EXPECT_EQ(callers.at(0).connection, ""); // nobody has said who calls
}

TEST_F(Depots, TakeFurtherCallsWhileTheyWait) {
  test_client& c = serve({});

  EXPECT_EQ(c.call<std::string>("mail.give", parcel_route{"a", {"b", "a", "b"}}), "a b a b");
}

TEST_F(Depots, ThatAreSerialPassOnTheirChain) {
  test_client& c = serve({.serial = true});

  EXPECT_EQ(c.call<std::string>("mail.give", parcel_route{"a", {"b", "c"}}), "a b c");
  EXPECT_EQ(callers[0].chain->names(), (strings{"mail.give[a]"}));
  EXPECT_EQ(callers[2].chain->names(), (strings{"mail.give[a]", "mail.give[b]", "mail.give[c]"}));
}

TEST_F(Depots, ThatAreSerialAndWaitForThemselvesEndAtTheDeadlineWithTheirChain) {
  test_client& c = serve({.serial = true});
  const auto seq = c.open("mail.give", parcel_route{"a", {"b", "a"}}, {"timeout_ms", 200});
  server->advance(199ms);
  EXPECT_EQ(failure_of(seq).code, 0);
  const auto other = c.open("mail.give", parcel_route{"a", {}}); // waits for the same actor

  server->advance(1ms);

  const error e = failure_of(seq);
  EXPECT_EQ(e.code, 408);
  EXPECT_EQ(e.message, "Deadline exceeded: mail.give[a] -> mail.give[b] -> mail.give[a]");
  EXPECT_EQ(e.data, value::map({{"chain", value::array({"mail.give[a]", "mail.give[b]", "mail.give[a]"})}}));
  EXPECT_EQ(c.expect<std::string>(other), "a"); // whose turn it is now
  EXPECT_EQ(seen, (strings{"a", "b", "a"}));
}

TEST_F(Depots, ThatAreSerialNameTheirChainWhenTheirOwnTimeIsOver) {
  test_client& c = serve({.serial = true}, {.timeout = 100ms});
  const auto seq = c.open("mail.give", parcel_route{"a", {"a"}});

  server->advance(100ms);

  const error e = failure_of(seq);
  EXPECT_EQ(e.code, 408);
  EXPECT_THAT(e.message, testing::EndsWith(": mail.give[a] -> mail.give[a]"));
}

TEST_F(Depots, ThatAreSerialAndLateAloneNameNoChain) {
  test_client& c = serve({.serial = true});
  const auto cycle = c.open("mail.give", parcel_route{"a", {"a"}}, {"timeout_ms", 500});
  const auto seq = c.open("mail.give", parcel_route{"a", {}}, {"timeout_ms", 100});

  server->advance(100ms);

  EXPECT_EQ(failure_of(seq).message, "Deadline exceeded");
  server->advance(400ms);
  EXPECT_THAT(failure_of(cycle).message, testing::HasSubstr(" -> "));
}

TEST_F(Depots, BoundTheCallsOfOtherActorsToo) {
  test_client& c = serve({.calls = 1, .serial = true});
  const auto cycle = c.open("mail.give", parcel_route{"a", {"b", "a"}}, {"timeout_ms", 500});

  EXPECT_EQ(failure_of(cycle).code, 429); // the one of a is all that it may have
}

TEST_F(Depots, EndWithTheirServer) {
  test_client& c = serve({.serial = true});
  const auto seq = c.open("mail.give", parcel_route{"a", {"b", "a"}});
  server->run();

  c.cancel(seq);
  client.reset();
  server.reset();

  EXPECT_TRUE(a.lines().empty()); // nobody was left behind
}

TEST_F(Depots, AnswerWhatTheyDoNotKnow) {
  serve({});
  std::optional<caf::error> got;
  const ends_here asks{server->system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
    self->request(all, caf::infinite, 7).then([](int) {}, [&got](caf::error& e) { got = std::move(e); });
    return {[](const std::string&) {}};
  })};

  server->run();

  EXPECT_EQ(got, caf::make_error(caf::sec::unexpected_message));
}

TEST(CallChain, KeepsTheFirstAndTheLastOfManyNames) {
  std::shared_ptr<const call_chain> chain;
  for (int i = 0; i < 100; ++i) chain = call_chain::extended(chain, std::to_string(i));

  EXPECT_EQ(chain->names(),
            (strings{"0", "1", "2", "3", "4", "5", "6", "7", "...", "93", "94", "95", "96", "97", "98", "99"}));
}

} // namespace
} // namespace swill
