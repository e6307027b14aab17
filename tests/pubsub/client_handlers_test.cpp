#include "pubsub/detail/client_handlers.hpp"

#include "tests/pubsub/chat.hpp"

namespace swill::test {
namespace {

/// A server with rules for chat.*; a test changes what it needs before serve().
struct PubsubClients : testing::Test {
  pubsub_options options;
  logged_app a;
  std::shared_ptr<pubsub> bus;
  std::optional<test_server> server;

  PubsubClients() { options.topics.emplace_back(topic_pattern{"chat.**"}, topic_options{.presence = true}); }
  void make() { bus = std::make_shared<pubsub>(options); }
  void serve() {
    if (!bus) make();
    bus->allow_subscribe("chat.*");
    bus->allow_publish("chat.*");
    bus->allow_presence("chat.*");
    serve_as_it_is();
  }
  void serve_as_it_is() {
    a.use(bus);
    server.emplace(a);
  }
  static std::uint64_t publish(test_client& c, const std::string& topic, const value& data) {
    return number(c.call<value>("swill.publish", message_of(topic, data)).find("offset"));
  }
};

TEST_F(PubsubClients, GetWhatIsPublishedAfterTheyHaveSubscribed) {
  serve();
  test_client one{*server}, two{*server};
  publish(one, "chat.1", "before");

  const auto seq = two.open("swill.subscribe", topic_of("chat.1"));
  const beginning b = begun(two, seq);
  publish(one, "chat.1", "hello");
  publish(one, "chat.2", "elsewhere");
  publish(one, "chat.1", "again");

  EXPECT_NE(b.epoch, 0U);
  EXPECT_EQ(b.offset, 1U);
  EXPECT_TRUE(b.recovered);
  EXPECT_EQ(items(two, seq), (strings{"2:hello", "3:again"}));
}

TEST_F(PubsubClients, BringAFewNewTopicsIntoBeingAndThenFewerASecond) {
  options.new_topics = 3;
  options.new_topics_per_second = 2;
  serve();
  test_client stranger{*server}, friendly{*server};
  publish(friendly, "chat.old", "x");
  const auto code_of = [](test_client& c, std::uint64_t seq) {
    const auto r = c.receive(seq);
    return r && r->failure ? r->failure->code : 0;
  };

  for (const char* topic : {"chat.1", "chat.2", "chat.3"}) { // and is gone before it has an answer
    stranger.cancel(stranger.open("swill.subscribe", topic_of(topic)));
  }
  const auto refused = stranger.receive(stranger.open("swill.subscribe", topic_of("chat.4")));
  ASSERT_TRUE(refused && refused->failure);
  EXPECT_EQ(refused->failure->code, 429);
  EXPECT_EQ(number(refused->failure->data.find("retry_after_ms")), 500U);
  EXPECT_EQ(code_of(stranger, stranger.open("swill.publish", message_of("chat.5", 1))), 429);
  EXPECT_EQ(code_of(stranger, stranger.open("swill.watch_presence", topic_of("chat.6"))), 429);
  EXPECT_EQ(code_of(friendly, friendly.open("swill.subscribe", topic_of("chat.4"))), 0);

  server->advance(500ms);
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(code_of(stranger, stranger.open("swill.publish", message_of("chat.old", i))), 0);
  EXPECT_EQ(code_of(stranger, stranger.open("swill.subscribe", topic_of("chat.7"))), 0);
  EXPECT_EQ(code_of(stranger, stranger.open("swill.subscribe", topic_of("chat.8"))), 429);
}

TEST_F(PubsubClients, WhatTheBrokerRefusesCountsAsNoNewTopic) {
  options.new_topics = 2;
  options.topic_count = 1;
  serve();
  test_client c{*server};
  publish(c, "chat.old", "x");

  for (int i = 0; i < 5; ++i) {
    for (const char* rpc : {"swill.publish", "swill.subscribe"}) {
      const auto r = c.receive(c.open(rpc, message_of("chat.new", 1)));
      ASSERT_TRUE(r && r->failure);
      EXPECT_EQ(r->failure->code, 503) << rpc;
    }
  }
}

TEST_F(PubsubClients, NamesOfGroupsAreBounded) {
  make();
  a.handle("join", [bus = bus](request<std::string> r) { bus->join_group(r.context().connection(), r.data()); });
  serve();
  test_client c{*server};
  c.call("join", std::string(200, 'x'));
  try {
    c.call("join", std::string(300, 'x'));
    ADD_FAILURE();
  } catch (const error& e) {
    EXPECT_EQ(e.code, 400);
  }
}

TEST_F(PubsubClients, PublishingAnswersThePosition) {
  serve();
  test_client c{*server};
  const value first = c.call<value>("swill.publish", message_of("chat.1", 1));
  const value second = c.call<value>("swill.publish", message_of("chat.1", 2));

  EXPECT_EQ(number(first.find("offset")), 1U);
  EXPECT_EQ(number(second.find("offset")), 2U);
  EXPECT_EQ(*first.find("epoch"), *second.find("epoch"));
  EXPECT_NE(number(first.find("epoch")), 0U);
}

TEST_F(PubsubClients, TheItemsBytesAreAsDocumented) {
  serve();
  test_client c{*server};
  const auto seq = c.open("swill.subscribe", topic_of("chat.1"));
  c.receive(seq);
  publish(c, "chat.1", "x");

  const auto r = c.receive(seq);
  EXPECT_EQ(r->data, encoded(value::map({{"offset", 1}, {"data", "x"}})));
}

TEST_F(PubsubClients, ResumeWithoutGapOrDuplicate) {
  serve();
  test_client c{*server};
  const auto first = c.open("swill.subscribe", topic_of("chat.1"));
  const beginning b = begun(c, first);
  for (const char* text : {"1", "2", "3"}) publish(c, "chat.1", text);
  c.cancel(first);
  for (const char* text : {"4", "5"}) publish(c, "chat.1", text);

  const auto second = c.open("swill.subscribe", topic_of("chat.1", since(b.epoch, 3)));
  const beginning resumed = begun(c, second);
  publish(c, "chat.1", "6");

  EXPECT_TRUE(resumed.recovered);
  EXPECT_EQ(resumed.offset, 3U);
  EXPECT_EQ(items(c, second), (strings{"4:4", "5:5", "6:6"}));
}

TEST_F(PubsubClients, AreToldWhenHistoryHasNoMoreWhatTheyMissed) {
  options.topics.insert(options.topics.begin(), {topic_pattern{"chat.short"}, topic_options{.history_length = 2}});
  serve();
  test_client c{*server};
  const value first = c.call<value>("swill.publish", message_of("chat.short", "1"));
  for (const char* text : {"2", "3", "4"}) publish(c, "chat.short", text);

  const auto seq = c.open("swill.subscribe", topic_of("chat.short", since(number(first.find("epoch")), 1)));
  const beginning b = begun(c, seq);

  EXPECT_FALSE(b.recovered);
  EXPECT_EQ(b.offset, 2U);
  EXPECT_EQ(items(c, seq), (strings{"3:3", "4:4"}));
}

TEST_F(PubsubClients, AreToldWhenTheEpochIsAnother) {
  serve();
  test_client c{*server};
  publish(c, "chat.1", "1");

  const auto seq = c.open("swill.subscribe", topic_of("chat.1", since(7, 1)));
  const beginning b = begun(c, seq);

  EXPECT_FALSE(b.recovered);
  EXPECT_NE(b.epoch, 7U);
  EXPECT_EQ(items(c, seq), (strings{"1:1"}));
}

TEST_F(PubsubClients, MessagesThatAreTooOldCannotBeHad) {
  options.topics.insert(options.topics.begin(), {topic_pattern{"chat.young"}, topic_options{.history_age = 10s}});
  serve();
  test_client c{*server};
  const value first = c.call<value>("swill.publish", message_of("chat.young", "1"));
  publish(c, "chat.young", "2");
  server->advance(10s);

  const auto seq = c.open("swill.subscribe", topic_of("chat.young", since(number(first.find("epoch")), 1)));

  EXPECT_FALSE(begun(c, seq).recovered);
  EXPECT_EQ(items(c, seq), strings{});
}

TEST_F(PubsubClients, GetTheRetainedValueFirst) {
  options.topics.insert(options.topics.begin(),
                        {topic_pattern{"chat.state"}, topic_options{.history_length = 0, .retain_last = true}});
  serve();
  test_client c{*server};
  publish(c, "chat.state", "old");
  publish(c, "chat.state", "new");

  const auto one = c.open("swill.subscribe", topic_of("chat.state"));
  const auto two = c.open("swill.subscribe", topic_of("chat.state"));
  publish(c, "chat.state", "newer");
  const auto three = c.open("swill.subscribe", topic_of("chat.state"));

  EXPECT_EQ(begun(c, one).offset, 1U);
  EXPECT_EQ(items(c, one), (strings{"2:new", "3:newer"}));
  EXPECT_EQ(items(c, two), (strings{"2:new", "3:newer"}));
  EXPECT_EQ(items(c, three), (strings{"3:newer"}));
}

// --- Rules

TEST_F(PubsubClients, MayDoNothingWithoutARule) {
  serve();
  test_client c{*server};
  EXPECT_EQ(error_of([&] { c.call<value>("swill.publish", message_of("news.1", 1)); }).code, 403);
  EXPECT_EQ(error_of([&] { c.call<value>("swill.presence", topic_of("news.1")); }).code, 403);
  EXPECT_EQ(error_of([&] { c.collect<value>("swill.subscribe", topic_of("news.1")); }).code, 403);
  EXPECT_EQ(error_of([&] { c.collect<value>("swill.watch_presence", topic_of("news.1")); }).code, 403);
}

TEST_F(PubsubClients, NeverReachReservedTopics) {
  make();
  bus->allow_subscribe("**");
  bus->allow_subscribe("$all");
  bus->allow_publish("**");
  serve_as_it_is();
  test_client c{*server};
  EXPECT_EQ(error_of([&] { c.collect<value>("swill.subscribe", topic_of("$all")); }).code, 403);
  EXPECT_EQ(error_of([&] { c.call<value>("swill.publish", message_of("$user.ann", 1)); }).code, 403);
}

TEST_F(PubsubClients, RulesMayAwaitDenyFilterAndChange) {
  make();
  bus->allow_subscribe("rooms.*", [](context& c, const std::string& topic) -> task<grant> {
    co_await sleep_for(1s);
    if (topic == "rooms.secret") throw error{401, "log in first"};
    grant g;
    if (c.metadata().contains("shout")) {
      g.filter = [](const value& m) -> std::optional<value> {
        if (m == value{"hidden"}) return std::nullopt;
        return value{*m.get_if<std::string>() + "!"};
      };
    }
    co_return g;
  });
  bus->allow_publish("rooms.*", [](context&, const std::string&, value& m) {
    if (m == value{"curse"}) throw error{error_code::forbidden, "mind your words"};
    m = value{"<" + *m.get_if<std::string>() + ">"};
  });
  bus->allow_publish("plain.*", [](context&, const std::string&) -> task<void> { co_await sleep_for(1s); });
  serve();
  test_client c{*server};

  const auto secret = c.open("swill.subscribe", topic_of("rooms.secret"));
  const auto quiet = c.open("swill.subscribe", topic_of("rooms.1"));
  const auto loud = c.open("swill.subscribe", topic_of("rooms.1"), {"shout", true});
  const auto slow = c.open("swill.publish", message_of("plain.1", "x"));
  EXPECT_FALSE(c.receive(slow));
  server->advance(1s);

  EXPECT_EQ(items(c, secret), (strings{"e:401"}));
  EXPECT_EQ(begun(c, quiet).offset, 0U);
  EXPECT_EQ(begun(c, loud).offset, 0U);
  EXPECT_TRUE(c.receive(slow));
  EXPECT_EQ(error_of([&] { publish(c, "rooms.1", "curse"); }).message, "mind your words");
  publish(c, "rooms.1", "a");
  EXPECT_EQ(items(c, quiet), (strings{"1:<a>"}));
  EXPECT_EQ(items(c, loud), (strings{"1:<a>!"}));
}

TEST_F(PubsubClients, RulesMaySayNoByFalse) {
  make();
  const auto named = [](context& c) { return c.metadata().contains("name"); };
  const auto open_topic = [](context&, const std::string& topic) -> task<bool> {
    co_await sleep_for(1ms);
    const bool may = topic == "late.open";
    co_return may;
  };
  bus->allow_subscribe("now.*", named);
  bus->allow_publish("now.*", [named](context& c, const std::string&, value&) { return named(c); });
  bus->allow_presence("now.*", named);
  bus->allow_subscribe("late.*", open_topic);
  bus->allow_publish("late.*", open_topic);
  bus->allow_presence("late.*", open_topic);
  serve_as_it_is();
  test_client c{*server};
  const auto answer_to = [&](const char* rpc, const std::string& topic, const metadata& m = {}) {
    const auto seq = c.open(rpc, message_of(topic, 1), m);
    server->advance(1ms);
    const auto r = c.receive(seq);
    if (!r) return std::string{"nothing"};
    return r->failure ? std::to_string(r->failure->code) + " " + r->failure->message : std::string{"allowed"};
  };

  for (const char* rpc : {"swill.subscribe", "swill.publish", "swill.presence"}) {
    EXPECT_EQ(answer_to(rpc, "now.1"), "403 You may not call this") << rpc;
    EXPECT_EQ(answer_to(rpc, "now.1", {"name", "ann"}), "allowed") << rpc;
    EXPECT_EQ(answer_to(rpc, "late.shut"), "403 You may not call this") << rpc;
    EXPECT_EQ(answer_to(rpc, "late.open"), "allowed") << rpc;
  }
}

TEST_F(PubsubClients, AFilterMayHideMessages) {
  make();
  bus->allow_subscribe("rooms.*", [](context&, const std::string&) {
    return grant{[](const value& m) { return m == value{"b"} ? std::nullopt : std::optional{m}; }, {}};
  });
  bus->allow_publish("rooms.*");
  serve();
  test_client c{*server};
  const auto seq = c.open("swill.subscribe", topic_of("rooms.1"));
  for (const char* text : {"a", "b", "c"}) publish(c, "rooms.1", text);
  c.receive(seq);
  EXPECT_EQ(items(c, seq), (strings{"1:a", "3:c"}));
}

// --- Limits, each at it and one past it

TEST_F(PubsubClients, NamesOfTopicsAreBounded) {
  options.topic_length = 8;
  serve();
  test_client c{*server};
  EXPECT_EQ(publish(c, "chat.123", 1), 1U);
  EXPECT_EQ(error_of([&] { publish(c, "chat.1234", 1); }).code, 400);
  EXPECT_EQ(error_of([&] { publish(c, "chat..", 1); }).code, 400);
  EXPECT_EQ(error_of([&] { c.collect<value>("swill.subscribe", topic_of("chat.1234")); }).code, 400);
}

TEST_F(PubsubClients, MessagesAreBounded) {
  options.message_size = 10;
  serve();
  test_client c{*server};
  EXPECT_EQ(publish(c, "chat.1", "123456789"), 1U);
  EXPECT_EQ(error_of([&] { publish(c, "chat.1", "1234567890"); }).code, 413);
}

TEST_F(PubsubClients, SubscriptionsOfAConnectionAreBounded) {
  options.subscriptions_per_connection = 2;
  serve();
  test_client c{*server}, other{*server};
  const auto first = c.open("swill.subscribe", topic_of("chat.1"));
  c.open("swill.subscribe", topic_of("chat.2"));
  EXPECT_EQ(error_of([&] { c.collect<value>("swill.subscribe", topic_of("chat.3")); }).code, 429);
  begun(other, other.open("swill.subscribe", topic_of("chat.3")));
  c.cancel(first);
  begun(c, c.open("swill.subscribe", topic_of("chat.3")));
}

TEST_F(PubsubClients, TopicsAreBounded) {
  options.topic_count = 2;
  options.other_topics.presence = false;
  options.topics.clear();
  serve();
  test_client c{*server};
  publish(c, "chat.1", 1);
  publish(c, "chat.2", 1);
  const error e = error_of([&] { publish(c, "chat.3", 1); });
  EXPECT_EQ(e.code, 503);
  EXPECT_EQ(*e.data.find("retryable"), value{true});
}

TEST_F(PubsubClients, AnIdempotencyKeyPublishesOnce) {
  options.key_age = 10s;
  options.key_length = 3;
  serve();
  test_client c{*server};
  const auto publish_with = [&c](const std::string& key) {
    value m = message_of("chat.1", "x");
    m.set("idempotency_key", key);
    return number(c.call<value>("swill.publish", m).find("offset"));
  };
  EXPECT_EQ(publish_with("a"), 1U);
  EXPECT_EQ(publish_with("b"), 2U);
  EXPECT_EQ(publish_with("a"), 1U);
  EXPECT_EQ(error_of([&] { publish_with("long"); }).code, 400);
  server->advance(10s);
  EXPECT_EQ(publish_with("a"), 3U);
}

// --- Slow subscribers

struct PubsubSlowClients : PubsubClients {
  void set(overflow how, const std::string& by = {}) {
    topic_options t;
    t.overflow = how;
    t.conflate_by = by;
    t.queue_length = 3;
    options.topics.insert(options.topics.begin(), {topic_pattern{"chat.slow"}, t});
    a.limits().send_buffer = 200; // a handful of messages
    serve();
  }
  /// A client that does not read while `publish` runs.
  template <class F>
  strings slowly(F publishing) {
    test_client slow{*server}, fast{*server};
    const auto seq = slow.open("swill.subscribe", topic_of("chat.slow"));
    begun(slow, seq);
    slow.pipe().stall();
    publishing(fast);
    slow.pipe().stall(false);
    server->run();
    return items(slow, seq);
  }
};

/// A stream looks at the budget of its connection after 64 KiB.
const value large{std::string(4000, 'x')};

/// "12:xxxx…" -> "12"
strings offsets(strings items) {
  for (std::string& i : items) i.resize(std::min(i.size(), i.find(':')));
  return items;
}

TEST_F(PubsubSlowClients, AreEndedWhereTheQueueIsABuffer) {
  set(overflow::buffer);
  test_client steady{*server};
  const auto whole = steady.open("swill.subscribe", topic_of("chat.slow"));
  begun(steady, whole);
  const strings got = slowly([&](test_client& c) {
    for (int i = 1; i <= 50; ++i) publish(c, "chat.slow", large);
  });

  ASSERT_GE(got.size(), 4U);
  ASSERT_LT(got.size(), 30U);
  EXPECT_EQ(got.back(), "e:429");
  for (std::size_t i = 0; i + 1 < got.size(); ++i) EXPECT_EQ(offsets(got)[i], std::to_string(i + 1));
  EXPECT_EQ(items(steady, whole).size(), 50U);
  EXPECT_EQ(bus->statistics().overflows, 1U);
}

TEST_F(PubsubSlowClients, SeeOffsetsJumpWhereTheOldestIsDropped) {
  set(overflow::drop_oldest);
  const strings got = slowly([&](test_client& c) {
    for (int i = 1; i <= 50; ++i) publish(c, "chat.slow", large);
  });

  ASSERT_LT(got.size(), 30U);
  EXPECT_EQ(offsets(got)[0], "1");
  EXPECT_EQ(offsets({got.end() - 3, got.end()}), (strings{"48", "49", "50"}));
  EXPECT_EQ(bus->statistics().dropped, 50 - got.size());
}

TEST_F(PubsubSlowClients, GetTheNewestOfEachKeyWhereTopicsConflate) {
  set(overflow::conflate, "k");
  const strings got = slowly([&](test_client& c) {
    for (int i = 1; i <= 25; ++i) {
      publish(c, "chat.slow", value::map({{"k", "a"}, {"x", large}}));
      publish(c, "chat.slow", value::map({{"k", "b"}, {"x", large}}));
    }
    publish(c, "chat.slow", value::map({{"k", "a"}, {"x", large}}));
  });

  // The last of "b", then the last of "a"; before them those that left before the line was full.
  ASSERT_LT(got.size(), 30U);
  EXPECT_EQ(offsets({got.end() - 2, got.end()}), (strings{"50", "51"}));
  EXPECT_EQ(bus->statistics().dropped, 51 - got.size());
}

// --- Presence

strings present(test_client& c, const std::string& topic) {
  strings ids;
  for (const auto& m : c.call<std::vector<presence_member>>("swill.presence", topic_of(topic)))
    ids.push_back(m.id + "/" + m.user + "/" + to_text(m.data));
  return ids;
}

TEST_F(PubsubClients, ArePresentAsLongAsTheySubscribe) {
  make();
  bus->allow_subscribe("chat.named", [](context& c, const std::string&) {
    c.connection().set_user("ann");
    grant g;
    g.member = value{"busy"};
    return g;
  });
  bus->allow_presence("chat.named");
  serve();
  test_client one{*server}, two{*server};
  const auto first = one.open("swill.subscribe", topic_of("chat.named"));
  const auto second = one.open("swill.subscribe", topic_of("chat.named"));

  ASSERT_EQ(present(two, "chat.named").size(), 1U);
  EXPECT_TRUE(present(two, "chat.named")[0].ends_with("/ann/\"busy\""));
  one.cancel(first);
  EXPECT_EQ(present(two, "chat.named").size(), 1U);
  one.cancel(second);
  EXPECT_EQ(present(two, "chat.named"), strings{});
}

strings events(test_client& c, std::uint64_t seq) {
  strings out;
  while (const auto r = c.receive(seq)) {
    if (r->type != wire::response_type::message) continue;
    const value v = r->as<value>();
    if (const value* all = v.find("members")) {
      out.push_back("members " + std::to_string(all->get_if<value_array>()->size()));
    } else {
      out.push_back(*v.find("event")->get_if<std::string>());
    }
  }
  return out;
}

TEST_F(PubsubClients, WatchWhoComesAndGoes) {
  serve();
  test_client watcher{*server}, one{*server}, two{*server};
  one.open("swill.subscribe", topic_of("chat.1"));

  const auto seq = watcher.open("swill.watch_presence", topic_of("chat.1"));
  const auto s = two.open("swill.subscribe", topic_of("chat.1"));
  two.cancel(s);
  one.pipe().close();
  server->run();

  EXPECT_EQ(events(watcher, seq), (strings{"members 1", "join", "leave", "leave"}));
}

// --- Inbox

strings inbox(test_client& c, std::uint64_t seq) {
  strings out;
  while (const auto r = c.receive(seq)) {
    if (r->type != wire::response_type::message) continue;
    const value v = r->as<value>();
    out.push_back(*v.find("to")->get_if<std::string>() + "/" + *v.find("name")->get_if<std::string>() + ":" +
                  to_text(*v.find("data")));
  }
  return out;
}

TEST_F(PubsubClients, GetWhatIsMeantForThem) {
  make();
  a.handle("login", [](request<std::string> r) { r.context().connection().set_user(r.data()); });
  a.handle("join", [this](request<std::string> r) { bus->join_group(r.context().connection(), r.data()); });
  a.handle("leave", [this](request<std::string> r) { bus->leave_group(r.context().connection(), r.data()); });
  a.handle("send", [this](request<> r) -> task<void> {
    co_await bus->send_to_connection(r.context().connection().id(), std::string{"c"});
    co_await bus->send_to_user("ann", std::string{"u"});
    co_await bus->send_to_group("red", std::string{"g"});
    co_await bus->send_to_all(std::string{"a"});
  });
  serve();
  test_client ann{*server}, bob{*server};
  ann.call<value>("login", std::string{"ann"});
  const auto hers = ann.open("swill.inbox", nothing{});
  const auto his = bob.open("swill.inbox", nothing{});
  bob.call<value>("join", std::string{"red"});

  bob.call<value>("send");
  const std::string id = *bob.receive(his)->leading.find("connection")->get_if<std::string>();
  EXPECT_EQ(inbox(ann, hers), (strings{"user/ann:\"u\"", "all/:\"a\""}));
  EXPECT_EQ(inbox(bob, his), (strings{"connection/" + id + ":\"c\"", "group/red:\"g\"", "all/:\"a\""}));

  bob.call<value>("leave", std::string{"red"});
  bob.call<value>("login", std::string{"ann"});
  ann.call<value>("login", std::string{"eve"});
  ann.call<value>("send");
  EXPECT_EQ(inbox(bob, his), (strings{"user/ann:\"u\"", "all/:\"a\""}));
  EXPECT_EQ(inbox(ann, hers).size(), 2U);
}

TEST_F(PubsubClients, GroupsOfAConnectionAreBounded) {
  options.groups_per_connection = 1;
  make();
  a.handle("join", [this](request<std::string> r) { bus->join_group(r.context().connection(), r.data()); });
  a.handle("leave", [this](request<std::string> r) { bus->leave_group(r.context().connection(), r.data()); });
  serve();
  test_client c{*server};
  c.call<value>("join", std::string{"a"});
  c.call<value>("join", std::string{"a"});
  EXPECT_EQ(error_of([&] { c.call<value>("join", std::string{"b"}); }).code, 429);
  c.call<value>("leave", std::string{"a"});
  c.call<value>("join", std::string{"b"});
}

TEST_F(PubsubClients, DataOfMembersAreBounded) {
  options.member_size = 5;
  make();
  bus->allow_subscribe("rooms.*", [](context&, const std::string& topic) {
    grant g;
    g.member = value{topic.substr(6)};
    return g;
  });
  serve();
  test_client c{*server};
  begun(c, c.open("swill.subscribe", topic_of("rooms.1234")));
  EXPECT_EQ(error_of([&] { c.collect<value>("swill.subscribe", topic_of("rooms.12345")); }).code, 413);
}

TEST_F(PubsubClients, EndWithTheirConnection) {
  serve();
  test_client one{*server}, two{*server};
  begun(one, one.open("swill.subscribe", topic_of("chat.1")));
  one.open("swill.inbox", nothing{});
  EXPECT_EQ(bus->statistics().subscriptions, 2U);
  one.pipe().drop();
  server->run();
  EXPECT_EQ(bus->statistics().subscriptions, 0U);
  EXPECT_EQ(bus->statistics().topics, 0U);
  EXPECT_EQ(present(two, "chat.1"), strings{});
}

TEST_F(PubsubClients, HooksSeeItemsAndMayChangeThem) {
  a.before_response_message([](context& c, any_message& m) {
    if (c.rpc() != "swill.subscribe") return;
    value v = m.to_value();
    v.set("seen", true);
    m.assign(v);
  });
  serve();
  test_client c{*server};
  const auto seq = c.open("swill.subscribe", topic_of("chat.1"));
  c.receive(seq);
  publish(c, "chat.1", "x");
  EXPECT_EQ(c.receive(seq)->as<value>(), value::map({{"offset", 1}, {"data", "x"}, {"seen", true}}));
}

} // namespace
} // namespace swill::test
