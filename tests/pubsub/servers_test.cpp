#include "pubsub/pubsub.hpp"

#include "libswill/base/await.hpp"
#include "libswill/client/blocking_client.hpp"
#include "libswill/server/server.hpp"
#include "pubsub/redis/redis_broker.hpp"
#include "tests/pubsub/broker_contract.hpp"

#include <atomic>
#include <csignal>
#include <poll.h>
#include <set>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace swill::test {
namespace {

using strings = std::vector<std::string>;

value subscription(const std::string& topic, std::optional<position> since = {}) {
  value v = value::map({{"topic", topic}});
  if (since) v.set("since", value::map({{"epoch", since->epoch}, {"offset", since->offset}}));
  return v;
}
value message(const std::string& topic, const value& data) { return value::map({{"topic", topic}, {"data", data}}); }
std::uint64_t number(const value* v) {
  return v != nullptr && v->get_if<std::int64_t>() != nullptr ? static_cast<std::uint64_t>(*v->get_if<std::int64_t>())
                                                              : 0;
}

/// A server on sockets with a bus: one node.
struct node {
  explicit node(std::shared_ptr<broker> b, pubsub_options o = {}, std::size_t threads = 2,
                const std::function<void(app&, const std::shared_ptr<pubsub>&)>& more = {})
      : bus(std::make_shared<pubsub>(std::move(o), std::move(b))) {
    a.set_log(stderr_log(log_level::error));
    bus->allow_subscribe("**");
    bus->allow_publish("**");
    bus->allow_presence("**");
    a.use(bus);
    if (more) more(a, bus);
    server_options so;
    so.listen = {"127.0.0.1:0"};
    so.io_threads = threads;
    running.emplace(a, so);
    running->start();
    if (!wait_up()) throw std::runtime_error("the broker is not there");
  }
  bool wait_up() {
    for (int i = 0; i < 1000; ++i) {
      std::promise<bool> up;
      bus->publish_then("warm.up", 1, {}, [&up](const result<position>& r) { up.set_value(r.has_value()); });
      if (up.get_future().get()) return true;
      ::poll(nullptr, 0, 10);
    }
    return false;
  }
  std::string url() const { return "ws://127.0.0.1:" + std::to_string(running->port()) + "/ws"; }
  result<position> publish(const std::string& topic, const value& v, const std::string& key = {}) {
    std::promise<result<position>> at;
    bus->publish_then(topic, v, key, [&at](result<position> r) { at.set_value(std::move(r)); });
    return at.get_future().get();
  }

  app a;
  std::shared_ptr<pubsub> bus;
  std::optional<server> running;
};

/// A client with one subscription, read by a thread of its own.
class reader {
public:
  reader(const node& n, const std::string& topic, std::optional<position> since = {}) : reader(n.url(), topic, since) {}
  reader(const std::string& url, const std::string& topic, std::optional<position> since = {})
      : client_(std::make_unique<blocking_client>(url)),
        stream_(client_->stream<value>("swill.subscribe", subscription(topic, since))) {
    thread_ = std::thread{[this] { read(); }};
    begun.take();
  }
  ~reader() { end(); }
  reader(const reader&) = delete;

  void end() {
    if (!thread_.joinable()) return;
    stream_.cancel();
    thread_.join();
  }
  /// Waits until the server is gone.
  void wait_lost() { thread_.join(); }

