// The code of docs/pubsub.md, compiled and run. See handlers_test.cpp.
#include "libswill/api/app.hpp"
#include "libswill/server/test_client.hpp"
#include "pubsub/pubsub.hpp"
#include "pubsub/redis/redis_broker.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using swill::value;
using testing::ElementsAre;

// [first]
struct line {
  std::string from;
  std::string text;
};

template <class D>
void describe(D& d, line& l) {
  d.field("from", l.from);
  d.field("text", l.text);
}

swill::app make_chat(const std::shared_ptr<swill::pubsub>& bus) {
  swill::app app;
  app.use(bus);
  app.handle("say", [bus](swill::request<line> r) -> swill::task<void> {
    co_await bus->publish("chat.lobby", r.data()); // a position: the broker has it
  });
  app.handle("listen", [bus](swill::request<>) -> swill::stream<line> {
    auto feed = co_await bus->subscribe<line>("chat.lobby");
    while (auto l = co_await feed.next()) co_yield *l;
  });
  return app;
}
// [/first]

TEST(PubsubDocs, First) {
  auto bus = std::make_shared<swill::pubsub>();
  const swill::app app = make_chat(bus);
  swill::test_server server{app};
  swill::test_client client{server};
  const auto seq = client.open("listen", swill::nothing{});
  client.call<value>("say", line{"ann", "hi"});
  EXPECT_EQ(client.receive(seq)->as<line>().text, "hi");
}

// [redis]
std::shared_ptr<swill::pubsub> bus_in_redis(const char* address) { // such as "redis://127.0.0.1:6379"
  const auto redis = swill::redis::place::at(address);             // sessions take the same
  return std::make_shared<swill::pubsub>(swill::pubsub_options{}, std::make_shared<swill::redis_broker>(redis));
}
// [/redis]

TEST(PubsubDocs, Redis) {
  EXPECT_NE(bus_in_redis("redis://127.0.0.1:6379"), nullptr);
  EXPECT_THROW(bus_in_redis("http://"), std::invalid_argument);
}

TEST(PubsubDocs, Options) {
  // [options]
  swill::pubsub_options options;
  options.topic("chat.*", {.history_length = 1000, .history_age = 1h, .presence = true});
  swill::topic_options prices;
  prices.history_length = 0; // who comes late gets the last value, and then the next
  prices.retain_last = true;
  prices.overflow = swill::overflow::conflate; // who is slow gets the newest of each share
  prices.conflate_by = "share";
  options.topic("prices.**", prices);
  auto bus = std::make_shared<swill::pubsub>(options);
  // [/options]
  EXPECT_EQ(bus->options().of("prices.us.tech").retain_last, true);
}

// [rules]
void add_rules(swill::pubsub& bus) {
  // Who may listen, and what the others see of him. A rule may await.
  bus.allow_subscribe("chat.*", [](swill::context& c, const std::string& topic) -> swill::task<swill::grant> {
    if (c.connection().user().empty()) throw swill::error{swill::error_code::unauthorized, "log in first"};
    co_await swill::sleep_for(1ms); // asks somebody
    swill::grant g;
    g.member = value::map({{"room", topic}});
    if (c.connection().user() == "guest") {
      g.filter = [](const value& message) -> std::optional<value> { // each message, for this client only
        if (message.find("internal") != nullptr) return std::nullopt;
        return message;
      };
    }
    co_return g;
  });

  // Who may speak. The rule may change the message: nobody writes another's name on it.
  bus.allow_publish("chat.*", [](swill::context& c, const std::string&, value& message) {
    if (c.connection().user().empty()) throw swill::error{swill::error_code::unauthorized, "log in first"};
    message.set("from", c.connection().user());
  });

  // Who may see who is there: whoever has logged in. False is ERROR 403. Without a function, anybody: bus.allow_presence("chat.*").
  bus.allow_presence("chat.*", [](swill::context& c) { return !c.connection().user().empty(); });
}
// [/rules]

TEST(PubsubDocs, Rules) {
  auto bus = std::make_shared<swill::pubsub>();
  add_rules(*bus);
  swill::app app;
  app.use(bus);
  app.handle("login", [](swill::request<std::string> r) { r.context().connection().set_user(r.data()); });
  // [client]
  swill::test_server server{app};
  swill::test_client ann{server}, guest{server};
  ann.call<value>("login", std::string{"ann"});
  guest.call<value>("login", std::string{"guest"});

  const auto seq = guest.open("swill.subscribe", value::map({{"topic", "chat.lobby"}}));
  server.advance(1ms); // the rule
  ann.call<value>("swill.publish", value::map({{"topic", "chat.lobby"}, {"data", value::map({{"text", "hi"}})}}));

  const auto leading = guest.receive(seq)->leading;  // {epoch, offset: 0, recovered: true}
  const auto item = guest.receive(seq)->as<value>(); // {offset: 1, data: {text: "hi", from: "ann"}}
  // [/client]
  EXPECT_EQ(*leading.find("recovered"), value{true});
  EXPECT_EQ(item, value::map({{"offset", 1}, {"data", value::map({{"text", "hi"}, {"from", "ann"}})}}));
}

// [resume]
swill::stream<value> follow(std::shared_ptr<swill::pubsub> bus, swill::request<swill::position> r) {
  auto feed = co_await bus->subscribe<value>("log", r.data());
  if (!feed.recovered()) co_yield value{"some were missed"};
  for (;;) {
    auto next = co_await feed.next();
    if (next->is_notice()) { // missed while it was open: Redis was away for too long, or was wiped
      co_yield value{"some were missed"};
    } else {
      co_yield next->data();
    }
  }
}
// [/resume]

