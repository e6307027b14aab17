#include "pubsub/pubsub.hpp"

#include "libswill/base/await.hpp"
#include "pubsub/memory_broker.hpp"
#include "tests/pubsub/chat.hpp"

#include <malloc.h>

namespace swill::test {
namespace {

struct note {
  std::string text;
  int n = 0;
};
template <class D>
void describe(D& d, note& o) {
  d.field("text", o.text);
  d.field("n", o.n);
}

/// A bus as handlers use it. What handlers refer to stands before the server.
struct PubsubHandlers : testing::Test {
  pubsub_options options;
  std::shared_ptr<memory_broker> broker = std::make_shared<memory_broker>();
  std::shared_ptr<pubsub> bus;
  std::vector<std::string> seen;
  logged_app a;
  std::optional<test_server> server;

  void make() { bus = std::make_shared<pubsub>(options, broker); }
  void serve() {
    if (!bus) make();
    a.use(bus);
    server.emplace(a);
  }
  /// From outside of the server.
  position publish(const std::string& topic, const value& v, const std::string& key = {}) {
    std::optional<result<position>> answer;
    bus->publish_then(topic, v, key, [&answer](result<position> r) { answer = std::move(r); });
    server->run();
    return answer.value().value();
  }
};

TEST_F(PubsubHandlers, StreamWhatTheySubscribeTo) {
  make();
  a.handle("watch", [this](request<std::string> topic) -> stream<note> {
    auto feed = co_await bus->subscribe<note>(topic.data());
    while (auto o = co_await feed.next()) co_yield *o;
  });
  a.handle("post", [this](request<note> r) -> task<std::uint64_t> {
    const position at = co_await bus->publish("notes", r.data());
    co_return at.offset;
  });
  serve();
  test_client c{*server};

  const auto seq = c.open("watch", std::string{"notes"});
  EXPECT_EQ(c.call<std::uint64_t>("post", note{"a", 1}), 1U);
  EXPECT_EQ(c.call<std::uint64_t>("post", note{"b", 2}), 2U);

  EXPECT_EQ(c.receive(seq)->as<note>().text, "a");
  EXPECT_EQ(c.receive(seq)->as<note>().n, 2);
  c.cancel(seq);
  server->run();
  EXPECT_EQ(bus->statistics().topics, 0U);
  EXPECT_EQ(bus->statistics().subscriptions, 0U);
}

TEST_F(PubsubHandlers, AMessageOfAnotherTypeEndsTheFeed) {
  make();
  a.handle("watch", [this](request<>) -> stream<note> {
    auto feed = co_await bus->subscribe<note>("notes");
    while (auto o = co_await feed.next()) co_yield *o;
  });
  serve();
  test_client c{*server};
  const auto seq = c.open("watch", nothing{});
  publish("notes", 7);
  EXPECT_EQ(arrived(c, seq), (strings{"e:422"}));
}

TEST_F(PubsubHandlers, SeeWhereTheyResumeAndNotices) {
  options.other_topics.history_length = 1;
  make();
  a.handle("resume", [this](request<position> since) -> stream<std::string> {
    auto feed = co_await bus->subscribe<int>("t", since.data());
    co_yield std::string{feed.recovered() ? "recovered " : "lost "} + std::to_string(feed.start().offset);
    while (auto i = co_await feed.next()) co_yield std::to_string(i->data());
  });
  serve();
  test_client c{*server};
  const position first = publish("t", 1);
  publish("t", 2);
  const auto near = c.open("resume", first);
  publish("t", 3);
  const auto far = c.open("resume", first);

  EXPECT_EQ(arrived(c, near), (strings{"m:\"recovered 1\"", "m:\"2\"", "m:\"3\""}));
  EXPECT_EQ(arrived(c, far), (strings{"m:\"lost 2\"", "m:\"3\""}));
}

TEST_F(PubsubHandlers, ListenersOutsideOfRequestsAreCalled) {
  serve();
  std::vector<std::string> got;
  {
    const listening l = bus->listen<std::string>("t", [&got](const item<std::string>& i) { got.push_back(i.data()); });
    server->run();
    publish("t", "a");
    publish("t", 7); // is logged
    publish("t", "b");
    publish("u", "c");
  }
  server->run();
  publish("t", "d");
  EXPECT_EQ(got, (strings{"a", "b"}));
  EXPECT_EQ(a.lines().size(), 1U);
}

// --- Traces

const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
metadata parent() { return {"traceparent", "00-" + trace + "-00f067aa0ba902b7-01"}; }

TEST_F(PubsubHandlers, PublishTheTraceOfTheirRequest) {
  make();
  bus->allow_publish("**");
  a.handle("watch", [this](request<std::string> topic) -> stream<std::string> {
    auto feed = co_await bus->subscribe<value>(topic.data());
    while (auto i = co_await feed.next()) co_yield std::string{i->trace()};
  });
  a.handle("post", [this](request<std::string> topic) -> task<void> {
    const auto twice = [this](std::string to) -> task<void> { // awaited by the handler, so it is of its request
      co_await bus->publish(to, 1);
      co_await bus->publish(to, 2);
    };
    co_await twice(topic.data());
  });
  a.handle("send", [this](request<>) -> task<void> { co_await bus->send_to_user("ann", 1); });
  serve();
  test_client c{*server};
  const auto feed = c.open("watch", std::string{"t"}), inbox = c.open("watch", std::string{"$user.ann"});

  c.call("post", std::string{"t"}, parent());
  c.call("post", std::string{"t"});
  c.call<value>("swill.publish", message_of("t", 3), parent());
  c.call("send", nothing{}, parent());

  const std::string with = "m:\"" + trace + "\"", without = "m:\"\"";
  EXPECT_EQ(arrived(c, feed), (strings{with, with, without, without, with}));
  EXPECT_EQ(arrived(c, inbox), strings{with});
}

TEST_F(PubsubHandlers, TellNoClientOfATrace) {
  make();
  bus->allow_publish("**");
  bus->allow_subscribe("**");
  serve();
  test_client c{*server};
  const auto live = c.open("swill.subscribe", topic_of("t"));
  const beginning b = begun(c, live);
  c.call<value>("swill.publish", message_of("t", 7), parent());
  const auto resumed = c.open("swill.subscribe", topic_of("t", since(b.epoch, 0)));
  begun(c, resumed);

  const value plain = value::map({{"offset", 1}, {"data", 7}});
  EXPECT_EQ(c.receive(live)->as<value>(), plain);
  EXPECT_EQ(c.receive(resumed)->as<value>(), plain);
}

TEST_F(PubsubHandlers, PassATraceOnOutsideOfRequests) {
  serve();
  std::vector<std::string> seen_traces;
  const listening first =
      bus->listen<int>("t", [this](const item<int>& i) { bus->publish_then("u", i.data() + 1, {}, {}, i.trace()); });
  const listening last =
      bus->listen<int>("u", [&seen_traces](const item<int>& i) { seen_traces.emplace_back(i.trace()); });
  server->run();
  bus->publish_then("t", 1, {}, {}, trace);
  bus->publish_then("t", 2, {}, {}, "no trace-id\n");
  bus->publish_then("t", 3, {}, {}, std::string(32, '0'));
  server->run();

  EXPECT_EQ(seen_traces, (strings{trace, "", ""}));
}

TEST_F(PubsubHandlers, AListenerThatFailsIsLoggedWithTheTrace) {
  std::vector<std::string> traces;
  a.set_log([&traces](const log_entry& e) {
    if (e.text.starts_with("a listener of t: ")) traces.emplace_back(e.trace);
  });
  serve();
  const listening l = bus->listen<int>("t", [](const item<int>&) { throw std::runtime_error("no"); });
  server->run();
  bus->publish_then("t", 1, {}, {}, trace);
  server->run();

  EXPECT_EQ(traces, strings{trace});
}

TEST_F(PubsubHandlers, AListenerMayEndItself) {
  serve();
  std::optional<listening> l;
  int calls = 0;
  l = bus->listen<value>("t", [&](const item<value>&) {
    ++calls;
    l.reset();
  });
  server->run();
  publish("t", 1);
  publish("t", 2);
  EXPECT_EQ(calls, 1);
}

TEST_F(PubsubHandlers, TwoThatAnswerEachOtherDoNotGrowTheStack) {
  make();
  const auto echo = [this](std::string from, std::string to) -> task<int> {
    auto feed = co_await bus->subscribe<int>(from);
    for (;;) {
      const auto i = co_await feed.next();
      if (i->data() >= 20000) co_return i->data();
      co_await bus->publish(to, i->data() + 1);
    }
  };
  a.handle("ping", [echo](request<>) { return echo("a", "b"); });
  a.handle("pong", [echo](request<>) { return echo("b", "a"); });
  serve();
  test_client c{*server};
  const auto ping = c.open("ping", nothing{});
  c.open("pong", nothing{});
  publish("a", 0);
  EXPECT_EQ(arrived(c, ping), (strings{"m:20000"}));
}

TEST_F(PubsubHandlers, HistoryCanBeReadByItself) {
  make();
  a.handle("last", [this](request<position> since) -> task<std::vector<std::uint64_t>> {
    const auto page = co_await bus->history("t", since.data(), 2);
    std::vector<std::uint64_t> out;
    for (const auto& p : page.items) out.push_back(p->at().offset);
    co_return out;
  });
  serve();
  test_client c{*server};
  position at = publish("t", 1);
  publish("t", 2);
  publish("t", 3);
  publish("t", 4);
  EXPECT_EQ(c.call<std::vector<std::uint64_t>>("last", at), (std::vector<std::uint64_t>{2, 3}));
}

TEST_F(PubsubHandlers, NodesSendToEachOther) {
  make();
  bus->on_node_message("greet", [this](const std::string& from, bytes_view data) {
    seen.push_back((from == bus->node_id() ? "me:" : "other:") + std::string{as_text(data)});
  });
  serve();
  std::vector<std::int64_t> codes;
  const auto note_code = [&codes](const result<void>& r) { codes.push_back(r ? 0 : r.error().code); };
  const bytes hi{std::byte{'h'}, std::byte{'i'}};
  bus->send_to_node(bus->node_id(), "greet", hi, note_code);
  bus->send_to_nodes("greet", hi, note_code);
  bus->send_to_node("nobody", "greet", hi, note_code);
  std::vector<node_info> nodes;
  bus->nodes_then([&nodes](result<std::vector<node_info>> r) { nodes = std::move(r).value(); });
  server->run();

  EXPECT_EQ(seen, (strings{"me:hi", "me:hi"}));
  EXPECT_EQ(codes, (std::vector<std::int64_t>{0, 0, 404}));
  EXPECT_EQ(nodes, (std::vector<node_info>{{bus->node_id(), bus->options().node_name}}));
}

TEST_F(PubsubHandlers, OutsideOfAServerEverythingFailsWith503) {
  make();
  std::int64_t code = 0;
  bus->publish_then("t", 1, {}, [&code](const result<position>& r) { code = r.error().code; });
  EXPECT_EQ(code, 503);
  EXPECT_THROW(static_cast<void>(bus->listen<int>("t", [](const item<int>&) {})), error);
}

TEST_F(PubsubHandlers, TopicsThatAreForgottenLeaveNothing) {
  options.other_topics.history_age = 1s;
  options.other_topics.forget_after = 2s;
  serve();
  const auto fill = [this] {
    for (int i = 0; i < 100'000; ++i) bus->publish_then("topic." + std::to_string(i), i, {}, {});
    server->run();
    EXPECT_EQ(broker->topics(), 100'000U);
    server->advance(3s);
    EXPECT_EQ(broker->topics(), 0U);
  };
  fill(); // what the loop and the timers keep for the next time
  const std::size_t before = mallinfo2().uordblks;
  fill();
  const std::size_t after = mallinfo2().uordblks;
  EXPECT_LT(after, before + 1024 * 1024);
}

TEST_F(PubsubHandlers, ManyTopicsWithAFewSubscribersEach) {
  make();
  a.limits().requests_per_connection = 20'000;
  a.handle("watch", [this](request<std::string> topic) -> task<int> {
    auto feed = co_await bus->subscribe<int>(topic.data());
    int sum = 0;
    while (auto i = co_await feed.next()) {
      sum += i->data();
      if (i->data() == 3) co_return sum;
    }
    co_return -1;
  });
  serve();
  test_client c{*server};
  std::vector<std::uint64_t> seqs;
  for (int i = 0; i < 10'000; ++i) seqs.push_back(c.open("watch", "topic." + std::to_string(i % 1000)));
  EXPECT_EQ(bus->statistics().topics, 1000U);
  for (int n = 1; n <= 3; ++n) {
    for (int i = 0; i < 1000; ++i) bus->publish_then("topic." + std::to_string(i), n, {}, {});
  }
  server->run();
  for (const auto seq : seqs) ASSERT_EQ(c.receive(seq)->as<int>(), 6);
  EXPECT_EQ(bus->statistics().delivered, 30'000U);
}

} // namespace
} // namespace swill::test
