#include "libswill/redis/script.hpp"

#include "tests/redis/fixture.hpp"

namespace swill::redis {
namespace {

std::string run(loop_thread& t, client& c, const script& s, const std::string& key, const std::string& argument) {
  box<result<std::string>> answer;
  t.on_loop([&] {
    s.run(c, {key}, {argument}, [&answer](result<reply> r) {
      if (!r) return answer.put(r.error());
      answer.put(std::string{r->text()});
    });
  });
  return answer.take().value();
}

TEST(RedisScript, KnowsItsDigest) {
  EXPECT_EQ(script{"return 1"}.digest(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
  EXPECT_EQ(script{""}.digest(), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(script{std::string(1000, 'a')}.digest(), "291e9a6c66994949b57ba5e650361e98fc36b1ba");
}

TEST(RedisScript, IsSentInFullWhereItIsNotKnown) {
  test::redis_server server;
  loop_thread t;
  driven_client c{t, address_of(server.address())};
  c.up();
  const script s{"redis.call('SET', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1]) .. '!'"};

  EXPECT_EQ(run(t, c.get(), s, "k", "new"), "new!");
  EXPECT_EQ(c.ask({"EVALSHA", s.digest(), "1", "k", "known"}), "known!");
  c.ask({"SCRIPT", "FLUSH"});
  EXPECT_EQ(run(t, c.get(), s, "k", "flushed"), "flushed!");
}

TEST(RedisScript, IsSentInFullOnceAConnection) {
  test::redis_server server;
  const script s{"return redis.call('RPUSH', KEYS[1], ARGV[1])"};
  for (int connection = 1; connection <= 2; ++connection) {
    loop_thread t;
    driven_client c{t, address_of(server.address())};
    c.up();
    box<bool> last;
    t.on_loop([&] {
      for (const char* word : {"a", "b"}) s.run(c.get(), {"list"}, {word}, {});
      s.run(c.get(), {"list"}, {"c"}, [&](const result<reply>&) { last.put(true); });
    });
    last.take();

    const std::string counts = c.ask({"INFO", "commandstats"});
    const auto times = [&counts](const std::string& command, int n) {
      return counts.find("cmdstat_" + command + ":calls=" + std::to_string(n) + ",") != std::string::npos;
    };
    EXPECT_TRUE(times("eval", connection)) << counts;
    EXPECT_TRUE(times("evalsha", 2 * connection)) << counts;
    EXPECT_EQ(c.ask({"LINDEX", "list", "-1"}), "c");
  }
}

TEST(RedisScript, PassesOtherErrorsOn) {
  test::redis_server server;
  loop_thread t;
  driven_client c{t, address_of(server.address())};
  c.up();

  EXPECT_THROW(run(t, c.get(), script{"return redis.error_reply('MINE no')"}, "k", "a"), error);
}

} // namespace
} // namespace swill::redis
