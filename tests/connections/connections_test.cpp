#include "actors/connections/connections.hpp"

#include "actors/runtime.hpp"
#include "pubsub/pubsub.hpp"
#include "sessions/sessions.hpp"
#include "tests/connections/world.hpp"

#include <algorithm>
#include <memory>
#include <vector>

namespace swill::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

/// One node in memory. What handlers refer to stands before the server.
struct Connections : testing::Test {
  connections_options options;
  std::shared_ptr<pubsub> bus = std::make_shared<pubsub>();
  std::shared_ptr<connections> all;
  std::function<void()> late; ///< what the app gets after the plugins
  strings order;              ///< of what it is told
  logged_app a;
  std::optional<test_server> server;

  void make() { all = std::make_shared<connections>(bus, options); }
  void serve() {
    if (!all) make();
    all->allow_admin([](context& c) { return c.metadata().find("admin") != nullptr; });
    bus->allow_subscribe("**");
    a.handle("login", [](request<std::string> r) { r.context().connection().set_user(r.data()); });
    a.handle("wait", [](request<>) -> task<void> { co_await sleep_for(1h); });
    a.handle("slow", [](streaming_request<std::string> r) -> task<void> {
      co_await sleep_for(1h);
      (void)r;
    });
    if (bus) a.use(bus);
    a.use(all);
    if (late) late();
    server.emplace(a);
    server->run();
  }
  template <class T, class F>
  result<T> answered(F start) {
    std::optional<result<T>> r;
    start([&r](result<T> got) { r = std::move(got); });
    server->run();
    return r.value();
  }
  connection_page list(connection_query q = {}) {
    return answered<connection_page>([&](auto done) { all->list_then(q, done); }).value();
  }
  std::uint64_t count(const connection_filter& f = {}) {
    return answered<connection_count>([&](auto done) { all->count_then(f, done); }).value().count;
  }
  std::string id_of(const std::string& user) {
    connection_query q;
    q.filter.user = user;
    return list(q).connections.at(0).id;
  }
};

const metadata admin{"admin", true};

TEST_F(Connections, ListTheirFacts) {
  serve();
  test_client c{*server, from_address("10.1.2.3", "/ws?x=1")};
  c.call<>("login", std::string{"ann"});
  c.open("wait", nothing{});
  const auto upload = c.open_stream("slow");
  c.send(upload, std::string{"one"});
  c.send(upload, std::string{"two"});
  c.open("swill.subscribe", value::map({{"topic", "news"}}));
  server->run();
  server->advance(5s);

  const connection_page page = list();

  ASSERT_THAT(page.connections, SizeIs(1));
  const connection_entry& e = page.connections.front();
  EXPECT_EQ(e.id.size(), 32U);
  EXPECT_EQ(e.node, all->node_id());
  EXPECT_EQ(e.user, "ann");
  EXPECT_EQ(e.remote_address, "10.1.2.3");
  EXPECT_EQ(e.path, "/ws");
  EXPECT_EQ(e.subprotocol, "swill.v1");
  EXPECT_EQ(e.age_ms, 5000);
  EXPECT_EQ(e.requests, 3U);
  EXPECT_EQ(e.queued_items, 2U);
  EXPECT_EQ(e.queued_bytes, 8U);
  EXPECT_EQ(e.messages_in, 6U);
  EXPECT_GT(e.bytes_in, 40U);
  EXPECT_EQ(e.messages_out, 2U); // of login, and the beginning of the subscription
  EXPECT_GT(e.bytes_out, 4U);
  EXPECT_EQ(e.backlog, 0U);
  EXPECT_THAT(e.topics, ElementsAre("news"));
  EXPECT_EQ(e.topic_count, 1U);
  EXPECT_EQ(e.session, "");
  EXPECT_THAT(page.missing, IsEmpty());
  EXPECT_EQ(page.cursor, "");
}