TEST(PubsubDocs, Resume) {
  auto bus = std::make_shared<swill::pubsub>();
  swill::app app;
  app.use(bus);
  app.handle("follow", [bus](swill::request<swill::position> r) { return follow(bus, std::move(r)); });
  swill::test_server server{app};
  swill::test_client client{server};
  std::vector<swill::position> seen;
  // [outside]
  const auto note = [&seen](const swill::result<swill::position>& at) {
    if (at) seen.push_back(*at); // else 503: published or not; with a key it is safe to try again
  };
  bus->publish_then("log", std::string{"started"}, "", note); // from any thread
  bus->publish_then("log", std::string{"paid"}, "order 7", note);
  bus->publish_then("log", std::string{"paid"}, "order 7", note); // the same key: not published again

  std::vector<std::string> lines;
  const swill::listening l =
      bus->listen<std::string>("log", [&lines](const swill::item<std::string>& i) { lines.push_back(i.data()); });
  // [/outside]
  server.run();
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[1], seen[2]);
  const auto seq = client.open("follow", seen[0]);
  EXPECT_EQ(client.receive(seq)->as<value>(), value{"paid"});
  bus->publish_then("log", std::string{"shipped"}, "", note);
  server.run();
  EXPECT_THAT(lines, ElementsAre("shipped"));
  const auto gone = client.open("follow", swill::position{1, 1});
  EXPECT_EQ(client.receive(gone)->as<value>(), value{"some were missed"});
}

// [traces]
swill::listening keep_record(const std::shared_ptr<swill::pubsub>& bus, swill::log_sink log) {
  return bus->listen<std::string>("log", [bus, log](const swill::item<std::string>& i) {
    log({.text = i.data(), .trace = i.trace()}); // of a request that may have run on another node
    bus->publish_then("record", i.data(), "", {}, i.trace());
  });
}
// [/traces]

TEST(PubsubDocs, Traces) {
  auto bus = std::make_shared<swill::pubsub>();
  swill::app app;
  app.use(bus);
  app.handle("say",
             [bus](swill::request<std::string> r) -> swill::task<void> { co_await bus->publish("log", r.data()); });
  swill::test_server server{app};
  swill::test_client client{server};
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  std::vector<std::string> lines, records;
  const auto record = keep_record(
      bus, [&lines](const swill::log_entry& e) { lines.push_back(std::string{e.text} + " " + std::string{e.trace}); });
  const auto last = bus->listen<std::string>(
      "record", [&records](const swill::item<std::string>& i) { records.emplace_back(i.trace()); });
  server.run();
  client.call("say", std::string{"hi"}, {"traceparent", "00-" + trace + "-00f067aa0ba902b7-01"});
  EXPECT_THAT(lines, ElementsAre("hi " + trace));
  EXPECT_THAT(records, ElementsAre(trace));
}

// [inbox]
void add_invitations(swill::app& app, const std::shared_ptr<swill::pubsub>& bus) {
  app.handle("join", [bus](swill::request<std::string> group) { // this connection, until it ends
    bus->join_group(group.context().connection(), group.data());
  });
  app.handle("invite", [bus](swill::request<std::string> r) -> swill::task<void> {
    co_await bus->send_to_user("ann", "come to " + r.data());
    co_await bus->send_to_group("players", std::string{"ann is invited"});
    co_await bus->send_to_all(std::string{"a party!"});
  });
}
// [/inbox]

TEST(PubsubDocs, Inbox) {
  auto bus = std::make_shared<swill::pubsub>();
  swill::app app;
  app.use(bus);
  add_invitations(app, bus);
  swill::test_server server{app};
  swill::test_client client{server};
  const auto seq = client.open("swill.inbox", swill::nothing{});
  client.call<value>("join", std::string{"players"});
  client.call<value>("invite", std::string{"the lobby"});
  client.receive(seq);
  EXPECT_EQ(*client.receive(seq)->as<value>().find("name"), value{"players"});
  EXPECT_EQ(*client.receive(seq)->as<value>().find("to"), value{"all"});
}

TEST(PubsubDocs, Presence) {
  auto bus = std::make_shared<swill::pubsub>();
  swill::app app;
  app.use(bus);
  // [presence]
  app.handle("sit", [bus](swill::request<std::string> r) -> swill::task<std::vector<swill::presence_member>> {
    const swill::presence_member robot{"robot-1", "", "plays " + r.data()};
    co_await bus->enter("table.1", robot);
    co_return co_await bus->members("table.1");
  });
  // [/presence]
  std::vector<std::string> asked;
  // [nodes]
  bus->on_node_message("ask", [&asked](const std::string& from, swill::bytes_view question) {
    asked.push_back(from + ": " + std::string{swill::as_text(question)});
  });
  // [/nodes]
  swill::test_server server{app};
  swill::test_client client{server};
  EXPECT_EQ(client.call<std::vector<swill::presence_member>>("sit", std::string{"white"}).at(0).id, "robot-1");
  const swill::bytes question(swill::as_bytes("who?").begin(), swill::as_bytes("who?").end());
  // [nodes-send]
  bus->nodes_then([bus, question](const swill::result<std::vector<swill::node_info>>& all) {
    for (const auto& node : *all) bus->send_to_node(node.id, "ask", question);
  });
  // [/nodes-send]
  server.run();
  EXPECT_THAT(asked, ElementsAre(bus->node_id() + ": who?"));
}

} // namespace
