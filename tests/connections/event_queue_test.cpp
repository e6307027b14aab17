#include "actors/connections/detail/event_queue.hpp"

#include "tests/connections/world.hpp"

namespace swill::test {
namespace {

using detail::event_queue;

connection_event connected(const std::string& user, std::uint64_t missed = 0) {
  connection_event e;
  e.user = user;
  e.missed = missed;
  return e;
}

strings all(event_queue& q) {
  strings out;
  while (!q.empty()) out.push_back(text_of(*q.take()));
  return out;
}

TEST(EventQueue, HoldsAsManyAsItMay) {
  event_queue q{{}, 2};

  q.push(connected("a"));
  q.push(connected("b"));

  EXPECT_EQ(all(q), (strings{"connected a", "connected b"}));
}

TEST(EventQueue, DropsTheOldestBeyondThatAndCountsThem) {
  event_queue q{{}, 2};

  for (const char* user : {"a", "b", "c", "d"}) q.push(connected(user));

  EXPECT_EQ(all(q), (strings{"connected c missed 2", "connected d"}));
}

TEST(EventQueue, OfOneKeepsTheNewest) {
  event_queue q{{}, 1};

  for (const char* user : {"a", "b", "c"}) q.push(connected(user));

  EXPECT_EQ(all(q), strings{"connected c missed 2"});
}

TEST(EventQueue, PassesOnWhatWasLostBeforeAnEventThatDoesNotFit) {
  event_queue q{with(&event_filter::user, "ann"), 4};

  q.push(connected("bob", 3));
  q.push(connected("ann"));
  q.push(connected("ann"));

  EXPECT_EQ(all(q), (strings{"connected ann missed 3", "connected ann"}));
}

TEST(EventFilter, FitsByEverythingThatIsSet) {
  connection_event e = connected("ann");
  e.node = "n1";
  e.remote_address = "10.0.0.7";
  connection_event left;
  left.event = connection_event_kind::node_left;
  left.node = "n2";

  const auto fits = [](const std::string& node, const std::string& user, const std::string& address,
                       const connection_event& about) {
    event_filter f;
    f.node = node;
    f.user = user;
    f.remote_address = address;
    return f.fits(about);
  };

  EXPECT_TRUE(fits("", "", "", e));
  EXPECT_TRUE(fits("n1", "ann", "10.0.", e));
  EXPECT_FALSE(fits("n2", "ann", "10.0.", e));
  EXPECT_FALSE(fits("", "bob", "", e));
  EXPECT_FALSE(fits("", "", "10.1.", e));
  EXPECT_TRUE(fits("", "ann", "", left));
  EXPECT_FALSE(fits("n1", "", "", left));
}

} // namespace
} // namespace swill::test