  position start;
  bool recovered = false;
  box<value> items;
  box<bool> begun;
  std::atomic<std::int64_t> failure{0};

private:
  void read() {
    try {
      while (stream_.leading().empty()) ::poll(nullptr, 0, 1); // it may be long before the first item
      const metadata m = stream_.leading();
      start = {number(m.find("epoch")), number(m.find("offset"))};
      recovered = m.find("recovered") != nullptr && *m.find("recovered") == value{true};
      begun.put(true);
      while (auto v = stream_.next()) items.put(std::move(*v));
    } catch (const error& e) {
      failure = e.code;
      begun.put(false);
    }
  }
  std::unique_ptr<blocking_client> client_;
  blocking_stream<value> stream_;
  std::thread thread_;
};

std::string text(const value& item) {
  if (const value* data = item.find("data")) return std::to_string(number(item.find("offset"))) + ":" + to_text(*data);
  return "lost " + std::to_string(number(item.find("offset")));
}

pubsub_options quick() {
  pubsub_options o;
  o.heartbeat = 100ms;
  o.node_lease = 500ms;
  o.check_interval = 200ms;
  o.other_topics.history_length = 100'000;
  o.other_topics.queue_length = 100'000;
  o.other_topics.queue_size = 100'000'000;
  return o;
}

TEST(PubsubServers, SubscribersOnAllThreadsGetEverything) {
  node n{nullptr, quick(), 2};
  std::vector<std::unique_ptr<reader>> readers;
  for (int i = 0; i < 6; ++i) readers.push_back(std::make_unique<reader>(n, "t"));
  blocking_client publisher{n.url()};
  for (int i = 1; i <= 200; ++i) publisher.call<value>("swill.publish", message("t", i));
  for (auto& r : readers) {
    for (int i = 1; i <= 200; ++i) ASSERT_EQ(text(r->items.take()), std::to_string(i) + ":" + std::to_string(i));
  }
}

/// A subscriber that has missed many pages of history, while more is published.
void resume_far_behind(node& n) {
  const auto first = n.publish("t", 1);
  ASSERT_TRUE(first);
  for (int i = 2; i <= 300; ++i) ASSERT_TRUE(n.publish("t", i));
  std::vector<std::unique_ptr<reader>> readers;
  for (std::uint64_t from : {0, 1, 150, 299, 300})
    readers.push_back(std::make_unique<reader>(n, "t", position{first->epoch, from}));
  for (int i = 301; i <= 400; ++i) ASSERT_TRUE(n.publish("t", i));
  for (auto& r : readers) {
    EXPECT_TRUE(r->recovered);
    for (std::uint64_t i = r->start.offset + 1; i <= 400; ++i)
      ASSERT_EQ(text(r->items.take()), std::to_string(i) + ":" + std::to_string(i));
  }
}

pubsub_options small_pages() {
  pubsub_options o = quick();
  o.history_page = 8;
  o.other_topics.queue_length = 16; // much less than what is missed
  o.other_topics.overflow = overflow::drop_oldest;
  return o;
}

TEST(PubsubServers, WhoIsFarBehindReadsPageByPage) {
  pubsub_options o = small_pages();
  o.other_topics.queue_length = 200; // as many as may be published while nobody has read
  node n{nullptr, o, 2};
  resume_far_behind(n);
}

/// Nodes that share a Redis.
struct PubsubNodes : testing::Test {
  redis_server server{redis_options{.append_only = true}};
  std::shared_ptr<broker> shared() {
    redis_broker_options o;
    o.server = redis::options::parse(server.address()).value();
    return std::make_shared<redis_broker>(o);
  }
};

TEST_F(PubsubNodes, WhatOnePublishesTheOtherDelivers) {
  node one{shared(), quick()}, two{shared(), quick(), 1};
  reader here{one, "t"}, there{two, "t"};
  ASSERT_TRUE(one.publish("t", "a"));
  ASSERT_TRUE(two.publish("t", "b"));
  for (reader* r : {&here, &there}) {
    EXPECT_EQ(text(r->items.take()), "1:\"a\"");
    EXPECT_EQ(text(r->items.take()), "2:\"b\"");
  }
}

TEST_F(PubsubNodes, AClientResumesOnTheOther) {
  node one{shared(), quick()}, two{shared(), quick()};
  reader first{one, "t"};
  for (const char* s : {"a", "b", "c"}) ASSERT_TRUE(one.publish("t", s));
  EXPECT_EQ(text(first.items.take()), "1:\"a\"");
  first.end();

  reader second{two, "t", position{first.start.epoch, 1}};
  ASSERT_TRUE(one.publish("t", "d"));

  EXPECT_TRUE(second.recovered);
  for (const char* s : {"2:\"b\"", "3:\"c\"", "4:\"d\""}) EXPECT_EQ(text(second.items.take()), s);
}

TEST_F(PubsubNodes, WhoIsFarBehindReadsPageByPage) {
  pubsub_options o = small_pages();
  o.other_topics.queue_length = 200;
  node n{shared(), o, 2};
  resume_far_behind(n);
}

TEST_F(PubsubNodes, WhoReadsHistoryGoesOnWhenRedisIsBack) {
  // It stops in its first page, and asks for the second while Redis is away.
  box<bool> stopped;
  std::atomic<bool> go{false};
  const auto setup = [&](app& a, const std::shared_ptr<pubsub>& bus) {
    a.handle("follow", [&, bus](request<position> r) -> stream<std::uint64_t> {
      auto feed = co_await bus->subscribe<int>("t", r.data());
      while (auto i = co_await feed.next()) {
        co_yield i->at().offset;
        if (i->at().offset != 2) continue;
        stopped.put(true);
        while (!go) co_await sleep_for(5ms);
      }
    });
  };
  node n{shared(), small_pages(), 2, setup};
  const auto first = n.publish("t", 1);
  ASSERT_TRUE(first);
  for (int i = 2; i <= 20; ++i) ASSERT_TRUE(n.publish("t", i));
  blocking_client c{n.url()};
  auto items = c.stream<std::uint64_t>("follow", position{first->epoch, 0});
  std::vector<std::uint64_t> seen;
  const auto read = [&](std::size_t until) {
    while (seen.size() < until) seen.push_back(items.next().value());
  };
  read(2);
  stopped.take();
  server.kill();
  while (n.bus->statistics().up) ::poll(nullptr, 0, 5);
  go = true;
  read(8); // what it has had of history
  server.restart();

  read(20);
  for (std::uint64_t i = 0; i < 20; ++i) EXPECT_EQ(seen[i], i + 1);
}

TEST_F(PubsubNodes, InboxesGetWhatAnotherNodeSends) {
  const auto setup = [](app& a, const std::shared_ptr<pubsub>& bus) {
    a.handle("enter", [bus](request<std::string> r) {
      r.context().connection().set_user(r.data());
      bus->join_group(r.context().connection(), "red");
    });
    a.handle("send", [bus](request<std::string> to) -> task<void> {
      co_await bus->send_to_connection(to.data(), std::string{"c"});
      co_await bus->send_to_user("ann", std::string{"u"});
      co_await bus->send_to_group("red", std::string{"g"});
      co_await bus->send_to_all(std::string{"a"});
    });
  };
  node one{shared(), quick(), 2, setup}, two{shared(), quick(), 2, setup};
  blocking_client ann{one.url()}, sender{two.url()};
  ann.call<value>("enter", std::string{"ann"});
  auto inbox = ann.stream<value>("swill.inbox", nothing{});
  while (inbox.leading().empty()) ::poll(nullptr, 0, 1);
  const std::string id = *inbox.leading().find("connection")->get_if<std::string>();
  sender.call<value>("send", id);

  std::set<std::string> seen;
  while (seen.size() < 4) {
    const value v = inbox.next().value();
    seen.insert(to_text(*v.find("to")) + to_text(*v.find("data")));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"\"all\"\"a\"", "\"connection\"\"c\"", "\"group\"\"g\"", "\"user\"\"u\""}));
}

