#include "pubsub/topic.hpp"

#include "pubsub/options.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace swill {
namespace {

bool fits(std::string_view pattern, std::string_view topic) { return topic_pattern{pattern}.matches(topic); }

TEST(Topic, IsSegmentsWithDotsBetween) {
  EXPECT_TRUE(is_topic("chat"));
  EXPECT_TRUE(is_topic("chat.room 7.größe"));
  for (const std::string bad : {"", ".", "a.", ".a", "a..b", "a\nb", "a\x7f", "\xff"})
    EXPECT_FALSE(is_topic(bad)) << bad;
}

TEST(TopicPattern, OneStarStandsForOneSegment) {
  EXPECT_TRUE(fits("chat.*", "chat.7"));
  EXPECT_TRUE(fits("*.7", "chat.7"));
  EXPECT_TRUE(fits("a.*.c", "a.b.c"));
  EXPECT_FALSE(fits("chat.*", "chat"));
  EXPECT_FALSE(fits("chat.*", "chat.7.typing"));
  EXPECT_FALSE(fits("chat.*", "chats.7"));
}

TEST(TopicPattern, TwoStarsStandForTheRest) {
  EXPECT_TRUE(fits("chat.**", "chat.7"));
  EXPECT_TRUE(fits("chat.**", "chat.7.typing"));
  EXPECT_TRUE(fits("**", "anything.at.all"));
  EXPECT_FALSE(fits("chat.**", "chat"));
  EXPECT_FALSE(fits("chat.**", "news.7"));
}

TEST(TopicPattern, WithoutStarsFitsOneTopic) {
  EXPECT_TRUE(fits("chat.7", "chat.7"));
  EXPECT_FALSE(fits("chat.7", "chat.70"));
  EXPECT_FALSE(fits("chat.7", "chat"));
}

TEST(TopicPattern, FitsReservedTopicsOnlyByName) {
  EXPECT_FALSE(fits("**", "$all"));
  EXPECT_FALSE(fits("*", "$all"));
  EXPECT_TRUE(fits("$user.*", "$user.ann"));
}

TEST(TopicPattern, RefusesWhatIsNone) {
  for (const std::string bad : {"", "a..b", "**.a", "a**", "a.**.b", "chat*", "a.*b.c", "***"})
    EXPECT_THROW(topic_pattern{bad}, std::invalid_argument) << bad;
}

TEST(PubsubOptions, TheFirstPatternThatFitsHolds) {
  pubsub_options o;
  o.topics.emplace_back(topic_pattern{"chat.vip"}, topic_options{.history_length = 7});
  o.topics.emplace_back(topic_pattern{"chat.*"}, topic_options{.history_length = 8});
  o.other_topics.history_length = 9;
  EXPECT_EQ(o.of("chat.vip").history_length, 7U);
  EXPECT_EQ(o.of("chat.1").history_length, 8U);
  EXPECT_EQ(o.of("news").history_length, 9U);
  EXPECT_EQ(&o.of("$all"), &o.own_topics);
}

} // namespace
} // namespace swill