TEST_F(Connections, WithBytesThatAreNoTextDoNotEndListsAndWatchers) {
  serve();
  const std::string sent = "\xff-1.2.3.4\xc3";
  const std::string shown = "\xEF\xBF\xBD-1.2.3.4\xEF\xBF\xBD";
  test_client boss{*server};
  const auto watching = boss.open("swill.connections.watch", value::map({}), admin);
  server->run();

  test_client odd{*server, from_address(sent)};
  test_client other{*server, from_address("10.0.0.1")};
  server->run();

  std::vector<std::string> seen;
  while (const auto r = boss.receive(watching)) {
    ASSERT_FALSE(r->failure) << r->failure->message;
    if (r->type == wire::response_type::message) seen.push_back(r->as<connection_event>().remote_address);
  }
  EXPECT_THAT(seen, ElementsAre(shown, "10.0.0.1"));
  const value page = boss.call<value>("swill.connections.list", value::map({}), admin);
  EXPECT_EQ(page.find("connections")->get_if<value_array>()->size(), 3U);
  const connection_entry e = list().connections.at(1);
  EXPECT_EQ(e.remote_address, shown);
  EXPECT_EQ(e.node_name, all->node_name());
}

TEST_F(Connections, ShowWhatWaitsToBeSent) {
  a.handle("fill", [](request<>) { return std::string(1000, 'x'); });
  serve();
  test_client c{*server};
  server->run();
  c.pipe().stall();
  c.open("fill", nothing{});
  server->run();

  EXPECT_GT(list().connections.at(0).backlog, 1000U);
}

TEST_F(Connections, ForgetTopicsThatAreUnsubscribedAndListOnlySome) {
  options.topics_listed = 2;
  serve();
  test_client c{*server};
  std::vector<std::uint64_t> open;
  for (const char* t : {"a", "b", "c", "d"}) open.push_back(c.open("swill.subscribe", value::map({{"topic", t}})));
  server->run();
  EXPECT_THAT(list().connections.at(0).topics, ElementsAre("a", "b"));
  EXPECT_EQ(list().connections.at(0).topic_count, 4U);

  c.cancel(open[0]);
  server->run();

  EXPECT_EQ(list().connections.at(0).topic_count, 3U);
  connection_query q;
  q.filter.topic = "d"; // is not listed, but counts
  EXPECT_THAT(list(q).connections, SizeIs(1));
  q.filter.topic = "a";
  EXPECT_THAT(list(q).connections, IsEmpty());
}

TEST_F(Connections, ShowAHashOfTheirSessionOnly) {
  a.use(std::make_shared<sessions>());
  serve();
  test_client c{*server};
  server->run();
  std::string cookie;
  for (const auto& [name, text] : c.pipe().response_headers()) {
    if (name == "Set-Cookie") cookie = text;
  }
  const std::string token = cookie.substr(cookie.find('=') + 1, 48);

  const connection_entry e = list().connections.at(0);

  ASSERT_EQ(token.size(), 48U);
  EXPECT_EQ(e.session.size(), 12U);
  EXPECT_EQ(token.find(e.session), std::string::npos);
  connection_query q;
  q.filter.session = e.session;
  EXPECT_THAT(list(q).connections, SizeIs(1));
  q.filter.session = "0";
  EXPECT_THAT(list(q).connections, IsEmpty());
}