TEST_F(PubsubNodes, MessagesThatNeverCameAreFetched) {
  node one{shared(), quick()};
  reader r{one, "t"};
  // What a broken connection would do: the message is in the topic, but nobody was told.
  ASSERT_TRUE(one.publish("t", "a"));
  EXPECT_EQ(text(r.items.take()), "1:\"a\"");
  server.ask("HSET swill:t:t o 2");
  server.ask("XADD swill:h:t 2-0 t 99999999999999 d \"\\xa1b\"");
  EXPECT_EQ(text(r.items.take()), "2:\"b\"");
  // And with a hole that history cannot fill.
  server.ask("HSET swill:t:t o 5");
  ASSERT_TRUE(one.publish("t", "f"));
  EXPECT_EQ(text(r.items.take()), "lost 5");
  EXPECT_EQ(text(r.items.take()), "6:\"f\"");
}

TEST_F(PubsubNodes, NothingIsLostOrDoubledWhenRedisIsKilledUnderLoad) {
  node one{shared(), quick()}, two{shared(), quick()};
  reader here{one, "t"}, there{two, "t"};
  std::set<std::string> acknowledged, tried;
  int number = 0;
  const auto publish_for = [&](std::chrono::milliseconds d) {
    const auto end = std::chrono::steady_clock::now() + d;
    while (std::chrono::steady_clock::now() < end) {
      const std::string id = "m" + std::to_string(++number);
      tried.insert(id);
      if (one.publish("t", id, id)) {
        acknowledged.insert(id);
        continue;
      }
      ::poll(nullptr, 0, 1);
      if (number % 2 == 0 && one.publish("t", id, id)) acknowledged.insert(id); // it may have been published before
    }
  };
  for (int round = 0; round < 3; ++round) {
    publish_for(100ms);
    std::thread killer{[this] {
      server.kill();
      server.restart();
    }};
    publish_for(200ms);
    killer.join();
    const auto back = std::chrono::steady_clock::now();
    ASSERT_TRUE(one.wait_up());
    ASSERT_TRUE(two.wait_up());
    EXPECT_LT(std::chrono::steady_clock::now() - back, 2s);
  }
  ASSERT_TRUE(one.publish("t", "end"));

  for (reader* r : {&here, &there}) {
    std::set<std::string> got;
    std::uint64_t offset = 0;
    for (;;) {
      const value v = r->items.take();
      ASSERT_EQ(swill::test::number(v.find("offset")), ++offset) << to_text(v);
      const std::string id = *v.find("data")->get_if<std::string>();
      if (id == "end") break;
      EXPECT_TRUE(got.insert(id).second) << id << " came twice";
      EXPECT_EQ(tried.count(id), 1U);
    }
    for (const std::string& id : acknowledged) EXPECT_EQ(got.count(id), 1U) << id << " was lost";
  }
  EXPECT_GT(acknowledged.size(), 10U);
}

