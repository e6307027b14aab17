#include "pubsub/options.hpp"

#include "actors/connections/connections.hpp"
#include "libswill/server/test_client.hpp"
#include "pubsub/pubsub.hpp"
#include "pubsub/redis/redis_broker.hpp"
#include "tests/support/mistakes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace swill {
namespace {

using namespace std::chrono_literals;
using test::mistakes_of;
using test::texts_of;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

TEST(PubsubOptions, ThatMakeNoSenseAreFound) {
  pubsub_options o;
  o.other_topics.queue_length = 0;
  o.other_topics.conflate_by = "share";
  o.heartbeat = 5s;
  o.message_size = 0;
  EXPECT_THAT(mistakes_of(o), ElementsAre("pubsub_options.other_topics.queue_length: is 0; 1 or more would be right",
                                          "pubsub_options.other_topics.conflate_by: has no effect: "
                                          "pubsub_options.other_topics.overflow is not conflate; that, or no field, "
                                          "would be right",
                                          "pubsub_options.message_size: is 0; 1 or more would be right",
                                          "pubsub_options.node_lease: is 10 s; 15 s or more would be right"));
  EXPECT_THAT(mistakes_of(pubsub_options{}), IsEmpty());
}

TEST(PubsubOptions, AMessageFitsTheQueueOfASubscriber) {
  pubsub_options o;
  o.message_size = 1024 * 1024;
  EXPECT_THAT(mistakes_of(o), IsEmpty());
  o.topic("chat.*", {.queue_size = 1024 * 1024 - 1});
  EXPECT_THAT(mistakes_of(o),
              ElementsAre("pubsub_options.topics.chat.*.queue_size: is 1048575, less than pubsub_options.message_size "
                          "(1048576), one of which may always wait; at least that would be right"));
}

TEST(PubsubOptions, NamesOfNodesCanBeShown) {
  pubsub_options o;
  for (const std::string& right : {std::string{}, std::string(64, 'n'), std::string{"größer"}}) {
    o.node_name = right;
    EXPECT_THAT(mistakes_of(o), IsEmpty()) << right;
  }
  for (const char* wrong : {"a\nb", "\x1b[2J", "\xff", "\xe2\x80\xae"}) {
    o.node_name = wrong;
    EXPECT_THAT(mistakes_of(o), ElementsAre(StartsWith("pubsub_options.node_name: is \""))) << wrong;
  }
  o.node_name = std::string(65, 'n');
  EXPECT_THAT(mistakes_of(o), ElementsAre("pubsub_options.node_name: has 65 bytes; at most 64 would be right"));
  app a;
  a.use(std::make_shared<pubsub>(o));
  EXPECT_THROW(a.validate(), invalid_configuration);
}

TEST(PubsubOptions, TopicsBehindAPatternThatFitsThemAllAreFound) {
  pubsub_options o;
  o.topic("chat.vip", {.history_length = 1}).topic("chat.*", {.history_length = 2}).topic("chat.**", {});
  EXPECT_THAT(mistakes_of(o), IsEmpty());
  EXPECT_EQ(o.of("chat.vip").history_length, 1U);
  EXPECT_EQ(o.of("chat.7").history_length, 2U);
  o.topic("chat.*.typing", {}).topic("chat.*", {});
  EXPECT_THAT(mistakes_of(o),
              ElementsAre(StartsWith("pubsub_options.topics.chat.*.typing: is never used: chat.** stands before"),
                          StartsWith("pubsub_options.topics.chat.*: is never used: chat.* stands before")));
  EXPECT_THROW(o.topic("a.**.b", {}), std::invalid_argument);
}

TEST(PubsubOptions, RulesThatCanNeverDecideAreFound) {
  app a;
  const auto bus = a.use(std::make_shared<pubsub>());
  bus->allow_subscribe("chat.vip", [](context&, const std::string&) {});
  bus->allow_subscribe("chat.*");
  EXPECT_NO_THROW(a.validate());
  bus->allow_subscribe("chat.secret", [](context&, const std::string&) { throw error{403, "no"}; });
  EXPECT_THAT(mistakes_of(a),
              ElementsAre("pubsub.allow_subscribe.chat.secret: never decides: the rule for chat.* stands before "
                          "it and fits all of its topics; the other order would be right"));
}

TEST(PubsubOptions, RulesAndFunctionsThatAreNullAreFound) {
  app a;
  const auto bus = a.use(std::make_shared<pubsub>());
  const std::shared_ptr<connections> watch = std::make_shared<connections>(bus);
  bus->allow_subscribe("a", std::function<void(context&, const std::string&)>{});
  bus->allow_publish("b", static_cast<void (*)(context&, const std::string&, value&)>(nullptr));
  bus->allow_presence("c", std::function<task<void>(context&, const std::string&)>{});
  EXPECT_THAT(mistakes_of(a), ElementsAre("pubsub.allow_subscribe.a: is null; a function would be right",
                                          "pubsub.allow_publish.b: is null; a function would be right",
                                          "pubsub.allow_presence.c: is null; a function would be right"));
  EXPECT_THROW(bus->on_nodes_changed({}), std::invalid_argument);
  EXPECT_THROW(bus->on_node_message("kind", {}), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(watch->listen({})), std::invalid_argument);
}

TEST(PubsubOptions, RulesCannotComeAfterTheStart) {
  app a;
  const auto bus = a.use(std::make_shared<pubsub>());
  {
    const test_server s{a};
    EXPECT_THROW(bus->allow_subscribe("chat.*"), std::logic_error);
    EXPECT_THROW(bus->allow_publish("chat.*"), std::logic_error);
    EXPECT_THROW(bus->allow_presence("chat.*"), std::logic_error);
    EXPECT_THROW(bus->on_nodes_changed([](const auto&) {}), std::logic_error);
  }
  EXPECT_NO_THROW(bus->allow_subscribe("chat.*"));
}

TEST(PubsubOptions, OfTheBrokersRedisAreFoundToo) {
  redis::place where = redis::place::at("redis://127.0.0.1/3", "shop:");
  EXPECT_EQ(where.server.database, 3U);
  EXPECT_EQ(where.prefix, "shop:");
  where.server.command_timeout = 0ms;
  where.server.longest_backoff = 1ms;
  app a;
  a.use(std::make_shared<pubsub>(pubsub_options{}, std::make_shared<redis_broker>(where)));
  EXPECT_THAT(mistakes_of(a), ElementsAre("redis.command_timeout: is 0 ms; 1 ms or more would be right",
                                          "redis.longest_backoff: is 1 ms; 50 ms or more would be right"));
  EXPECT_THROW(redis::place::at("http://secret@here"), std::invalid_argument);
}

TEST(PubsubOptions, OfTopicsAndOfTheBrokersRedisBelongTogether) {
  const auto of_both = [](const pubsub_options& o, std::size_t reply_size) {
    redis::place where;
    where.server.reply_size = reply_size;
    mistake_list found;
    redis_broker{where}.check(o, found);
    return texts_of(found);
  };
  pubsub_options o;
  o.check_interval = 1s;
  o.topic("young.*", {.history_length = 512, .history_age = 1001ms, .forget_after = 1s});
  const std::size_t page = 512 * o.message_size;
  EXPECT_THAT(of_both(o, page), IsEmpty());

  o.topics.front().second.history_age = 1s;
  EXPECT_THAT(of_both(o, page - 1),
              ElementsAre(StartsWith("pubsub_options.topics.young.*.forget_after: is 1 s, and history_age 1 s: not "
                                     "longer than pubsub_options.check_interval (1 s)"),
                          StartsWith("redis.reply_size: is 33554431, too little for a page of history, 512 messages")));
}

} // namespace
} // namespace swill
