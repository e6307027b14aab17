#include "tests/chaos/cluster.hpp"
#include "tests/chaos/forwarder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <poll.h>

// Another Redis takes over under the same name, or the same comes back with older state.

namespace swill::chaos {
namespace {

/// From the moment that the name stands for the new primary.
const milliseconds most_until_moved = patient(1000ms);

TEST(RedisFailover, TheNameMovesToAReplicaAndNothingIsLost) {
  const temporary_directory directory;
  test::redis_options durable;
  durable.append_only = true;
  durable.more = {"--repl-diskless-sync-delay", "0"};
  test::redis_server one{durable};
  test::redis_server two{durable};
  two.ask("REPLICAOF 127.0.0.1 " + std::to_string(one.port()));
  const auto is_linked = [&](test::redis_server& replica) {
    return replica.ask("INFO replication").find("master_link_status:up") != std::string::npos;
  };
  ASSERT_TRUE(eventually([&] { return is_linked(two); }));
  forwarder name{one.port()};
  const auto arguments = cluster::arguments("redis://127.0.0.1:" + std::to_string(name.port()), directory);
  gateway first{"first", arguments}, second{"second", arguments};
  const addresses urls{first.url(), second.url()};
  load messages{urls, 3, 4};
  visitor visits{urls};

  test::redis_server* primary = &one;
  test::redis_server* replica = &two;
  const int rounds = scaled(2, 10);
  for (int round = 0; round < rounds; ++round) {
    ASSERT_TRUE(messages.wait_for_acknowledged(50));
    // Redis itself sees to it that the replica has everything; the old primary lives on as a replica of the new.
    primary->ask("FAILOVER TO 127.0.0.1 " + std::to_string(replica->port()));
    ASSERT_TRUE(eventually([&] { return replica->ask("ROLE").find("master") != std::string::npos; }));
    ASSERT_TRUE(messages.wait_for_failures(3));
    name.move(replica->port());
    const auto moved = clock::now();
    std::swap(primary, replica);

    const std::size_t visited = visits.calls.successes();
    const auto resumed = messages.book.resumed_after(moved);
    ASSERT_TRUE(resumed) << "deliveries do not resume";
    EXPECT_LE(*resumed, most_until_moved);
    ASSERT_TRUE(eventually([&] { return visits.calls.successes() > visited; })) << "sessions do not come back";
    EXPECT_LE(since(moved), 2 * most_until_moved);
    report("deliveries resumed " + std::to_string(resumed->count()) + " ms after the name had moved");
    ASSERT_TRUE(eventually([&] { return is_linked(*replica); }));
  }
  messages.finish_and_check();
  EXPECT_TRUE(visits.problems().empty()) << visits.problems().front();
}

TEST(RedisFailover, ComingBackWithOlderStateEverySubscriberIsTold) {
  cluster all{2};
  load messages{all.urls(), 3, 4};
  // "*2 $3 dir $n PATH"
  std::string path = all.redis.ask("CONFIG GET dir");
  path = path.substr(path.find('/'));
  path.resize(path.find('\r'));
  const std::filesystem::path now = std::filesystem::path{path} / "appendonlydir";
  const std::filesystem::path then = std::filesystem::path{path} / "older";
  const auto whole = std::filesystem::copy_options::recursive;
  const int rounds = scaled(1, 5);
  for (int round = 0; round < rounds; ++round) {
    ASSERT_TRUE(messages.wait_for_acknowledged(20));
    std::filesystem::remove_all(then);
    std::filesystem::copy(now, then, whole); // what an AOF holds at any time is a state that Redis was in
    ASSERT_TRUE(messages.wait_for_acknowledged(50));
    const std::size_t notices = messages.book.notice_count();
    const auto before = messages.book.at(0);

    all.redis.kill();
    std::filesystem::remove_all(now);
    std::filesystem::copy(then, now, whole);
    ASSERT_TRUE(messages.wait_for_failures(3));
    all.redis.restart();
    const auto back = clock::now();

    ASSERT_TRUE(messages.book.resumed_after(back)) << "deliveries do not resume";
    EXPECT_EQ(messages.book.notice_count() - notices, messages.subscribers.size()) << "one notice for each";
    EXPECT_NE(messages.book.at(0)->epoch, before->epoch);
  }
  messages.finish_and_check(true);
}

} // namespace
} // namespace swill::chaos