/// A node in a process of its own, which a test kills. Made before any other, since a process with threads cannot be doubled safely.
class node_process {
public:
  explicit node_process(const std::function<std::unique_ptr<node>()>& make) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::alarm(60);
      const auto n = make();
      const std::uint16_t port = n->running->port();
      if (::write(ends[1], &port, sizeof port) != sizeof port) ::_exit(1);
      for (;;) ::pause();
    }
    std::uint16_t port = 0;
    if (::read(ends[0], &port, sizeof port) != sizeof port) throw std::runtime_error("the node did not start");
    ::close(ends[0]);
    ::close(ends[1]);
    url = "ws://127.0.0.1:" + std::to_string(port) + "/ws";
  }
  ~node_process() { kill(); }
  node_process(const node_process&) = delete;
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, 0), nullptr, 0);
  }
  std::string url;

private:
  pid_t pid_ = 0;
};

TEST_F(PubsubNodes, ClientsOfAKilledNodeGoOnElsewhere) {
  pubsub_options o = quick();
  o.other_topics.presence = true;
  node_process doomed{[&] { return std::make_unique<node>(shared(), o); }};
  node one{shared(), o};
  blocking_client c{one.url()};
  const auto members = [&c] {
    const auto all = c.try_call<std::vector<presence_member>>("swill.presence", subscription("t"));
    return all ? all->size() : 99;
  };
  reader first{doomed.url, "t"};
  for (int i = 0; i < 1000 && members() != 1; ++i) ::poll(nullptr, 0, 5);
  ASSERT_EQ(members(), 1U);

  std::atomic<bool> over{false};
  std::uint64_t published = 0;
  std::thread publisher{[&] {
    while (!over) published = one.publish("t", "x").value().offset;
  }};
  std::uint64_t offset = 0;
  const auto take_from = [&offset](reader& r) { ASSERT_EQ(number(r.items.take().find("offset")), ++offset); };
  for (int i = 0; i < 100; ++i) take_from(first);
  doomed.kill();
  first.wait_lost();
  while (!first.items.empty()) take_from(first);

  reader second{one, "t", position{first.start.epoch, offset}};
  EXPECT_TRUE(second.recovered);
  EXPECT_EQ(second.start.offset, offset);
  for (int i = 0; i < 100; ++i) take_from(second);
  over = true;
  publisher.join();
  while (offset < published) take_from(second);
  for (int i = 0; i < 1000 && members() != 1; ++i) ::poll(nullptr, 0, 5);
  EXPECT_EQ(members(), 1U) << "only the one on the node that lives";
}

