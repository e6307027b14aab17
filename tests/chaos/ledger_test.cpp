#include "tests/chaos/ledger.hpp"

#include <gmock/gmock.h>

// The check of the check: a ledger must find what these tests look for.

namespace swill::chaos {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Two messages, acknowledged, and a subscriber from the beginning.
struct Ledger : testing::Test {
  Ledger() : s(book.add_subscriber("s")) {
    for (const std::uint64_t i : {1U, 2U}) {
      const std::string id = "m" + std::to_string(i);
      book.tried(id);
      book.acknowledged(id, {7, i});
    }
    book.began(s, {7, 0}, true);
  }
  ledger book;
  std::size_t s;
};

TEST_F(Ledger, IsContentWithEverythingOnceInOrder) {
  book.delivered(s, 1, "m1");
  book.began(s, {7, 1}, true);
  book.delivered(s, 2, "m2");

  EXPECT_THAT(book.problems(), IsEmpty());
  EXPECT_TRUE(book.wait_for_all(0ms));
}

TEST_F(Ledger, FindsWhatNeverCame) {
  book.delivered(s, 1, "m1");

  EXPECT_THAT(book.problems(), ElementsAre(HasSubstr("m2, acknowledged at 7/2, never came")));
  EXPECT_FALSE(book.wait_for_all(0ms));
}

TEST_F(Ledger, FindsSilentGapsAndWhatIsOutOfOrder) {
  book.delivered(s, 2, "m2");
  book.delivered(s, 1, "m1");

  EXPECT_THAT(book.problems(), ElementsAre(HasSubstr("a silent gap"), HasSubstr("out of order")));
}

TEST_F(Ledger, LetsASubscriberMissWhatItsTopicDropsButNothingElse) {
  book.delivered(s, 1, "m1");
  book.delivered(s, 2, "m2");
  const std::size_t slow = book.add_subscriber("t", true);
  book.began(slow, {7, 0}, true);
  book.delivered(slow, 2, "m2");
  EXPECT_THAT(book.problems(), IsEmpty());
  EXPECT_TRUE(book.has(slow, "m2"));
  EXPECT_FALSE(book.has(slow, "m1"));

  book.delivered(slow, 1, "m1");
  EXPECT_THAT(book.problems(), ElementsAre(HasSubstr("out of order")));
}

TEST_F(Ledger, FindsDuplicatesUnderAnotherOffset) {
  book.delivered(s, 1, "m1");
  book.delivered(s, 2, "m2");
  book.delivered(s, 3, "m1");

  EXPECT_THAT(book.problems(), ElementsAre(HasSubstr("came before")));
}

TEST_F(Ledger, FindsWhatNobodyPublished) {
  book.delivered(s, 1, "m1");
  book.delivered(s, 2, "m2");
  book.delivered(s, 3, "x");

  EXPECT_THAT(book.problems(), ElementsAre(HasSubstr("published by nobody")));
}

TEST_F(Ledger, FindsDifferentOrdersOfTwoSubscribers) {
  book.delivered(s, 1, "m1");
  book.delivered(s, 2, "m2");
  const std::size_t other = book.add_subscriber("t");
  book.began(other, {7, 0}, true);
  book.delivered(other, 1, "m2");
  book.delivered(other, 2, "m1");

  EXPECT_THAT(book.problems(), testing::Contains(HasSubstr("was m1 for another subscriber")));
}

TEST_F(Ledger, FindsASubscriptionThatGoesOnElsewhereThanItShould) {
  book.delivered(s, 1, "m1");
  book.began(s, {7, 2}, true);

  EXPECT_THAT(book.problems(), ElementsAre(HasSubstr("wanted to go on behind 7/1"), HasSubstr("m2")));
}

TEST_F(Ledger, ExcusesWhatASubscriberWasToldThatItMissed) {
  book.delivered(s, 1, "m1");
  book.noticed(s, {8, 0});
  book.delivered(s, 1, "m2"); // its publisher has tried again

  EXPECT_THAT(book.problems(true), IsEmpty());
  EXPECT_EQ(book.notice_count(), 1U);
}

TEST_F(Ledger, DoesNotExcuseWhatComesAfterANotice) {
  book.delivered(s, 1, "m1");
  book.noticed(s, {8, 0});
  book.tried("m3");
  book.acknowledged("m3", {8, 1});

  EXPECT_THAT(book.problems(true), ElementsAre(HasSubstr("m3, acknowledged at 8/1, never came")));
}

} // namespace
} // namespace swill::chaos
