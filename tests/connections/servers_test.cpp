#include "actors/connections/connections.hpp"

#include "libswill/client/blocking_client.hpp"
#include "libswill/server/server.hpp"
#include "pubsub/pubsub.hpp"
#include "pubsub/redis/redis_broker.hpp"
#include "tests/connections/world.hpp"
#include "tests/support/patience.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/redis_server.hpp"

#include <algorithm>
#include <poll.h>
#include <set>

namespace swill::test {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

/// A server on sockets with two I/O threads: one node.
struct node {
  explicit node(std::shared_ptr<broker> b, connections_options o = {}, pubsub_options p = {})
      : bus(std::make_shared<pubsub>(std::move(p), std::move(b))), all(std::make_shared<connections>(bus, o)) {
    a.set_log(stderr_log(log_level::error));
    a.handle("login", [](request<std::string> r) { r.context().connection().set_user(r.data()); });
    all->allow_admin([](context&) {});
    a.use(bus);
    a.use(all);
    server_options so;
    so.listen = {"127.0.0.1:0"};
    so.io_threads = 2;
    running.emplace(a, so);
    running->start();
  }
  std::string url() const { return "ws://127.0.0.1:" + std::to_string(running->port()) + "/ws"; }
  std::unique_ptr<blocking_client> client(const std::string& user = {}) const {
    auto c = std::make_unique<blocking_client>(url());
    if (!user.empty()) c->call<>("login", user);
    return c;
  }
  connection_page list(const connection_query& q = {}) {
    return wait_for<connection_page>([&](auto done) { all->list_then(q, done); }).value();
  }
  connection_count count() {
    return wait_for<connection_count>([&](auto done) { all->count_then({}, done); }).value();
  }
  std::string id_of(const std::string& user) {
    connection_query q;
    q.filter.user = user;
    return list(q).connections.at(0).id;
  }

  app a;
  std::shared_ptr<pubsub> bus;
  std::shared_ptr<connections> all;
  std::optional<server> running;
};

/// Polls for what another process or node has to bring about; at most 20 s.
template <class F>
bool eventually(F f) {
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (!f()) {
    if (std::chrono::steady_clock::now() > end) return false;
    ::poll(nullptr, 0, 10);
  }
  return true;
}

close_reason end_of(const blocking_client& c) {
  std::optional<close_reason> why;
  eventually([&] { return (why = c.close_status()).has_value(); });
  return why.value_or(close_reason{0, "still open", false});
}

TEST(ConnectionsOnSockets, AreThoseOfAllThreads) {
  node n{nullptr};
  std::vector<std::unique_ptr<blocking_client>> clients;
  for (int i = 0; i < 7; ++i) clients.push_back(n.client("u" + std::to_string(i)));

  std::set<std::string> seen;
  connection_query q;
  q.limit = 3;
  do {
    const connection_page p = n.list(q);
    for (const auto& e : p.connections) EXPECT_TRUE(seen.insert(e.user).second);
    q.cursor = p.cursor;
  } while (!q.cursor.empty());

  EXPECT_THAT(seen, SizeIs(7));
  const auto closed = wait_for<closed_connections>([&](auto done) { n.all->close_user_then("u3", 4100, "go", done); });
  EXPECT_EQ(closed.value().closed, 1U);
  EXPECT_EQ(end_of(*clients[3]).code, 4100);
  EXPECT_EQ(end_of(*clients[3]).reason, "go");
}

TEST(ConnectionsOnSockets, CountWholeMessagesAndTheirBytes) {
  node n{nullptr};
  n.a.limits();
  const auto c = n.client("ann");
  const connection_entry before = n.list().connections.at(0);

  c->call<>("login", std::string(1000, 'x'));

  const connection_entry after = n.list().connections.at(0);
  EXPECT_EQ(after.messages_in, before.messages_in + 1);
  EXPECT_EQ(after.messages_out, before.messages_out + 1);
  EXPECT_GE(after.bytes_in, before.bytes_in + 1000);
  EXPECT_LT(after.bytes_in, before.bytes_in + 1040);
  EXPECT_GT(after.bytes_out, before.bytes_out);
  EXPECT_LT(after.bytes_out, before.bytes_out + 20);
  EXPECT_EQ(after.remote_address, "127.0.0.1");
}

TEST(ConnectionsOnSockets, ListAndCloseWhileOthersComeAndGo) {
  node n{nullptr};
  mailbox<connection_event> events;
  const listening watch = n.all->listen([&](const connection_event& e) { events.put(e); });
  std::atomic<bool> stop{false};
  std::thread crowd{[&] {
    while (!stop) n.client("crowd");
  }};
  EXPECT_EQ(events.take().event, connection_event_kind::connected);

  for (int i = 0; i < 50; ++i) {
    n.list();
    wait_for<closed_connections>([&](auto done) { n.all->close_user_then("crowd", 4000, "", done); }).value();
  }

  stop = true;
  crowd.join();
  EXPECT_TRUE(eventually([&] { return n.count().count == 0; }));
}

/// Two nodes in this process on one Redis.
struct ConnectionsOfNodes : testing::Test {
  redis_server redis;
  std::optional<node> one;
  std::optional<node> two;