TEST_F(PubsubNodes, SubscribersOfAWipedRedisAreTold) {
  node one{shared(), quick()};
  reader r{one, "t"};
  ASSERT_TRUE(one.publish("t", "a"));
  EXPECT_EQ(text(r.items.take()), "1:\"a\"");
  server.wipe();
  server.restart();
  const value notice = r.items.take();
  EXPECT_EQ(*notice.find("recovered"), value{false});
  EXPECT_NE(number(notice.find("epoch")), r.start.epoch);
  EXPECT_EQ(text(notice), "lost 0");
  ASSERT_TRUE(one.wait_up());
  ASSERT_TRUE(one.publish("t", "b"));
  EXPECT_EQ(text(r.items.take()), "1:\"b\"");
}

TEST_F(PubsubNodes, PresenceOutlivesAWipe) {
  pubsub_options o = quick();
  o.other_topics.presence = true;
  node one{shared(), o};
  reader r{one, "t"};
  blocking_client c{one.url()};
  const auto count = [&c] {
    const auto all = c.try_call<std::vector<presence_member>>("swill.presence", subscription("t"));
    return all ? all->size() : 99;
  };
  for (int i = 0; i < 1000 && count() != 1; ++i) ::poll(nullptr, 0, 5);
  EXPECT_EQ(count(), 1U);
  server.wipe();
  server.restart();
  ASSERT_TRUE(one.wait_up());
  for (int i = 0; i < 1000 && count() != 1; ++i) ::poll(nullptr, 0, 5);
  EXPECT_EQ(count(), 1U);
}

TEST_F(PubsubNodes, WhoLeavesWhileRedisIsAwayIsGoneWhenItIsBack) {
  pubsub_options o = quick();
  o.other_topics.presence = true;
  node one{shared(), o};
  blocking_client c{one.url()};
  const auto ids = [&c] {
    const auto all = c.try_call<std::vector<presence_member>>("swill.presence", subscription("t"));
    return all ? static_cast<int>(all->size()) : -1;
  };
  auto stays = std::make_unique<reader>(one, "t");
  auto leaves = std::make_unique<reader>(one, "t");
  for (int i = 0; i < 1000 && ids() != 2; ++i) ::poll(nullptr, 0, 5);
  ASSERT_EQ(ids(), 2);
  server.kill();
  for (int i = 0; i < 1000 && ids() != -1; ++i) ::poll(nullptr, 0, 5);
  leaves.reset();
  for (int i = 0; i < 1000 && one.bus->statistics().subscriptions != 1; ++i) ::poll(nullptr, 0, 5);
  server.restart();
  ASSERT_TRUE(one.wait_up());
  for (int i = 0; i < 1000 && ids() != 1; ++i) ::poll(nullptr, 0, 5);
  EXPECT_EQ(ids(), 1);
}

TEST_F(PubsubNodes, NewSubscriptionsFailWhileRedisStandsStill) {
  node one{shared(), quick()};
  reader before{one, "old"};
  server.stop_process();
  {
    blocking_client c{one.url()};
    std::vector<blocking_stream<value>> fresh;
    for (int i = 0; i < 4; ++i)
      fresh.push_back(c.stream<value>("swill.subscribe", subscription("new" + std::to_string(i))));
    for (auto& s : fresh) {
      std::int64_t code = 0;
      try {
        s.next();
      } catch (const error& e) {
        code = e.code;
      }
      EXPECT_EQ(code, 503);
    }
    EXPECT_EQ(c.try_call<value>("nothing", 1).error().code, 404); // the rest goes on
  }
  server.continue_process();
  ASSERT_TRUE(one.wait_up());
  reader after{one, "new0"};
  ASSERT_TRUE(one.publish("new0", "a"));
  EXPECT_EQ(text(after.items.take()), "1:\"a\"");
  ASSERT_TRUE(one.publish("old", "b"));
  EXPECT_EQ(text(before.items.take()), "1:\"b\"");
}

TEST_F(PubsubNodes, LocalCallsGoOnWithoutRedis) {
  node one{shared(), quick()};
  blocking_client c{one.url()};
  server.kill();
  const auto r = c.try_call<value>("swill.publish", message("t", 1));
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, 503);
  EXPECT_EQ(c.try_call<value>("swill.publish", message("$all", 1)).error().code, 403);
  EXPECT_EQ(c.try_call<value>("nothing", 1).error().code, 404);
}

} // namespace
} // namespace swill::test
