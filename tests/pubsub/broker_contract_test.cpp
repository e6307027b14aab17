#include "tests/pubsub/broker_contract.hpp"

#include <map>

namespace swill::test {
namespace {

using strings = std::vector<std::string>;

template <class Backend>
struct BrokerContract : testing::Test {
  Backend backend;

  /// "3:text"
  static std::string text(const publication_ptr& p) {
    return std::to_string(p->at().offset) + ":" + to_text(unpacked(p->data()));
  }
  static strings texts(const broker::history_page& page) {
    strings out;
    for (const auto& p : page.items) out.push_back(text(p));
    return out;
  }
};

using backends = testing::Types<memory_backend, redis_backend>;
TYPED_TEST_SUITE(BrokerContract, backends);

TYPED_TEST(BrokerContract, OffsetsCountFromOneInOneEpoch) {
  auto b = this->backend.make();
  const position one = b->publish("t", "a");
  const position two = b->publish("t", "b");
  const position other = b->publish("u", "a");

  EXPECT_EQ(one.offset, 1U);
  EXPECT_EQ(two, (position{one.epoch, 2}));
  EXPECT_EQ(other.offset, 1U);
  EXPECT_NE(other.epoch, one.epoch);
}

TYPED_TEST(BrokerContract, SubscribersGetWhatIsPublishedSince) {
  auto b = this->backend.make();
  const position before = b->publish("t", "a");
  EXPECT_EQ(b->subscribe("t").top, before);
  b->publish("u", "elsewhere");
  const position at = b->publish("t", value::map({{"x", 1}}));
  b->publish("t", "c");

  const publication_ptr p = b->published.take();
  EXPECT_EQ(p->topic(), "t");
  EXPECT_EQ(p->at(), at);
  EXPECT_EQ(unpacked(p->item()), value::map({{"offset", 2}, {"data", value::map({{"x", 1}})}}));
  EXPECT_EQ(this->text(b->published.take()), "3:\"c\"");
}

TYPED_TEST(BrokerContract, NothingComesAfterUnsubscribing) {
  auto b = this->backend.make();
  b->subscribe("t");
  b->subscribe("u");
  b->unsubscribe("t");
  b->publish("t", "a");
  b->publish("u", "b");
  EXPECT_EQ(b->published.take()->topic(), "u");
  b->subscribe("t");
  b->publish("t", "c");
  EXPECT_EQ(this->text(b->published.take()), "2:\"c\"");
}

TYPED_TEST(BrokerContract, HistoryGivesWhatIsBehindAPosition) {
  auto b = this->backend.make();
  const position first = b->publish("t", "a");
  for (const char* s : {"b", "c", "d"}) b->publish("t", s);

  const auto page = b->history("t", first, 2);
  const auto rest = b->history("t", {first.epoch, 3}, 2);
  const auto none = b->history("t", {first.epoch, 4}, 2);

  EXPECT_EQ(page.top, (position{first.epoch, 4}));
  EXPECT_EQ(this->texts(page), (strings{"2:\"b\"", "3:\"c\""}));
  EXPECT_TRUE(page.more);
  EXPECT_EQ(this->texts(rest), (strings{"4:\"d\""}));
  EXPECT_FALSE(rest.more);
  EXPECT_EQ(none.items.size(), 0U);
  EXPECT_FALSE(none.more);
}

TYPED_TEST(BrokerContract, HistoryOfAnotherEpochIsAllThereIs) {
  auto b = this->backend.make();
  b->publish("t", "a");
  b->publish("t", "b");
  const auto page = b->history("t", {7, 1});
  EXPECT_NE(page.top.epoch, 7U);
  EXPECT_EQ(this->texts(page), (strings{"1:\"a\"", "2:\"b\""}));
}

TYPED_TEST(BrokerContract, HistoryHasALength) {
  pubsub_options o;
  o.other_topics.history_length = 2;
  auto b = this->backend.make(o);
  position at;
  for (const char* s : {"a", "b", "c"}) at = b->publish("t", s);
  EXPECT_EQ(this->texts(b->history("t", {at.epoch, 0})), (strings{"2:\"b\"", "3:\"c\""}));
}

TYPED_TEST(BrokerContract, ALongHistoryHasItsLengthToo) {
  pubsub_options o;
  o.other_topics.history_length = 100;
  auto b = this->backend.make(o);
  position at;
  for (int i = 0; i < 250; ++i) at = b->publish("t", i);
  const auto page = b->history("t", {at.epoch, 0}, 1000);
  ASSERT_EQ(page.items.size(), 100U);
  EXPECT_EQ(page.items.front()->at().offset, 151U);
  EXPECT_EQ(page.items.back()->at(), at);
}

TYPED_TEST(BrokerContract, ATopicWithoutHistoryStillCounts) {
  pubsub_options o;
  o.other_topics.history_length = 0;
  auto b = this->backend.make(o);
  b->subscribe("t");
  b->publish("t", "a");
  const position at = b->publish("t", "b");
  EXPECT_EQ(at.offset, 2U);
  EXPECT_EQ(b->history("t", {at.epoch, 0}).items.size(), 0U);
  EXPECT_EQ(b->history("t", {at.epoch, 0}).top, at);
  EXPECT_EQ(this->text(b->published.take()), "1:\"a\"");
}

TYPED_TEST(BrokerContract, MessagesCarryATrace) {
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  pubsub_options o;
  o.other_topics.retain_last = true;
  auto b = this->backend.make(o);
  b->subscribe("t");
  const position at = b->publish("t", "a", {}, trace);
  b->publish("t", "b");

  for (const auto& p : {b->published.take(), b->history("t", {at.epoch, 0}).items.at(0)}) {
    EXPECT_EQ(p->trace(), trace);
    EXPECT_EQ(unpacked(p->data()), value{"a"});
    const bytes_view item = p->item(); // what clients get
    EXPECT_EQ(bytes(item.begin(), item.end()), encode_item(1, packed("a")));
  }
  for (const auto& p : {b->published.take(), b->history("t", {at.epoch, 0}).items.at(1)}) {
    EXPECT_EQ(p->trace(), "");
    EXPECT_EQ(p->at().offset, 2U);
    EXPECT_EQ(unpacked(p->data()), value{"b"});
  }
  EXPECT_FALSE(b->history("t", at).more);
}

TYPED_TEST(BrokerContract, TheRetainedMessageHasItsOwnTrace) {
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  pubsub_options o;
  o.other_topics.history_length = 0;
  o.other_topics.retain_last = true;
  auto b = this->backend.make(o);
  const position at = b->publish("t", "a", {}, trace);
  const auto first = b->subscribe("t");
  b->unsubscribe("t");
  b->publish("t", "b");
  const auto second = b->subscribe("t");

  EXPECT_EQ(first.top, at);
  EXPECT_EQ(first.retained->trace(), trace);
  EXPECT_EQ(second.top.offset, 2U);
  EXPECT_EQ(second.retained->trace(), "");
}

TYPED_TEST(BrokerContract, RetainsTheLastMessage) {
  pubsub_options o;
  o.other_topics.history_length = 0;
  o.other_topics.retain_last = true;
  auto b = this->backend.make(o);
  EXPECT_EQ(b->subscribe("t").retained, nullptr);
  b->publish("t", "a");
  b->publish("t", "b");
  b->unsubscribe("t");
  const auto s = b->subscribe("t");
  ASSERT_NE(s.retained, nullptr);
  EXPECT_EQ(s.retained->at(), s.top);
  EXPECT_EQ(this->text(s.retained), "2:\"b\"");
}

TYPED_TEST(BrokerContract, AKeyPublishesOnce) {
  auto b = this->backend.make();
  b->subscribe("t");
  const position one = b->publish("t", "a", "key");
  const position two = b->publish("t", "b", "other");
  EXPECT_EQ(b->publish("t", "a", "key"), one);
  EXPECT_EQ(b->publish("u", "a", "key").offset, 1U) << "keys are those of a topic";
  const position three = b->publish("t", "c");
  EXPECT_EQ(three.offset, two.offset + 1);
  for (const char* s : {"1:\"a\"", "2:\"b\"", "3:\"c\""}) EXPECT_EQ(this->text(b->published.take()), s);
}

TYPED_TEST(BrokerContract, MessagesAreAnyBytes) {
  auto b = this->backend.make();
  b->subscribe("t");
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  const value v{bytes(as_bytes(all).begin(), as_bytes(all).end())};
  const position at = b->publish("t", v);
  EXPECT_EQ(unpacked(b->published.take()->data()), v);
  EXPECT_EQ(unpacked(b->history("t", {at.epoch, 0}).items.at(0)->data()), v);
}

// --- Presence

TYPED_TEST(BrokerContract, MembersComeAndGoWithEvents) {
  auto b = this->backend.make();
  b->subscribe(presence_topic("t"));
  ASSERT_TRUE(b->enter("t", {"1", "ann", "busy"}));
  ASSERT_TRUE(b->enter("t", {"2", "bob", 7}));
  ASSERT_TRUE(b->enter("t", {"1", "ann", "free"})); // only changes
  EXPECT_EQ(b->members("t"), (strings{"1/ann/\"free\"", "2/bob/7"}));
  ASSERT_TRUE(b->leave("t", "1"));
  ASSERT_TRUE(b->leave("t", "nobody"));
  EXPECT_EQ(b->members("t"), (strings{"2/bob/7"}));
  EXPECT_EQ(b->members("u"), strings{});

  strings events;
  for (int i = 0; i < 3; ++i) {
    const value v = unpacked(b->published.take()->data());
    events.push_back(*v.find("event")->get_if<std::string>() + *v.find("member")->find("id")->get_if<std::string>());
  }
  EXPECT_EQ(events, (strings{"join1", "join2", "leave1"}));
}

TYPED_TEST(BrokerContract, MembersAreBounded) {
  pubsub_options o;
  o.members_per_topic = 1;
  auto b = this->backend.make(o);
  ASSERT_TRUE(b->enter("t", {"1", "", {}}));
  ASSERT_TRUE(b->enter("t", {"1", "", {}}));
  EXPECT_EQ(b->enter("t", {"2", "", {}}).error().code, 429);
}

// --- Nodes

TYPED_TEST(BrokerContract, NodesGetMessages) {
  auto b = this->backend.make();
  EXPECT_TRUE(b->send("n1", "kind", "data"));
  EXPECT_TRUE(b->send("", "all", {"a\0b", 3}));
  EXPECT_EQ(b->from_nodes.take(), "n1/kind/data");
  EXPECT_EQ(b->from_nodes.take(), (std::string{"n1/all/a\0b", 10}));
  EXPECT_EQ(b->send("n2", "x", "").error().code, 404);
  EXPECT_EQ(b->nodes.take(), (std::vector<node_info>{{"n1"}}));
}

} // namespace
} // namespace swill::test
