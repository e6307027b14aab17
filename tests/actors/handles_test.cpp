#include "actors/handles.hpp"

#include "actors/on_message.hpp"
#include "tests/actors/world.hpp"

#include <caf/all.hpp>

#include <future>
#include <set>
#include <thread>

// Connections and requests from outside: their handles, what they take, what nobody takes, why they have ended.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;

struct ban {
  std::string why;
};
struct tally {}; // a question
struct tick {
  int n = 0;
};

} // namespace
} // namespace swill

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::ban)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::tally)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::tick)

namespace swill {
namespace {

struct handled_app : logged_app {
  request_handle request;
  connection_handle connection;
  std::string connection_id;
  request_id id;
  outcomes ends;

  handled_app() {
    handle("sleep", [this](swill::request<int> r) -> task<int> {
      keep(r.context());
      co_await sleep_for(1h);
      co_return 1;
    });
    handle("plain", [this](swill::request<int> r) {
      keep(r.context());
      return r.data() + 1;
    });
    handle("add", [](swill::request<int> r) { return r.data() + 1; });
    ends.listen(*this);
  }
  void keep(context& c) {
    request = c.actor();
    connection = c.connection().actor();
    connection_id = c.connection().id();
    id = c.id();
  }
};

/// A world of one server, whose handles are dropped before it.
struct Handles : testing::Test {
  handled_app a;
  test_server s;
  std::optional<test_client> client;

