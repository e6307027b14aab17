#include "pubsub/detail/subscription.hpp"

#include "libswill/wire/codec.hpp"
#include "tests/base/manual.hpp"

#include <gtest/gtest.h>

namespace swill::detail {
namespace {

using strings = std::vector<std::string>;

/// A hub whose topics begin when the test says so.
class hand_hub final : public topic_port {
public:
  void join(membership& m, std::optional<position>) override { members.push_back(&m); }
  void read_on(membership&, const position& at) override { asked.push_back(at); }
  void leave(membership& m) noexcept override { std::erase(members, &m); }
  delivery_counters& counters() noexcept override { return counters_; }

  void begin(position at, std::vector<publication_ptr> missed = {}, bool recovered = true, bool more = false) {
    members.at(0)->on_joined(joined{at, recovered, std::move(missed), more});
  }
  void deliver(const publication_ptr& p) {
    const auto all = members;
    for (membership* m : all) m->offer(p);
  }

  std::vector<membership*> members;
  std::vector<position> asked; ///< for more of history

private:
  delivery_counters counters_;
};

struct Subscription : testing::Test {
  topic_options options;
  hand_hub hub;
  std::optional<subscription> s;
  std::optional<result<joined>> told;

  void subscribe() {
    s.emplace(hub, options);
    s->add("t", std::nullopt, [this](result<joined> j) { told = std::move(j); });
  }
  publication_ptr message(std::uint64_t offset, const value& v = "x", std::uint64_t epoch = 1) const {
    buffer b;
    wire::writer w{b};
    wire::write_value(w, v);
    return std::make_shared<const publication>("t", position{epoch, offset}, b.view(), options);
  }
  static publication_ptr notice(std::uint64_t epoch, std::uint64_t offset) {
    return std::make_shared<const publication>("t", position{epoch, offset});
  }
  void deliver(std::uint64_t from, std::uint64_t to) {
    for (; from <= to; ++from) hub.deliver(message(from));
  }
  /// What waits: "3", "lost 4", "e:429".
  strings waiting() {
    strings out;
    while (s->is_ready()) {
      try {
        const auto p = s->take();
        out.push_back((p->is_notice() ? "lost " : "") + std::to_string(p->at().offset));
      } catch (const error& e) {
        out.push_back("e:" + std::to_string(e.code));
        return out;
      }
    }
    return out;
  }
};

TEST_F(Subscription, MergesHistoryWithWhatCameMeanwhile) {
  subscribe();
  deliver(4, 6);
  EXPECT_FALSE(s->is_ready());
  hub.begin({1, 2}, {message(3), message(4), message(5)});
  deliver(6, 7); // 6 for the second time

  ASSERT_TRUE(told && *told);
  EXPECT_EQ((*told)->at, (position{1, 2}));
  EXPECT_EQ(waiting(), (strings{"3", "4", "5", "6", "7"}));
}

TEST_F(Subscription, ReadsHistoryAPageAtATime) {
  subscribe();
  hub.begin({1, 2}, {message(3), message(4)}, true, true);
  EXPECT_TRUE(hub.asked.empty()); // not before the first page is taken
  deliver(9, 9);                  // history has it
  EXPECT_EQ(s->waiting(), 2U);
  s->take();
  EXPECT_TRUE(hub.asked.empty());
  s->take();
  EXPECT_EQ(hub.asked, (std::vector<position>{{1, 4}}));

  deliver(10, 11); // meanwhile
  EXPECT_FALSE(s->is_ready());
  hub.begin({1, 4}, {message(5), message(6), message(7), message(8), message(9), message(10)});
  deliver(11, 12);
  EXPECT_EQ(waiting(), (strings{"5", "6", "7", "8", "9", "10", "11", "12"}));
  EXPECT_EQ(hub.asked.size(), 1U);
}

TEST_F(Subscription, WhatItCannotHoldMeanwhileItReads) {
  options.queue_length = 2;
  subscribe();
  deliver(4, 7);
  hub.begin({1, 3});
  EXPECT_EQ(hub.asked, (std::vector<position>{{1, 3}}));
  ASSERT_TRUE(told && *told);
  EXPECT_FALSE(s->is_ready());
  deliver(8, 9); // as many as it holds
  hub.begin({1, 3}, {message(4), message(5), message(6), message(7)});
  EXPECT_EQ(waiting(), (strings{"4", "5", "6", "7", "8", "9"}));
  deliver(10, 10);
  EXPECT_EQ(waiting(), (strings{"10"}));
}

TEST_F(Subscription, WhatHistoryForgetsWhileItIsReadIsTold) {
  subscribe();
  hub.begin({1, 0}, {message(1)}, true, true);
  s->take();
  hub.begin({1, 7}, {message(8)}, false);
  EXPECT_EQ(waiting(), (strings{"lost 7", "8"}));
}

TEST_F(Subscription, APageWakesWhoWaitsForIt) {
  manual_loop l;
  subscribe();
  hub.begin({1, 0}, {message(1)}, true, true);
  strings seen;
  auto reader = [](subscription& from, strings& to) -> task<void> {
    for (;;) {
      const publication_ptr p = co_await from.next();
      to.push_back(std::to_string(p->at().offset));
    }
  };
  auto running = reader(*s, seen);
  scope owner{l};
  running.start(owner);
  EXPECT_EQ(seen, (strings{"1"}));
  hub.begin({1, 1}, {message(2), message(3)});
  EXPECT_EQ(seen, (strings{"1", "2", "3"}));
  owner.cancel();
}

TEST_F(Subscription, WhatIsBehindItDoesNotComeAgain) {
  subscribe();
  hub.begin({1, 5});
  deliver(3, 6);
  hub.deliver(notice(1, 4)); // of what was missed before this one began
  EXPECT_EQ(waiting(), (strings{"6"}));
}

TEST_F(Subscription, AnotherEpochBeginsWithANotice) {
  subscribe();
  hub.begin({1, 5});
  hub.deliver(message(1, "x", 2)); // too early to be understood
  hub.deliver(notice(2, 0));
  hub.deliver(message(1, "x", 2));
  hub.deliver(message(6)); // of the epoch before
  EXPECT_EQ(waiting(), (strings{"lost 0", "1"}));
}

TEST_F(Subscription, ATopicThatCannotBeginIsTold) {
  subscribe();
  hub.members.at(0)->on_joined(error{error_code::unavailable, "down"});
  ASSERT_TRUE(told);
  EXPECT_EQ(told->error().code, 503);
}

TEST_F(Subscription, ABufferHoldsItsLengthAndNoMore) {
  options.queue_length = 3;
  subscribe();
  hub.begin({1, 0});
  deliver(1, 3);
  EXPECT_EQ(s->waiting(), 3U);
  EXPECT_EQ(hub.members.size(), 1U);
  deliver(4, 5);
  EXPECT_EQ(hub.members.size(), 0U) << "nothing more comes to who was too slow";
  EXPECT_EQ(waiting(), (strings{"1", "2", "3", "e:429"}));
}

TEST_F(Subscription, TheErrorSaysWhereToGoOn) {
  options.queue_length = 1;
  subscribe();
  hub.begin({7, 0});
  hub.deliver(message(1, "x", 7));
  hub.deliver(message(2, "x", 7));
  s->take();
  try {
    s->take();
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(*e.data.find("epoch"), value{7});
    EXPECT_EQ(*e.data.find("offset"), value{1});
  }
}

TEST_F(Subscription, ABufferHoldsItsBytesAndNoMore) {
  options.queue_size = 2 * message(1)->item().size();
  subscribe();
  hub.begin({1, 0});
  deliver(1, 2);
  EXPECT_EQ(hub.members.size(), 1U);
  deliver(3, 3);
  EXPECT_EQ(waiting(), (strings{"1", "2", "e:429"}));
}

TEST_F(Subscription, OneMessageFitsHoweverLargeItIs) {
  options.queue_size = 1;
  subscribe();
  hub.begin({1, 0});
  deliver(1, 1);
  EXPECT_EQ(waiting(), (strings{"1"}));
}

TEST_F(Subscription, HistoryCountsTowardsNoLimit) {
  options.queue_length = 2;
  subscribe();
  hub.begin({1, 0}, {message(1), message(2), message(3), message(4)});
  deliver(5, 6);
  EXPECT_EQ(waiting(), (strings{"1", "2", "3", "4", "5", "6"}));
  deliver(7, 9);
  EXPECT_EQ(waiting(), (strings{"7", "8", "e:429"}));
}

TEST_F(Subscription, DropsTheOldestButNoNotice) {
  options.queue_length = 3;
  options.overflow = overflow::drop_oldest;
  subscribe();
  hub.begin({1, 0});
  deliver(1, 2);
  hub.deliver(notice(1, 4));
  deliver(5, 8);
  EXPECT_EQ(s->dropped(), 4U);
  EXPECT_EQ(waiting(), (strings{"lost 4", "7", "8"}));
}

TEST_F(Subscription, ConflatesByKey) {
  options.overflow = overflow::conflate;
  options.conflate_by = "k";
  options.queue_length = 3;
  subscribe();
  hub.begin({1, 0});
  std::uint64_t offset = 0;
  for (const char* key : {"a", "b", "a", "b", "c", "a"}) hub.deliver(message(++offset, value::map({{"k", key}})));
  EXPECT_EQ(waiting(), (strings{"4", "5", "6"}));
  for (const char* key : {"a", "b", "c", "d"}) hub.deliver(message(++offset, value::map({{"k", key}})));
  EXPECT_EQ(waiting(), (strings{"8", "9", "10"}));
}

TEST_F(Subscription, WhatHasNoKeyHasOneKey) {
  options.overflow = overflow::conflate;
  options.conflate_by = "k";
  subscribe();
  hub.begin({1, 0});
  hub.deliver(message(1, 7));
  hub.deliver(message(2, value::map({{"other", 1}})));
  hub.deliver(message(3, value::map({{"k", 1}})));
  EXPECT_EQ(waiting(), (strings{"2", "3"}));
}

task<void> read(subscription& s, strings& out) {
  for (;;) {
    const publication_ptr p = co_await s.next();
    out.push_back(std::to_string(p->at().offset));
  }
}

TEST_F(Subscription, WakesWhoWaits) {
  manual_loop loop;
  scope scope{loop};
  subscribe();
  hub.begin({1, 0});
  strings got;
  auto t = read(*s, got);
  t.start(scope);
  deliver(1, 2);
  EXPECT_EQ(got, (strings{"1", "2"}));
  scope.cancel();
  ASSERT_TRUE(t.done());
  EXPECT_THROW(t.take(), cancelled);
  deliver(3, 3);
  EXPECT_EQ(waiting(), (strings{"3"}));
}

TEST_F(Subscription, SharesTheMessage) {
  subscribe();
  hub.begin({1, 0});
  const auto p = message(1);
  hub.deliver(p);
  EXPECT_EQ(s->take(), p);
}

} // namespace
} // namespace swill::detail
