#include "tests/chaos/cluster.hpp"
#include "tests/chaos/lists.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

// One gateway of several dies, or stands still, under load.

namespace swill::chaos {
namespace {

const milliseconds most_until_clean = patient(15000ms);

struct GatewayFaults : testing::Test {
  cluster all{3};
  load messages{all.urls(), 3, 6};

  /// Each subscriber is there once, and none of these ids is.
  bool is_clean(const ids_by_user& members, const std::set<std::string>& gone) const {
    const auto is_gone = [&](const auto& m) { return gone.count(m.second) != 0; };
    return messages.is_everybody_once(members) && std::none_of(members.begin(), members.end(), is_gone);
  }
  bool is_presence_clean(std::size_t place, const std::set<std::string>& gone) const {
    return is_clean(present(all.gateways[place]->url(), load_options{}.topic), gone);
  }
  bool is_registry_clean(std::size_t place, const std::set<std::string>& gone) const {
    return is_clean(listed(all.gateways[place]->url(), load_options{}.topic), gone);
  }

  /// Ids of the members that are connected to a gateway.
  std::set<std::string> members_at(std::size_t place) {
    std::set<std::string> ids;
    const auto members = present(all.gateways[place]->url(), load_options{}.topic);
    for (const auto& s : messages.subscribers) {
      if (s->place() != place) continue;
      for (auto [m, end] = members.equal_range(s->name()); m != end; ++m) ids.insert(m->second);
    }
    return ids;
  }

  /// Within 15 s from `t` presence and registry are right on all gateways but one.
  void expect_clean(clock::time_point t, std::size_t except, const std::set<std::string>& gone) {
    for (std::size_t i = 0; i < all.gateways.size(); ++i) {
      if (i == except) continue;
      EXPECT_TRUE(eventually([&] { return is_presence_clean(i, gone); })) << "presence at gateway " << i;
      EXPECT_TRUE(eventually([&] { return is_registry_clean(i, gone); })) << "registry at gateway " << i;
    }
    EXPECT_LE(since(t), most_until_clean);
    slowest_clean = std::max(slowest_clean, since(t));
  }

  /// Once messages flow and everybody is present: the ids that will end with a gateway.
  std::set<std::string> settled_members_at(std::size_t place) {
    EXPECT_TRUE(messages.wait_for_acknowledged(50));
    EXPECT_TRUE(eventually([&] { return is_presence_clean(place, {}); }));
    return members_at(place);
  }

  /// Deliveries go on after `t`, and all gateways but one forget the ids that are gone.
  void expect_going_on(clock::time_point t, std::size_t except, const std::set<std::string>& gone) {
    const auto resumed = messages.book.resumed_after(t);
    ASSERT_TRUE(resumed) << "deliveries do not resume";
    slowest_resumed = std::max(slowest_resumed, *resumed);
    expect_clean(t, except, gone);
  }

  /// In each round `end` ends another gateway and gives the time from which the others must do without it; then it is started again.
  template <class End>
  void replace_each(int rounds, End end) {
    for (int round = 0; round < rounds; ++round) {
      const std::size_t victim = static_cast<std::size_t>(round) % all.gateways.size();
      const auto gone = settled_members_at(victim);
      ASSERT_FALSE(gone.empty());

      const clock::time_point t = end(*all.gateways[victim]);

      ASSERT_NO_FATAL_FAILURE(expect_going_on(t, victim, gone));
      all.gateways[victim]->restart();
    }
    messages.finish_and_check();
  }

  milliseconds slowest_resumed{0};
  milliseconds slowest_clean{0};
};

TEST_F(GatewayFaults, ClientsOfAKilledOneGoOnElsewhere) {
  ASSERT_NO_FATAL_FAILURE(replace_each(scaled(2, 10), [](auto& victim) {
    victim.kill();
    return clock::now();
  }));
  report("everybody got messages again at most " + std::to_string(slowest_resumed.count()) +
         " ms after a gateway's death; presence and registry were clean after " +
         std::to_string(slowest_clean.count()) + " ms");
}

// A rolling restart. Subscriptions end at once: else they would hold their connections for drain_timeout, in which every call is refused.
TEST_F(GatewayFaults, ClientsOfOneThatIsReplacedGoOnElsewhereAtOnce) {
  milliseconds slowest_end{0};
  ASSERT_NO_FATAL_FAILURE(replace_each(scaled(2, 10), [&slowest_end](auto& victim) {
    const auto t = clock::now();
    EXPECT_EQ(victim.running().terminate(), 0);
    slowest_end = std::max(slowest_end, since(t));
    return t;
  }));
  EXPECT_LT(slowest_end, patient(3000ms)); // with what the end of sockets takes; drain_timeout is five seconds
  report("a gateway ended within " + std::to_string(slowest_end.count()) +
         " ms of SIGTERM; everybody got messages again at most " + std::to_string(slowest_resumed.count()) +
         " ms after it");
}

TEST_F(GatewayFaults, ClientsOfOneThatStandsStillGoOnElsewhere) {
  const int rounds = scaled(1, 3);
  for (int round = 0; round < rounds; ++round) {
    const std::size_t victim = static_cast<std::size_t>(round) % all.gateways.size();
    const auto gone = settled_members_at(victim);

    all.gateways[victim]->running().stop();
    const auto t = clock::now();

    ASSERT_NO_FATAL_FAILURE(expect_going_on(t, victim, gone)); // by the clients' pings

    // It was taken for dead, and comes back: with nobody.
    all.gateways[victim]->running().resume();
    const auto back = clock::now();
    expect_clean(back, all.gateways.size(), gone);
  }
  messages.finish_and_check();
  report("everybody got messages again at most " + std::to_string(slowest_resumed.count()) +
         " ms after a gateway stood still");
}

} // namespace
} // namespace swill::chaos