  static pubsub_options quick() {
    pubsub_options o;
    o.heartbeat = 100ms;
    o.node_lease = 500ms;
    return o;
  }
  std::shared_ptr<broker> broker_on_redis() {
    redis_broker_options o;
    o.server = redis::options::parse(redis.address()).value();
    return std::make_shared<redis_broker>(std::move(o));
  }
  /// Between signs of life of these nodes there is more time than a test takes.
  static pubsub_options silent(const char* name) {
    pubsub_options o;
    o.node_name = name;
    o.heartbeat = 60s;
    o.node_lease = 200s;
    return o;
  }
  static connection_query by_node(const std::string& node) {
    connection_query q;
    q.filter.node = node;
    return q;
  }
  void start_one(connections_options o = {}) { one.emplace(broker_on_redis(), o, quick()); }
  void start_two(connections_options o = {}) { two.emplace(broker_on_redis(), o, quick()); }
  bool know_each_other() {
    return eventually([&] { return one->count().nodes.size() == 2 && two->count().nodes.size() == 2; });
  }
  void start() {
    start_one();
    start_two();
    ASSERT_TRUE(know_each_other());
  }
};

TEST_F(ConnectionsOfNodes, AreListedFromEach) {
  start();
  const auto ann = one->client("ann");
  const auto bob = two->client("bob");
  const auto cid = two->client("cid");

  for (node* n : {&*one, &*two}) {
    std::set<std::string> seen;
    connection_query q;
    q.limit = 1;
    do {
      const connection_page p = n->list(q);
      EXPECT_THAT(p.missing, IsEmpty());
      for (const auto& e : p.connections) seen.insert(e.node + " " + e.user);
      q.cursor = p.cursor;
    } while (!q.cursor.empty());
    EXPECT_EQ(seen, (std::set<std::string>{one->all->node_id() + " ann", two->all->node_id() + " bob",
                                           two->all->node_id() + " cid"}));
    EXPECT_EQ(n->count().count, 3U);
    EXPECT_EQ(n->count().nodes[two->all->node_id()], 2U);
  }
  connection_query q;
  q.filter.node = two->all->node_id();
  EXPECT_THAT(one->list(q).connections, SizeIs(2));
}

TEST_F(ConnectionsOfNodes, AreClosedFromTheOtherWithExactlyThatCodeAndReason) {
  start();
  const auto bob = two->client("bob");
  const auto other = two->client("other");
  const std::string id = one->id_of("bob");

  const auto shown = wait_for<connection_details>([&](auto done) { one->all->show_then(id, {}, done); });
  const auto closed =
      wait_for<closed_connections>([&](auto done) { one->all->close_then(id, 4242, "die Tür, bitte", {}, done); });

  EXPECT_EQ(shown.value().connection.node, two->all->node_id());
  EXPECT_EQ(closed.value().closed, 1U);
  const close_reason why = end_of(*bob);
  EXPECT_EQ(why.code, 4242);
  EXPECT_EQ(why.reason, "die Tür, bitte");
  EXPECT_TRUE(eventually([&] { return one->count().count == 1; }));
  EXPECT_FALSE(other->close_status());
}

/// The n-th connection of a client that says nothing after the handshake, as one whose network is gone; it does not answer a close frame either.
raw_client half_open(const node& n, const std::string& client, int number) {
  raw_client c{"127.0.0.1:" + std::to_string(n.running->port())};
  c.upgrade({.path = "/ws?client=" + client + "&client_number=" + std::to_string(number)});
  return c;
}

TEST(ConnectionsOnSockets, OfAClientThatIsBackEndBeforeItIsServed) {
  node n{nullptr};
  for (int round = 0; round < 8; ++round) { // on all threads
    const std::string id(32, static_cast<char>('a' + round));
    const raw_client lost = half_open(n, id, 1);
    ASSERT_TRUE(eventually([&] { return n.count().count == 1; }));

    blocking_client back{n.url() + "?client=" + id + "&client_number=2"};
    back.call<>("login", std::string{"ann"});

    EXPECT_EQ(n.count().count, 1U);
    back.close(1000, "");
    ASSERT_TRUE(eventually([&] { return n.count().count == 0; }));
  }
}

TEST_F(ConnectionsOfNodes, OfAClientThatIsBackAtTheOtherEndBeforeItIsServed) {
  start();
  const std::string id(32, 'a');
  const raw_client lost = half_open(*one, id, 1);
  const raw_client lost_too = half_open(*two, id, 1);
  const raw_client other = half_open(*one, std::string(32, 'b'), 1);
  ASSERT_TRUE(eventually([&] { return one->count().count == 3; }));

  blocking_client back{two->url() + "?client=" + id + "&client_number=3"};
  back.call<>("login", std::string{"ann"});

  connection_count now = one->count();
  EXPECT_EQ(now.nodes[one->all->node_id()], 1U);
  EXPECT_EQ(now.nodes[two->all->node_id()], 1U);
}

TEST_F(ConnectionsOfNodes, RequestsAreCancelledFromTheOther) {
  start();
  const auto bob = two->client("bob");
  const std::string id = one->id_of("bob");

  const auto none = wait_for<open_request>([&](auto done) { one->all->cancel_then(id, 4711, "why", {}, done); });

  EXPECT_EQ(none.error().message, "The connection has no such open request"); // the other node has looked
}

TEST_F(ConnectionsOfNodes, OfAUserAreClosedOnAll) {
  start();
  const auto a = one->client("ann");
  const auto b = two->client("ann");
  const auto c = two->client("bob");

  const value closed =
      c->call<value>("swill.connections.close_user", value::map({{"user", "ann"}, {"code", 3000}, {"reason", "out"}}));

  EXPECT_EQ(*closed.find("closed"), value{2});
  EXPECT_EQ(end_of(*a).code, 3000);
  EXPECT_EQ(end_of(*b).code, 3000);
  EXPECT_FALSE(c->close_status());
}

TEST_F(ConnectionsOfNodes, AreWatchedFromTheOther) {
  start();
  mailbox<connection_event> events;
  const auto boss = one->client();
  auto feed = boss->stream<value>("swill.connections.watch", value::map({{"remote_address", "127."}}));
  ASSERT_TRUE(eventually([&] { return !feed.leading().empty(); })); // two has been asked for its events

  const auto bob = two->client("bob");
  const auto connected = feed.next();
  bob->close(4001, "done");
  const auto gone = feed.next();

  EXPECT_EQ(*connected->find("event"), value{"connected"});
  EXPECT_EQ(*connected->find("node"), value{two->all->node_id()});
  EXPECT_EQ(*gone->find("event"), value{"disconnected"});
  EXPECT_EQ(*gone->find("user"), value{"bob"});
  EXPECT_EQ(*gone->find("code"), value{4001});
  EXPECT_EQ(*gone->find("reason"), value{"done"});
  EXPECT_EQ(*gone->find("missed"), value{0});
}

TEST_F(ConnectionsOfNodes, OfANodeThatHasJustStartedAreNeverMissed) {
  one.emplace(broker_on_redis(), connections_options{}, silent("first"));
  mailbox<connection_event> events;
  const listening watch =
      one->all->listen([&](const connection_event& e) { events.put(e); }, with(&event_filter::user, "nobody"));

  for (int round = 0; round < 3; ++round) {
    two.emplace(broker_on_redis(), connections_options{}, silent("second"));
    const auto bob = two->client("bob");
    const std::string id = two->all->node_id();

    const connection_count count = one->count();
    EXPECT_EQ(count.count, 1U);
    EXPECT_THAT(count.missing, IsEmpty());
    EXPECT_EQ(count.names, (std::map<std::string, std::string>{{one->all->node_id(), "first"}, {id, "second"}}));
    const connection_page page = one->list();
    ASSERT_THAT(page.connections, SizeIs(1));
    EXPECT_EQ(page.connections[0].node_name, "second");
    EXPECT_THAT(one->list(by_node("second")).connections, SizeIs(1));
    EXPECT_THAT(one->list(by_node("first")).connections, IsEmpty());
    const auto closed = wait_for<closed_connections>([&](auto f) { one->all->close_user_then("bob", 4000, "", f); });
    EXPECT_EQ(closed.value().closed, 1U);
    const connection_event joined = events.take();
    EXPECT_EQ(joined.event, connection_event_kind::node_joined);
    EXPECT_EQ(joined.node, id);
    EXPECT_EQ(joined.node_name, "second");

    two->running.reset();
    EXPECT_EQ(one->count().nodes.size(), 1U);
    EXPECT_THAT(one->count().missing, IsEmpty());
    const connection_event left = events.take();
    EXPECT_EQ(left.event, connection_event_kind::node_left);
    EXPECT_EQ(left.node_name, "second");
    two.reset();
  }
}

TEST_F(ConnectionsOfNodes, AreListedBeforeTheirNodeServes) {
  for (int round = 0; round < 3; ++round) {
    one.emplace(broker_on_redis(), connections_options{}, silent("first"));
    EXPECT_NE(redis.ask("ZSCORE swill:nodes " + one->all->node_id()), "$-1\r\n");
  }
}

TEST_F(ConnectionsOfNodes, OfANodeOfWhichNobodyHasToldAreMissingAndNotNone) {
  one.emplace(broker_on_redis(), connections_options{}, silent("first"));
  EXPECT_THAT(one->count().missing, IsEmpty());

  redis.ask("ZADD swill:nodes 9999999999999 0123456789abcdef"); // listed, and it does not answer

  EXPECT_THAT(one->count().missing, testing::ElementsAre("0123456789abcdef"));
  EXPECT_THAT(one->list().missing, testing::ElementsAre("0123456789abcdef"));
}

TEST_F(ConnectionsOfNodes, HearThatAnotherNodeHasComeOrGoneThoughNobodyAsks) {
  one.emplace(broker_on_redis(), connections_options{}, silent("first"));
  mailbox<connection_event> events;
  const listening watch =
      one->all->listen([&](const connection_event& e) { events.put(e); }, with(&event_filter::user, "nobody"));
  EXPECT_EQ(one->count().nodes.size(), 1U); // it knows of itself, so that the next is news

  two.emplace(broker_on_redis(), connections_options{}, silent("second"));
  const connection_event joined = events.take();
  EXPECT_EQ(joined.event, connection_event_kind::node_joined);
  EXPECT_EQ(joined.node, two->all->node_id());
  two->running.reset();
  EXPECT_EQ(events.take().event, connection_event_kind::node_left);
}

TEST_F(ConnectionsOfNodes, StartWithoutRedisAndKnowEachOtherOnceItIsThere) {
  redis.kill();
  start_one();
  const auto ann = one->client("ann");
  EXPECT_EQ(one->count().count, 1U);

  redis.restart();
  start_two();

  const auto bob = two->client("bob");
  EXPECT_TRUE(know_each_other());
  EXPECT_EQ(one->count().count, 2U);
}

TEST_F(ConnectionsOfNodes, ANodeThatStopsIsGoneAndOneThatComesIsThere) {
  start();
  mailbox<connection_event> events;
  const listening watch =
      one->all->listen([&](const connection_event& e) { events.put(e); }, with(&event_filter::user, "nobody"));
  const std::string id = two->all->node_id();

  two->running.reset();
  const connection_event left = events.take();
  two.reset();
  start_two();
  const connection_event joined = events.take();

  EXPECT_EQ(left.event, connection_event_kind::node_left);
  EXPECT_EQ(left.node, id);
  EXPECT_EQ(joined.event, connection_event_kind::node_joined);
  EXPECT_EQ(joined.node, two->all->node_id());
}

TEST_F(ConnectionsOfNodes, AreThisNodesOwnWhileRedisIsDownAndAllWhenItIsBack) {
  start();
  const auto ann = one->client("ann");
  const auto bob = two->client("bob");

  redis.kill();
  ASSERT_TRUE(eventually([&] { return !one->bus->statistics().up; }));
  const auto begin = std::chrono::steady_clock::now();
  const connection_page p = one->list();

  EXPECT_LT(std::chrono::steady_clock::now() - begin, patient(3s));
  EXPECT_THAT(p.connections, SizeIs(1));
  EXPECT_EQ(p.missing, std::vector<std::string>{two->all->node_id()});
  redis.restart();
  EXPECT_TRUE(eventually([&] { return one->count().count == 2; }));
}

} // namespace
} // namespace swill::test