  test_client& serve() {
    s.serve(a);
    return client.emplace(s);
  }
  void TearDown() override {
    a.request = request_handle{};
    a.connection = connection_handle{};
  }
  /// What an actor is answered; an error where there is none.
  template <class R, class Handle, class... Ts>
  result<R> ask(const Handle& whom, const Ts&... xs) {
    caf::scoped_actor me{s.system()};
    auto asked = me->request(whom, caf::infinite, xs...);
    s.run();
    std::optional<result<R>> out;
    asked.receive([&](R& r) { out.emplace(std::move(r)); },
                  [&](const caf::error& e) {
                    out.emplace(error{e.code(), caf::to_string(e)});
                  });
    return *out;
  }
};

// --- What a request takes

TEST_F(Handles, OfARequestCancelsItWithAReason) {
  test_client& c = serve();
  const auto seq = c.open("sleep", 1);

  caf::anon_send(a.request, cancel_atom::value, "the order was withdrawn");

  const auto reply = c.receive(seq);
  ASSERT_TRUE(reply && reply->failure);
  EXPECT_EQ(reply->failure->code, 499);
  EXPECT_EQ(reply->failure->message, "the order was withdrawn");
  EXPECT_EQ(a.ends.seen, strings{"sleep error 499"});
}

TEST_F(Handles, OfARequestDescribesIt) {
  test_client& c = serve();
  const auto seq = c.open("sleep", 1);
  s.advance(250ms);

  const auto i = ask<request_info>(a.request, describe_atom::value);

  ASSERT_TRUE(i);
  EXPECT_EQ(i->rpc, "sleep");
  EXPECT_EQ(i->seq, seq);
  EXPECT_EQ(i->age_ms, 250);
  EXPECT_EQ(i->id, a.id);
}

TEST_F(Handles, OfARequestGivesItANewDeadline) {
  std::optional<clock_time> seen;
  a.handle("look", [&](swill::request<int> r) -> task<int> {
    a.keep(r.context());
    co_await sleep_for(1s);
    seen = r.context().deadline();
    co_await sleep_for(1h);
    co_return 1;
  });
  test_client& c = serve();
  const clock_time began = s.loop().now();
  for (const metadata& m : {metadata{}, metadata{{"timeout_ms", 500}}}) { // without one before, and with
    const auto seq = c.open("look", 1, m);
    const clock_time opened = s.loop().now();
    s.advance(100ms);

    caf::anon_send(a.request, deadline_atom::value, std::chrono::milliseconds{2'000});
    s.advance(1'999ms);
    EXPECT_EQ(seen, opened + 2'100ms);
    EXPECT_FALSE(c.receive(seq)) << (s.loop().now() - began).count();
    s.advance(1ms);

    const auto reply = c.receive(seq);
    ASSERT_TRUE(reply && reply->failure);
    EXPECT_EQ(reply->failure->code, 408);
  }
  const auto seq = c.open("sleep", 1);
  caf::anon_send(a.request, deadline_atom::value, std::chrono::milliseconds{-1});
  s.advance(0ms);
  EXPECT_EQ(c.receive(seq)->failure->code, 408);
  EXPECT_EQ(s.loop().timers(), 0U);
}

TEST_F(Handles, OfARequestThatGetsAnExitEndsItWith500) {
  test_client& c = serve();
  const auto seq = c.open("sleep", 1);

  caf::anon_send_exit(a.request, caf::exit_reason::user_shutdown);

  EXPECT_EQ(c.receive(seq)->failure->code, 500);
}

TEST_F(Handles, AnswerRequestsThatAskForNothing) {
  test_client& c = serve();
  c.open("sleep", 1);
  caf::scoped_actor me{s.system()};
  int answered = 0;
  const auto failed = [](const caf::error& e) { FAIL() << caf::to_string(e); };

  auto first = me->request(a.request, caf::infinite, deadline_atom::value, std::chrono::milliseconds{1000});
  auto second = me->request(a.request, caf::infinite, cancel_atom::value);
  auto third = me->request(a.connection, caf::infinite, user_atom::value, "ann");
  auto fourth = me->request(a.connection, caf::infinite, close_atom::value, 4000, "bye");
  s.run();
  first.receive([&] { ++answered; }, failed);
  second.receive([&] { ++answered; }, failed);
  third.receive([&] { ++answered; }, failed);
  fourth.receive([&] { ++answered; }, failed);

  EXPECT_EQ(answered, 4);
}

// --- Its end

TEST_F(Handles, KeptBeyondTheEndReachNobodyElse) {
  test_client& c = serve();
  c.cancel(c.open("sleep", 1));
  s.run();
  const request_handle old = a.request;
  const request_id old_id = a.id;
  a.request = request_handle{};
  const auto seq = c.open("sleep", 2);
  ASSERT_NE(a.id, old_id);

  caf::anon_send(old, cancel_atom::value, "not you");
  caf::anon_send_exit(old, caf::exit_reason::kill);
  const auto answer = ask<request_info>(old, describe_atom::value);

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, static_cast<int>(caf::sec::request_receiver_down));
  EXPECT_FALSE(c.receive(seq)) << "it still runs";
  EXPECT_FALSE(s.find_request(old_id));
  EXPECT_EQ(s.runtime().dropped_mail(), 1U);
}

TEST_F(Handles, OfRequestsAreNotReusedAndOthersAre) {
  test_client& c = serve();
  std::set<caf::actor_id> known;
  for (int i = 0; i < 3; ++i) {
    c.call("plain", i);
    known.insert(a.request.id());
    a.request = request_handle{};
    a.connection = connection_handle{};
    c.call("add", i);
  }
  EXPECT_EQ(known.size(), 3U) << "each was known when its request ended";
}

TEST_F(Handles, TellWhoMonitorsARequestOfItsEnd) {
  test_client& c = serve();
  const auto seq = c.open("sleep", 1);
  int downs = 0;
  const ends_here watcher{s.system().spawn(
      [&](caf::event_based_actor* self, int) -> caf::behavior {
        self->set_down_handler([&](const caf::down_msg&) { ++downs; });
        self->monitor(a.request);
        return {[](int) {}};
      },
      0)};
  s.run();
  EXPECT_EQ(downs, 0);

  c.cancel(seq);
  s.run();

  EXPECT_EQ(downs, 1);
}

// --- Finding them

TEST_F(Handles, AreFoundWhileTheyAreOpen) {
  test_client& c = serve();
  const auto seq = c.open("sleep", 1);
  EXPECT_EQ(s.find_request(a.id), a.request);
  EXPECT_EQ(find_request(s.system(), a.id), a.request);
  EXPECT_EQ(s.find_connection(a.connection_id), a.connection);
  EXPECT_FALSE(s.find_request(request_id{}));
  EXPECT_FALSE(s.find_connection("nobody"));
  c.cancel(seq);
  s.run();
  EXPECT_FALSE(s.find_request(a.id));
  a.connection = connection_handle{};
  client.reset();
  s.run();
  EXPECT_FALSE(s.find_connection(a.connection_id));
}

TEST_F(Handles, AreListedWithTheIdsThatFindThem) {
  a.handle("quiet", [](swill::request<int>) -> task<int> {
    co_await sleep_for(1h);
    co_return 1;
  });
  test_client& c = serve();
  const auto seq = c.open("quiet", 1);
  auto listing = std::async(std::launch::async, [&] { return s.runtime().requests(); });
  ASSERT_TRUE(run_until(s, [&] { return listing.wait_for(0s) == std::future_status::ready; }));
  const std::vector<request_info> all = listing.get();
  ASSERT_EQ(all.size(), 1U);

  caf::anon_send(s.find_request(all[0].id), cancel_atom::value, "by the administrator");

  EXPECT_EQ(c.receive(seq)->failure->message, "by the administrator");
}

TEST_F(Handles, OfPlainFunctionsAreFoundWhileTheyRun) {
  bool found = false, found_elsewhere = false;
  std::vector<request_id> ids;
  a.handle("found", [&](swill::request<int> r) {
    const request_id id = r.context().id();
    ids.push_back(id);
    found = s.find_request(id) == r.context().actor() && r.context().id() == id;
    std::thread([&] { found_elsewhere = static_cast<bool>(s.find_request(id)); }).join();
    return 1;
  });
  a.handle("blocking", blocking([&](swill::request<int> r) {
             const request_id id = r.context().id();
             ids.push_back(id);
             found = s.find_request(id) == r.context().actor();
             return 1;
           }));
  test_client& c = serve();

  EXPECT_EQ(c.call<int>("found", 1), 1);
  EXPECT_TRUE(found);
  EXPECT_TRUE(found_elsewhere);
  found = false;
  EXPECT_EQ(c.call<int>("blocking", 1), 1);
  EXPECT_TRUE(found);
  EXPECT_EQ(c.call<int>("found", 1), 1);

  EXPECT_EQ(std::set<request_id>(ids.begin(), ids.end()).size(), 3U);
  for (const request_id id : ids) EXPECT_FALSE(s.find_request(id));
}

TEST_F(Handles, OfARequestWhoseActorWasKilledAreEmpty) {
  bool asked = false;
  request_handle after;
  a.after_request([&](context& c, const outcome&) {
    if (c.rpc() != "sleep") return;
    asked = true;
    after = c.actor();
    static_cast<void>(c.id());
  });
  test_client& c = serve();
  const auto seq = c.open("sleep", 1);
  caf::anon_send_exit(a.request, caf::exit_reason::kill);

  EXPECT_EQ(c.receive(seq)->failure->code, 500);
  EXPECT_TRUE(asked);
  EXPECT_FALSE(after);
}

// --- What a connection takes

TEST_F(Handles, OfAConnectionClosesIt) {
  test_client& c = serve();
  c.call("plain", 1);

  caf::anon_send(a.connection, close_atom::value, 4010, "told");

  EXPECT_EQ(c.close_code(), 4010);
  EXPECT_EQ(c.pipe().closed()->reason, "told");
}

TEST_F(Handles, OfAConnectionSaysWhoItsUserIs) {
  strings users;
  a.after_accept([&](swill::connection& c) {
    c.on_user_changed(
        [&](swill::connection& changed, const std::string& before) { users.push_back(before + ">" + changed.user()); });
  });
  test_client& c = serve();
  c.call("plain", 1);

  caf::anon_send(a.connection, user_atom::value, "ann");
  const auto i = ask<connection_info>(a.connection, describe_atom::value);
  caf::anon_send(a.connection, user_atom::value, "\xff");
  s.run();

  EXPECT_EQ(users, strings{">ann"});
  EXPECT_EQ(i->user, "ann");
  EXPECT_EQ(a.lines().size(), 1U) << "a name that is not UTF-8";
}

TEST_F(Handles, OfAConnectionPushesToTheInboxOfWhoHasOne) {
  strings pushed;
  test_client* c = nullptr;
  a.on_push([&](swill::connection& at, std::string_view name, const value& v) {
    pushed.push_back(std::string{name} + " " + to_text(v, 100) + " " + at.user());
    return name != "closed";
  });
  c = &serve();
  c->call("plain", 1);

  EXPECT_EQ(ask<bool>(a.connection, push{"invited", 7}).value(), true);
  EXPECT_EQ(ask<bool>(a.connection, push{"closed", nullptr}).value(), false);
  EXPECT_EQ(pushed, (strings{"invited 7 ", "closed null "}));
}

TEST_F(Handles, OfAConnectionWithoutPubSubPushesNothing) {
  test_client& c = serve();
  c.call("plain", 1);

  EXPECT_EQ(ask<bool>(a.connection, push{"invited", 7}).value(), false);
}

TEST_F(Handles, OfConnectionsAreEmptyBeforeTheyAreAccepted) {
  bool asked = false, accepted = false;
  a.before_accept([&](swill::connection& c) { asked = !c.actor(); });
  a.after_accept([&](swill::connection& c) { accepted = static_cast<bool>(c.actor()); });
  serve();

  EXPECT_TRUE(asked);
  EXPECT_TRUE(accepted);
}

// --- The application's own messages

TEST_F(Handles, OfAConnectionTakesTheMessagesOfTheApplication) {
  strings seen;
  connection_handle_of<ban, tally> own;
  std::string id;
  a.on_message<ban>([&](swill::connection& c, const ban& b) {
    seen.push_back(b.why);
    c.close(4003, b.why);
  });
  a.on_message<tally>([&](swill::connection& c, const tally&) -> std::int64_t {
    seen.push_back(c.user());
    return 7;
  });
  a.after_accept([&](swill::connection& c) {
    c.set_user("ann");
    own = c.actor<ban, tally>();
    id = c.id();
  });
  test_client& c = serve();

  EXPECT_EQ(ask<std::int64_t>(caf::actor_cast<caf::actor>(own), tally{}).value(), 7);
  EXPECT_EQ((s.find_connection<ban, tally>(id)), own);
  caf::anon_send(own, ban{"spam"});

  EXPECT_EQ(c.close_code(), 4003);
  EXPECT_EQ(seen, (strings{"ann", "spam"}));
  own = connection_handle_of<ban, tally>{};
}

TEST_F(Handles, OfAConnectionAnswersWhatItsFunctionsThrow) {
  a.on_message<ban>([](swill::connection&, const ban& b) {
    if (b.why == "plain") throw error{409, "taken"};
    if (b.why == "close") throw close_connection{4004};
    throw std::runtime_error("broken");
  });
  test_client& c = serve();
  c.call("plain", 1);
  const auto to = caf::actor_cast<caf::actor>(a.connection);

  EXPECT_EQ(ask<int>(to, ban{"plain"}).error().message, caf::to_string(to_caf(error{409, "taken"})));
  EXPECT_TRUE(a.lines().empty());
  EXPECT_EQ(ask<int>(to, ban{"other"}).error().code, static_cast<int>(caf::sec::runtime_error));
  EXPECT_EQ(a.lines().size(), 1U);
  caf::anon_send(to, ban{"close"});
  EXPECT_EQ(c.close_code(), 4004);
}

TEST(OnMessage, HasOneFunctionForAType) {
  app a;
  a.on_message<ban>([](connection&, const ban&) {});
  EXPECT_THROW(a.on_message<ban>([](connection&, const ban&) {}), std::invalid_argument);
  using function = void (*)(connection&, const tally&);
  EXPECT_THROW(a.on_message<tally>(function{nullptr}), std::invalid_argument);
}

// --- What nobody takes

TEST_F(Handles, AnswerRequestsThatTheyDoNotKnow) {
  test_client& c = serve();
  c.open("sleep", 1);
  for (const auto& who : {caf::actor_cast<caf::actor>(a.request), caf::actor_cast<caf::actor>(a.connection)}) {
    const auto answer = ask<int>(who, tick{1});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, static_cast<int>(caf::sec::unexpected_message));
  }
  EXPECT_EQ(s.runtime().dropped_mail(), 0U);
}

TEST_F(Handles, DropMessagesThatTheyDoNotKnowAndSendersLive) {
  test_client& c = serve();
  const auto seq = c.open("sleep", 1);
  const auto ended = std::make_shared<bool>(false); // the sender outlives the test's body
  const ends_here sender{s.system().spawn(
      [&, ended](caf::event_based_actor* self, int) -> caf::behavior {
        self->attach_functor([ended] { *ended = true; });
        return {[this, self](int n) {
          self->send(caf::actor_cast<caf::actor>(a.request), tick{n});
          self->send(caf::actor_cast<caf::actor>(a.connection), tick{n});
        }};
      },
      0)};
  for (int i = 0; i < 10; ++i) caf::anon_send(sender.who(), i);
  s.run();
  EXPECT_EQ(s.runtime().dropped_mail(), 20U);
  const strings lines = a.lines();
  ASSERT_EQ(lines.size(), 2U) << "one for each kind";
  EXPECT_EQ(lines[0], "warning swill.request does not take this message, which is dropped: (swill::(anonymous "
                      "namespace)::tick)");

  c.cancel(seq);
  client.reset(); // both are gone
  for (int i = 0; i < 10; ++i) caf::anon_send(sender.who(), i);
  s.run();

  EXPECT_FALSE(*ended);
  EXPECT_EQ(s.runtime().dropped_mail(), 40U);
}

// --- Why connections have ended

struct Watched : Handles {
  std::vector<caf::error> downs;
  caf::actor watcher;
  void watch() {
    watcher = s.system().spawn(
        [this](caf::event_based_actor* self, int) -> caf::behavior {
          self->set_down_handler([this](const caf::down_msg& m) { downs.push_back(m.reason); });
          self->monitor(a.connection);
          return {[](int) {}};
        },
        0);
    s.run();
    ASSERT_TRUE(downs.empty());
  }
  std::optional<close_reason> why() {
    s.run();
    return downs.size() == 1 ? close_reason_of(downs[0]) : std::nullopt;
  }
  void TearDown() override {
    caf::anon_send_exit(watcher, caf::exit_reason::user_shutdown);
    watcher = caf::actor{};
    downs.clear();
    Handles::TearDown();
  }
};

TEST_F(Watched, TellsThatItsClientHasClosed) {
  test_client& c = serve();
  c.open("sleep", 1);
  watch();

  c.pipe().close(4001, "bye");

  const auto r = why();
  ASSERT_TRUE(r);
  EXPECT_EQ(r->code, 4001);
  EXPECT_EQ(r->reason, "bye");
  EXPECT_TRUE(r->by_peer);
}

TEST_F(Watched, TellsThatItsServerHasClosed) {
  test_client& c = serve();
  c.call("plain", 1);
  watch();

  caf::anon_send(a.connection, close_atom::value, 4003, "banned");

  const auto r = why();
  ASSERT_TRUE(r);
  EXPECT_EQ(r->code, 4003);
  EXPECT_EQ(r->reason, "banned");
  EXPECT_FALSE(r->by_peer);
}

TEST_F(Watched, TellsThatItWasLost) {
  test_client& c = serve();
  c.call("plain", 1);
  watch();

  c.pipe().drop();

  const auto r = why();
  ASSERT_TRUE(r);
  EXPECT_EQ(r->code, 1006);
}

TEST_F(Watched, TellsThatItsActorWasEnded) {
  test_client& c = serve();
  c.call("plain", 1);
  watch();

  caf::anon_send_exit(a.connection, caf::exit_reason::kill);

  EXPECT_FALSE(why());
  ASSERT_EQ(downs.size(), 1U);
  EXPECT_EQ(downs[0], caf::exit_reason::kill);
  EXPECT_EQ(c.close_code(), 1011);
}

TEST_F(Watched, EndsWhoIsLinkedToIt) {
  test_client& c = serve();
  c.call("plain", 1);
  bool ended = false;
  const ends_here linked{s.system().spawn(
      [&](caf::event_based_actor* self, int) -> caf::behavior {
        self->attach_functor([&] { ended = true; });
        self->link_to(a.connection);
        return {[](int) {}};
      },
      0)};
  watch();
  EXPECT_FALSE(ended);

  c.pipe().close(1000, "");
  s.run();

  EXPECT_TRUE(ended);
}

} // namespace
} // namespace swill