TEST_F(Connections, AreFiltered) {
  serve();
  test_client old{*server, from_address("10.0.0.1")};
  old.call<>("login", std::string{"ann"});
  server->advance(10s);
  test_client young{*server, from_address("10.0.1.1")};
  young.call<>("login", std::string{"bob"});

  EXPECT_EQ(count(), 2U);
  EXPECT_EQ(count(with(&connection_filter::user, "ann")), 1U);
  EXPECT_EQ(count(with(&connection_filter::user, "eve")), 0U);
  EXPECT_EQ(count(with(&connection_filter::remote_address, "10.0.")), 2U);
  EXPECT_EQ(count(with(&connection_filter::remote_address, "10.0.1")), 1U);
  EXPECT_EQ(count(with(&connection_filter::least_age_ms, 10'000)), 1U);
  EXPECT_EQ(count(with(&connection_filter::least_age_ms, 10'001)), 0U);
  EXPECT_EQ(count(with(&connection_filter::node, all->node_id())), 2U);
}

TEST_F(Connections, OfANodeThatIsUnknownAreMissing) {
  serve();
  connection_query q;
  q.filter.node = "0000000000000000";

  EXPECT_THAT(list(q).missing, ElementsAre("0000000000000000"));
}

TEST_F(Connections, AreListedPageByPage) {
  options.page_length = 4;
  options.longest_page = 5;
  options.looked_at_per_turn = 3;
  serve();
  std::deque<test_client> clients;
  std::vector<std::string> expected;
  for (int i = 0; i < 11; ++i) {
    clients.emplace_back(*server);
    clients.back().call<>("login", "u" + std::to_string(i));
    expected.push_back("u" + std::to_string(i));
  }
  EXPECT_THAT(list().connections, SizeIs(4));

  std::vector<std::string> seen;
  connection_query q;
  q.limit = 100;
  do {
    const connection_page p = list(q);
    EXPECT_LE(p.connections.size(), 5U);
    for (const auto& e : p.connections) seen.push_back(e.user);
    q.cursor = p.cursor;
  } while (!q.cursor.empty());

  EXPECT_EQ(seen, expected);
}

TEST_F(Connections, ThatGoWhileTheyAreListedDisturbNobody) {
  options.page_length = 10;
  serve();
  std::deque<test_client> clients;
  for (int i = 0; i < 100; ++i) {
    clients.emplace_back(*server);
    clients.back().call<>("login", "u" + std::to_string(i));
  }
  connection_query q;
  q.cursor = list().cursor;

  for (int i = 0; i < 90; ++i) clients[static_cast<std::size_t>(i)].pipe().close();
  server->run();

  const connection_page p = list(q);
  ASSERT_THAT(p.connections, SizeIs(10));
  EXPECT_EQ(p.connections.front().user, "u90");
  EXPECT_EQ(count(), 10U);
}

TEST_F(Connections, EndAPageWhereTheAnswerIsLargeEnough) {
  options.answer_size = 1000; // two, about
  serve();
  std::deque<test_client> clients;
  for (int i = 0; i < 7; ++i) clients.emplace_back(*server);
  server->run();

  std::size_t seen = 0;
  std::size_t pages = 0;
  connection_query q;
  do {
    const connection_page p = list(q);
    seen += p.connections.size();
    q.cursor = p.cursor;
    ++pages;
  } while (!q.cursor.empty() && pages < 20);

  EXPECT_EQ(seen, 7U);
  EXPECT_GT(pages, 2U);
}

TEST_F(Connections, RefuseACursorThatIsNone) {
  serve();
  for (const char* bad : {"x", "a.b.c", "a.1", ".1.2", "a.1.2x"}) {
    connection_query q;
    q.cursor = bad;
    EXPECT_EQ(answered<connection_page>([&](auto done) { all->list_then(q, done); }).error().code, 400) << bad;
  }
}

TEST_F(Connections, ShowOneWithItsRequests) {
  options.requests_listed = 1;
  serve();
  test_client c{*server};
  c.call<>("login", std::string{"ann"});
  c.open("wait", nothing{});
  c.open("wait", nothing{});
  server->run();
  const auto show = [&](const std::string& id, const std::string& node) {
    return answered<connection_details>([&](auto done) { all->show_then(id, node, done); });
  };

  const connection_details d = show(id_of("ann"), "").value();

  EXPECT_EQ(d.connection.user, "ann");
  EXPECT_EQ(d.connection.requests, 2U);
  ASSERT_THAT(d.open, SizeIs(1));
  EXPECT_EQ(d.open[0].rpc, "wait");
  EXPECT_EQ(show("nobody", "").error().code, 404);
  EXPECT_EQ(show(id_of("ann"), "elsewhere").error().code, 503);
}

TEST_F(Connections, AreClosedWithCodeAndReason) {
  serve();
  test_client ann{*server};
  test_client bob{*server};
  ann.call<>("login", std::string{"ann"});
  bob.call<>("login", std::string{"bob"});
  const std::string id = id_of("ann");
  const auto close = [&](int code) {
    return answered<closed_connections>([&](auto done) { all->close_then(id, code, "enough", {}, done); });
  };
  EXPECT_EQ(close(1006).error().code, 400);
  EXPECT_EQ(close(999).error().code, 400);
  EXPECT_FALSE(ann.pipe().closed());

  EXPECT_EQ(close(4321).value().closed, 1U);

  ASSERT_TRUE(ann.pipe().closed());
  EXPECT_EQ(ann.pipe().closed()->code, 4321);
  EXPECT_EQ(ann.pipe().closed()->reason, "enough");
  EXPECT_FALSE(bob.pipe().closed());
  EXPECT_EQ(close(4321).error().code, 404);
  EXPECT_EQ(count(), 1U);
}

TEST_F(Connections, RequestsAreCancelledWithAReason) {
  serve();
  test_client ann{*server};
  ann.call<>("login", std::string{"ann"});
  const auto kept = ann.open("wait", nothing{});
  const auto seq = ann.open("wait", nothing{});
  const std::string id = id_of("ann");
  const auto cancel = [&](const std::string& of, std::uint64_t n) {
    return answered<open_request>([&](auto done) { all->cancel_then(of, n, "enough", {}, done); });
  };
  server->advance(5s);

  const open_request was = cancel(id, seq).value();

  EXPECT_EQ(was.rpc, "wait");
  EXPECT_EQ(was.seq, seq);
  EXPECT_EQ(was.age_ms, 5000);
  const auto reply = ann.receive(seq);
  ASSERT_TRUE(reply && reply->failure);
  EXPECT_EQ(reply->failure->code, 499);
  EXPECT_EQ(reply->failure->message, "enough");
  EXPECT_EQ(arrived(ann, kept), strings{});
  EXPECT_EQ(cancel(id, seq).error().message, "The connection has no such open request");
  EXPECT_EQ(cancel("nobody", seq).error().message, "There is no such connection");
}

TEST_F(Connections, RequestsAreCancelledByAdministrators) {
  serve();
  test_client boss{*server};
  test_client ann{*server};
  ann.call<>("login", std::string{"ann"});
  const auto seq = ann.open("wait", nothing{});
  const value what = value::map({{"id", id_of("ann")}, {"seq", seq}});

  EXPECT_EQ(arrived(boss, boss.open("swill.connections.cancel", what)), strings{"e:403"});
  const value was = boss.call<value>("swill.connections.cancel", what, admin);

  EXPECT_EQ(*was.find("rpc"), value{"wait"});
  EXPECT_EQ(ann.receive(seq)->failure.value().message, "cancelled by an administrator");
  EXPECT_EQ(arrived(boss, boss.open("swill.connections.cancel", what, admin)), strings{"e:404"});
}

TEST_F(Connections, OfAUserAreClosedTogether) {
  options.looked_at_per_turn = 2;
  serve();
  std::deque<test_client> clients;
  for (int i = 0; i < 7; ++i) {
    clients.emplace_back(*server);
    clients.back().call<>("login", std::string{i % 2 == 0 ? "ann" : "bob"});
  }
  const auto close = [&](const std::string& user) {
    return answered<closed_connections>([&](auto done) { all->close_user_then(user, 4000, "bye", done); });
  };

  EXPECT_EQ(close("ann").value().closed, 4U);
  EXPECT_EQ(close("").error().code, 400);

  for (std::size_t i = 0; i < clients.size(); ++i) EXPECT_EQ(clients[i].pipe().closed().has_value(), i % 2 == 0);
  EXPECT_EQ(count(), 3U);
}

TEST_F(Connections, WithoutABusAreThoseOfThisNode) {
  bus = nullptr;
  make();
  all->allow_admin([](context&) {});
  a.use(all);
  server.emplace(a);
  test_client c{*server};
  server->run();

  EXPECT_EQ(count(), 1U);
  EXPECT_EQ(list().connections.at(0).node, all->node_id());
}

TEST_F(Connections, BeforeAndAfterTheServerAreUnavailable) {
  make();
  std::optional<error> before;
  all->count_then({}, [&](const result<connection_count>& r) { before = r.error(); });
  EXPECT_EQ(before->code, 503);
  serve();
  server.reset();

  std::optional<error> after;
  all->count_then({}, [&](const result<connection_count>& r) { after = r.error(); });

  EXPECT_EQ(after->code, 503);
  EXPECT_EQ(*after->data.find("retryable"), value{true});
}

// --- Handlers for administrators

TEST_F(Connections, AreForNobodyWithoutARule) {
  make();
  a.use(bus);
  a.use(all);
  server.emplace(a);
  test_client c{*server};

  for (const char* rpc : {"list", "count", "watch"}) {
    const std::string name = std::string{"swill.connections."} + rpc;
    EXPECT_EQ(arrived(c, c.open(name, value::map({}), admin)), strings{"e:403"}) << rpc;
  }
  EXPECT_EQ(arrived(c, c.open("swill.connections.show", value::map({{"id", "x"}}), admin)), strings{"e:403"});
  EXPECT_EQ(arrived(c, c.open("swill.connections.close", value::map({{"id", "x"}}), admin)), strings{"e:403"});
  EXPECT_EQ(arrived(c, c.open("swill.connections.close_user", value::map({{"user", "x"}}), admin)), strings{"e:403"});
}

TEST_F(Connections, AreForThoseWhomTheRuleLets) {
  serve();
  test_client c{*server};

  EXPECT_EQ(arrived(c, c.open("swill.connections.count", value::map({}))), strings{"e:403"});
  EXPECT_EQ(*c.call<value>("swill.connections.count", value::map({}), admin).find("count"), value{1});
}

TEST_F(Connections, RuleMayAwaitAndThrowItsOwnError) {
  make();
  all->allow_admin([](context& c) -> task<bool> {
    co_await sleep_for(1s);
    if (c.metadata().find("who") == nullptr) throw error{error_code::unauthorized, "who are you?"};
    co_return c.metadata().find("admin") != nullptr;
  });
  a.use(bus);
  a.use(all);
  server.emplace(a);
  test_client c{*server};
  const auto nobody = c.open("swill.connections.count", value::map({}));
  const auto somebody = c.open("swill.connections.count", value::map({}), metadata{"who", "me"});
  server->run();

  server->advance(1s);

  EXPECT_EQ(arrived(c, nobody), strings{"e:401"});
  EXPECT_EQ(arrived(c, somebody), strings{"e:403"});
}

TEST_F(Connections, AreListedShownAndClosedByAdministrators) {
  serve();
  test_client boss{*server};
  test_client ann{*server, from_address("10.0.0.9")};
  ann.call<>("login", std::string{"ann"});

  const value page = boss.call<value>("swill.connections.list", value::map({{"remote_address", "10."}}), admin);
  const value& first = page.find("connections")->get_if<value_array>()->at(0);
  const value id = *first.find("id");
  const value details = boss.call<value>("swill.connections.show", value::map({{"id", id}}), admin);
  const value closed =
      boss.call<value>("swill.connections.close", value::map({{"id", id}, {"code", 4009}, {"reason", "out"}}), admin);

  EXPECT_EQ(*first.find("user"), value{"ann"});
  EXPECT_EQ(*details.find("user"), value{"ann"});
  EXPECT_EQ(*details.find("open"), value{value_array{}});
  EXPECT_EQ(*closed.find("closed"), value{1});
  EXPECT_EQ(ann.pipe().closed().value().code, 4009);
  EXPECT_EQ(ann.pipe().closed()->reason, "out");
  EXPECT_EQ(arrived(boss, boss.open("swill.connections.close", value::map({{"id", id}}), admin)), strings{"e:404"});
  EXPECT_EQ(arrived(boss, boss.open("swill.connections.close_user", value::map({{"user", ""}}), admin)),
            strings{"e:422"});
}

TEST_F(Connections, HandlersAreIntrospectedWhenAskedFor) {
  serve();
  test_client c{*server};
  const auto names = [&](const value& what) {
    strings out;
    for (const value& r : c.collect("swill.introspect", what)) out.push_back(*r.find("name")->get_if<std::string>());
    return out;
  };

  EXPECT_THAT(names({}), testing::Not(testing::Contains(testing::StartsWith("swill."))));
  EXPECT_THAT(names(value::map({{"builtin", true}})),
              testing::IsSupersetOf({"login", "swill.connections.list", "swill.connections.watch"}));
  EXPECT_EQ(arrived(c, c.open("swill.introspect", value::map({{"builtin", 1}}))), strings{"e:422"});
}

// --- Events

TEST_F(Connections, AreWatchedByHandlers) {
  a.handle("follow", [this](request<> r) -> stream<std::string> {
    auto feed = co_await all->watch();
    while (auto e = co_await feed.next()) co_yield text_of(*e);
    (void)r;
  });
  serve();
  test_client watcher{*server};
  const auto seq = watcher.open("follow", nothing{});
  server->run();

  test_client c{*server};
  c.call<>("login", std::string{"ann"});
  c.pipe().close(4001, "done");
  server->run();

  EXPECT_EQ(arrived(watcher, seq), (strings{"m:\"connected\"", "m:\"disconnected ann 4001 done\""}));
}

TEST_F(Connections, AreWatchedByAdministratorsWithAFilter) {
  serve();
  test_client boss{*server};
  const auto seq = boss.open("swill.connections.watch", value::map({{"remote_address", "10."}}), admin);
  server->run();
  EXPECT_EQ(*boss.receive(seq)->leading.find("node"), value{all->node_id()});

  test_client other{*server};
  test_client c{*server, from_address("10.0.0.9")};
  server->run();

  const auto event = boss.receive(seq);
  EXPECT_EQ(*event->as<value>().find("event"), value{"connected"});
  EXPECT_EQ(*event->as<value>().find("remote_address"), value{"10.0.0.9"});
  EXPECT_FALSE(boss.receive(seq));
}

TEST_F(Connections, AreWatchedByCallbacksUntilTheirEnd) {
  serve();
  strings seen;
  std::optional<listening> end{all->listen([&](const connection_event& e) { seen.push_back(text_of(e)); })};
  server->run();
  test_client c{*server};
  server->run();
  EXPECT_EQ(seen, strings{"connected"});

  end.reset();
  server->run();
  c.pipe().close();
  server->run();

  EXPECT_EQ(seen, strings{"connected"});
}

TEST_F(Connections, CallbacksThatThrowAreLogged) {
  serve();
  const listening end = all->listen([](const connection_event&) { throw std::runtime_error("oops"); });
  server->run();

  for (int i = 0; i < 10; ++i) {
    test_client c{*server};
    server->run();
  }
  server->run();
  const auto told = [this] {
    strings found = a.lines();
    std::erase_if(found, [](const std::string& line) { return line.find("oops") == std::string::npos; });
    return found;
  };
  EXPECT_EQ(told().size(), 1U) << "one line a second";

  server->advance(1s);
  ASSERT_EQ(told().size(), 2U);
  EXPECT_THAT(told()[1], testing::HasSubstr("oops (19 like it)"));
}

TEST_F(Connections, AreWatchedBySoManyAndNoMore) {
  options.watchers = 2;
  serve();
  test_client boss{*server};
  const auto first = boss.open("swill.connections.watch", value::map({}), admin);
  const auto second = boss.open("swill.connections.watch", value::map({}), admin);
  const auto third = boss.open("swill.connections.watch", value::map({}), admin);
  EXPECT_EQ(arrived(boss, first), strings{"meta+l"});
  EXPECT_EQ(arrived(boss, second), strings{"meta+l"});
  EXPECT_EQ(arrived(boss, third), strings{"e:429"});

  boss.cancel(first);
  server->run();

  EXPECT_EQ(arrived(boss, boss.open("swill.connections.watch", value::map({}), admin)), strings{"meta+l"});
}

/// The n-th connection of a client, as the TypeScript client asks for it.
handshake_request connection_of(const std::string& id, const std::string& n) {
  return from_address("10.0.0.1", "/ws?client=" + id + "&client_number=" + n);
}

const std::string ada(32, 'a');

TEST_F(Connections, OfAClientThatHasAnotherEndBeforeThatBegins) {
  late = [&] {
    a.after_accept([&](connection& c) { order.push_back("+" + *c.argument("client_number")); });
    a.after_connection([&](connection& c) -> task<void> {
      const std::string number = *c.argument("client_number");
      co_await sleep_for(100ms);
      order.push_back("-" + number);
    });
  };
  serve();
  test_client first{*server, connection_of(ada, "1")};
  first.open("wait", nothing{});
  server->run();
  first.pipe().stall(); // nobody is there any more

  test_client second{*server, connection_of(ada, "2")};
  const auto login = second.open("login", std::string{"ann"});
  server->run();
  EXPECT_THAT(order, ElementsAre("+1"));
  EXPECT_EQ(first.pipe().closed()->code, 1008);
  EXPECT_THAT(arrived(second, login), IsEmpty());
  server->advance(100ms);

  EXPECT_THAT(order, ElementsAre("+1", "-1", "+2"));
  EXPECT_EQ(arrived(second, login), strings{"m:null"});
  EXPECT_EQ(count(), 1U);
}

TEST_F(Connections, OfAClientAreWaitedForAsLongAsANodeIs) {
  late = [&] { a.after_connection([](connection&) -> task<void> { co_await sleep_for(1h); }); };
  serve();
  test_client first{*server, connection_of(ada, "1")};
  server->run();

  test_client second{*server, connection_of(ada, "2")};
  const auto login = second.open("login", std::string{"ann"});
  server->advance(options.node_timeout - 1ms);
  EXPECT_THAT(arrived(second, login), IsEmpty());
  server->advance(1ms);

  EXPECT_EQ(arrived(second, login), strings{"m:null"});
}

TEST_F(Connections, OfSoManyClientsAreWaitedForAndOfNoMore) {
  options.questions_of_others = 1;
  late = [&] { a.after_connection([](connection&) -> task<void> { co_await sleep_for(100ms); }); };
  serve();
  const std::string bob(32, 'b');
  test_client first{*server, connection_of(ada, "1")};
  test_client other{*server, connection_of(bob, "1")};
  server->run();

  test_client waits{*server, connection_of(ada, "2")};
  const auto waiting = waits.open("login", std::string{"ann"});
  server->run();
  test_client goes_on{*server, connection_of(bob, "2")};
  const auto served = goes_on.open("login", std::string{"bob"});
  server->run();

  EXPECT_THAT(arrived(waits, waiting), IsEmpty());
  EXPECT_EQ(arrived(goes_on, served), strings{"m:null"});
  EXPECT_EQ(other.close_code(), 1008); // all the same
  server->advance(100ms);
  EXPECT_EQ(arrived(waits, waiting), strings{"m:null"});
}

TEST_F(Connections, AreNotEndedByWhoIsNoSuccessor) {
  serve();
  test_client kept{*server, connection_of(ada, "5")};
  kept.call<>("login", std::string{"ann"});
  const std::string longest(64, 'l');
  test_client other_kept{*server, connection_of(longest, "1")};

  const std::pair<std::string, std::string> others[] = {
      {ada, "5"},                  // the same number
      {ada, "4"},                  // one that was overtaken
      {ada, "-6"},                 // no number
      {ada, "6x"},                 // no number
      {std::string(32, 'b'), "6"}, // another client
      {ada + "0", "6"},            // another client
      {longest + "l", "2"},        // too long for an id
  };
  for (const auto& [id, n] : others) {
    test_client c{*server, connection_of(id, n)};
    c.call<>("login", std::string{"ann"});
    EXPECT_FALSE(kept.close_code()) << id << " " << n;
    EXPECT_FALSE(other_kept.close_code()) << id << " " << n;
  }
  test_client without{*server, from_address("10.0.0.1", "/ws?client=" + ada)};
  without.call<>("login", std::string{"ann"});
  EXPECT_FALSE(kept.close_code());

  test_client successor{*server, connection_of(longest, "2")};
  successor.call<>("login", std::string{"ann"});
  EXPECT_EQ(other_kept.close_code(), 1008);
}

TEST_F(Connections, OfAClientAreKnownAsItsUpToABound) {
  serve();
  std::vector<std::unique_ptr<test_client>> many;
  for (int i = 0; i < 66; ++i) many.push_back(std::make_unique<test_client>(*server, connection_of(ada, "1")));

  test_client successor{*server, connection_of(ada, "2")};
  successor.call<>("login", std::string{"ann"});

  EXPECT_EQ(std::count_if(many.begin(), many.end(), [](const auto& c) { return c->close_code() == 1008; }), 64);
  many.clear();
  server->run();
  test_client third{*server, connection_of(ada, "3")}; // there is room for it again
  test_client fourth{*server, connection_of(ada, "4")};
  fourth.call<>("login", std::string{"ann"});
  EXPECT_EQ(third.close_code(), 1008);
}

TEST_F(Connections, OfAUserAreNotEndedByAnother) {
  late = [&] { a.before_accept([](connection& c) { c.set_user(c.argument("user").value_or("")); }); };
  serve();
  const auto named = [](const std::string& n, const std::string& user) {
    handshake_request r = connection_of(ada, n);
    r.target += "&user=" + user;
    return r;
  };
  test_client first{*server, named("1", "ann")};

  test_client thief{*server, named("2", "bob")};
  thief.call<>("login", std::string{"bob"});
  EXPECT_FALSE(first.close_code());
  test_client successor{*server, named("3", "ann")};
  successor.call<>("login", std::string{"ann"});

  EXPECT_EQ(first.close_code(), 1008);
  EXPECT_FALSE(thief.close_code());
}

TEST_F(Connections, WithAnIdThatIsTooShortAreNobodys) {
  serve();
  const std::string ios(31, 'i');
  test_client first{*server, connection_of(ios, "1")};

  test_client second{*server, connection_of(ios, "2")};
  second.call<>("login", std::string{"ann"});

  EXPECT_FALSE(first.close_code());
}

// Else they would hold their connections open until the server gives up.
TEST_F(Connections, StreamsOfOursEndWhenTheServerDrains) {
  serve();
  test_client boss{*server};
  const auto watched = boss.open("swill.connections.watch", value::map({}), admin);
  const auto inbox = boss.open("swill.inbox", nothing{});
  ASSERT_EQ(arrived(boss, watched), strings{"meta+l"});
  ASSERT_EQ(arrived(boss, inbox), strings{"meta+l"});

  server->runtime().drain();
  server->run();

  EXPECT_EQ(arrived(boss, watched), strings{"e:503"});
  EXPECT_EQ(arrived(boss, inbox), strings{"e:503"});
  ASSERT_TRUE(boss.pipe().closed());
  EXPECT_EQ(boss.pipe().closed()->code, 1001);
  const auto service = a.build();
  for (const char* rpc : {"swill.subscribe", "swill.watch_presence", "swill.inbox", "swill.connections.watch"})
    EXPECT_TRUE(service->find(rpc)->options.endless) << rpc;
}

} // namespace
} // namespace swill::test
