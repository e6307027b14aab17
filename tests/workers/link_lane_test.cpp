#include "actors/workers/link_lane.hpp"

#include "tests/actors/world.hpp"

#include <string>
#include <vector>

// A lane and the peer it speaks to on one loop: when batches leave, and who is told that there is room again.

namespace swill::actors::workers {
namespace {

using namespace swill::test;

/// Keeps what a lane sends, and answers when the test says so.
class silent_peer final : public link_endpoint {
public:
  using link_endpoint::link_endpoint;
  const char* name() const override { return "test.peer"; }
  std::vector<std::vector<char>> batches;
  std::uint64_t received = 0;

  /// An acknowledgement of all that has come, and nothing else.
  void acknowledge() {
    std::vector<char> batch(token_size + sizeof received);
    std::memcpy(batch.data() + token_size, &received, sizeof received);
    send_to(lane_, as_bytes(std::string_view{batch.data(), batch.size()}));
  }

private:
  void on_batch(std::vector<char>& batch, const caf::strong_actor_ptr& sender) override {
    lane_ = sender;
    if (batch.size() > token_size + sizeof received) received += batch.size();
    batches.push_back(batch);
  }
  caf::strong_actor_ptr lane_;
};

/// Writes records, and one more at the last moment when it is told to.
class probe final : public link_lane {
public:
  using link_lane::link_lane;
  const char* name() const override { return "test.lane"; }
  void write_bytes(std::size_t n) { write(record::further, 1, 1, bytes(n)); }
  bool has_late_record = false;
  int times_of_room = 0;

private:
  void on_record(record, std::uint32_t, std::uint32_t, bytes_view, const caf::strong_actor_ptr&) override {}
  void on_broken() override { FAIL(); }
  void on_room() override { ++times_of_room; }
  void before_flush() override {
    if (std::exchange(has_late_record, false)) write(record::taken, 1, 1, 1U);
  }
};

constexpr std::size_t window = 1000;

struct LinkLane : testing::Test {
  app a;
  test_server s{a};
  unit& u = s.runtime().unit_of(s.loop());
  caf::strong_actor_ptr lane_actor = spawn_on<probe>(u, window);
  caf::strong_actor_ptr peer_actor = spawn_on<silent_peer>(u);
  probe& l = as<probe>(lane_actor);
  silent_peer& peer = as<silent_peer>(peer_actor);

  LinkLane() { l.set_peer(peer_actor); }
  ~LinkLane() override {
    l.quit();
    peer.quit();
    s.run();
  }
};

TEST_F(LinkLane, GathersWhatIsWrittenWhileABatchIsUnderWay) {
  l.write_bytes(10);
  s.run();
  ASSERT_EQ(peer.batches.size(), 1U);
  l.write_bytes(10);
  l.write_bytes(10);
  s.run();
  EXPECT_EQ(peer.batches.size(), 1U) << "the first has not arrived";

  peer.acknowledge();
  s.run();

  EXPECT_EQ(peer.batches.size(), 2U);
}

TEST_F(LinkLane, SendsWhatIsWrittenAtTheLastMomentThoughNothingElseIs) {
  l.write_bytes(10);
  s.run();
  l.has_late_record = true;
  l.flush_later();
  s.run();
  ASSERT_EQ(peer.batches.size(), 1U) << "the first has not arrived";

  peer.acknowledge();
  s.run();

  EXPECT_EQ(peer.batches.size(), 2U);
  EXPECT_FALSE(l.has_late_record);
}

TEST_F(LinkLane, TellsOfRoomWhoeverWasToldThatThereIsNone) {
  l.write_bytes(600);
  s.run();
  l.write_bytes(600); // gathered: it fills the window with what is under way
  EXPECT_FALSE(l.has_room());
  s.run();
  EXPECT_EQ(l.times_of_room, 0);

  peer.acknowledge();
  s.run();

  EXPECT_TRUE(l.has_room());
  EXPECT_EQ(l.times_of_room, 1);
}

TEST_F(LinkLane, TellsNobodyOfRoomWhereNobodyAsked) {
  l.write_bytes(2000);
  s.run();
  peer.acknowledge();
  s.run();
  EXPECT_EQ(l.times_of_room, 0);
}

} // namespace
} // namespace swill::actors::workers
