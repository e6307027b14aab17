#include "tests/pubsub/nodes.hpp"

#include "libswill/base/await.hpp"

#include <csignal>
#include <set>
#include <sys/wait.h>
#include <unistd.h>

// One node, and several that share a Redis.

namespace swill::test {
namespace {

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

TEST(PubsubServers, WhoIsFarBehindReadsPageByPage) {
  pubsub_options o = small_pages();
  o.other_topics.queue_length = 200; // as many as may be published while nobody has read
  node n{nullptr, o, 2};
  resume_far_behind(n);
}

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

TEST_F(PubsubNodes, ASubscriberOnAnotherNodeKnowsTheTraceOfTheRequest) {
  node one{shared(), quick()}, two{shared(), quick()};
  box<std::string> traces;
  box<bool> began;
  const listening l = two.bus->listen<int>("t", [&](const item<int>& i) {
    if (i.data() == 0) return began.put(true);
    traces.put(std::string{i.trace()});
  });
  reader client{two, "t"};
  do {
    ASSERT_TRUE(two.publish("t", 0));
  } while (began.empty()); // it listens from some time on
  client.items.take();
  blocking_client c{one.url()};
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  c.call<value>("swill.publish", message("t", 1), metadata{"traceparent", "00-" + trace + "-00f067aa0ba902b7-01"});
  c.call<value>("swill.publish", message("t", 2));

  EXPECT_EQ(traces.take(), trace);
  EXPECT_EQ(traces.take(), "");
  value last;
  while (number(last.find("data")) != 1) last = client.items.take();
  EXPECT_EQ(last, value::map({{"offset", *last.find("offset")}, {"data", 1}}));
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

TEST_F(PubsubNodes, WhoWatchesPresenceSeesThoseOfTheOther) {
  pubsub_options o = quick();
  o.other_topics.presence = true;
  node one{shared(), o}, two{shared(), o};
  blocking_client c{one.url()};
  auto events = c.stream<value>("swill.watch_presence", subscription("t"));
  const auto next = [&events] {
    const value e = events.next().value();
    return e.find("members") != nullptr ? "members" : *e.find("event")->get_if<std::string>();
  };
  EXPECT_EQ(next(), "members");

  {
    const reader there{two, "t"};
    EXPECT_EQ(next(), "join");
  }
  EXPECT_EQ(next(), "leave");
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

} // namespace
} // namespace swill::test
