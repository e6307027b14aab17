#include "libswill/redis/outage_log.hpp"
#include "libswill/redis/script.hpp"
#include "tests/redis/fake_redis.hpp"
#include "tests/redis/fixture.hpp"
#include "tests/support/patience.hpp"

#include <atomic>

// What a client makes of a Redis that is the wrong one, or sends what no Redis sends.

namespace swill::redis {
namespace {

using test::fake_redis;
using test::redis_server;

/// A name that a test moves from one address to another.
struct moving_name {
  std::shared_ptr<std::atomic<int>> port = std::make_shared<std::atomic<int>>(0);
  options address(const redis_server& first) const {
    *port = first.port();
    options o = address_of("redis://the.name:1");
    o.look_up = [p = port](const std::string&) { return std::vector{"127.0.0.1:" + std::to_string(*p)}; };
    return o;
  }
};

const std::vector<std::string> writes{"SET", "a", "1"};

TEST(RedisTrust, LeavesAReplicaAndLooksTheNameUpAgain) {
  redis_server one;
  redis_server two;
  loop_thread t;
  const moving_name name;
  driven_client c{t, name.address(one)};
  EXPECT_EQ(c.up().ask(writes), "OK");

  one.ask("REPLICAOF 127.0.0.1 " + std::to_string(two.port())); // and lives on
  *name.port = two.port();
  EXPECT_EQ(c.code_of(writes), 503);
  EXPECT_FALSE(c.states.take());

  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(c.up().ask(writes), "OK");
  EXPECT_LT(std::chrono::steady_clock::now() - before, patient(1s));
}

TEST(RedisTrust, DoesNotComeUpAtAReplicaWhenItHasACheck) {
  redis_server one;
  redis_server two;
  one.ask("REPLICAOF 127.0.0.1 " + std::to_string(two.port()));
  loop_thread t;
  const moving_name name;
  driven_client c{t, name.address(one), access_check({{"DEL", "nothing"}})};

  EXPECT_FALSE(c.states.take()); // once, however often it is tried
  *name.port = two.port();
  EXPECT_TRUE(c.states.take());
}

/// The lines of a log.
struct lines {
  box<std::string> all;
  const log_sink sink = [this](const log_entry& e) {
    if (e.level >= log_level::info) all.put(std::string{e.text});
  };
};

TEST(RedisTrust, SaysWhichRightsAreMissing) {
  redis_server server{{.users = {"user default off", "user ann on >secret ~swill:* resetchannels +@all -get"}}};
  loop_thread t;
  lines log;
  const auto at = address_of("redis://ann:secret@127.0.0.1:" + std::to_string(server.port()));
  driven_client c{t, at,
                  access_check({{"DEL", "swill:a"}, {"GET", "swill:a"}, {"PUBLISH", "swill:c", ""}, {"DEL", "b"}}),
                  &log.sink};

  EXPECT_FALSE(c.states.take());
  const std::string line = log.all.take();
  EXPECT_NE(line.find("NOPERM its user may not use GET, PUBLISH, DEL ("), std::string::npos) << line;
  EXPECT_NE(line.find("it is tried again"), std::string::npos) << line;
}

TEST(RedisTrust, RightsThatAreTakenAwayAreNoticed) {
  redis_server server{{.users = {"user default on nopass ~* &* +@all", "user ann on >secret ~* &* +@all"}}};
  loop_thread t;
  const auto at = address_of("redis://ann:secret@127.0.0.1:" + std::to_string(server.port()));
  driven_client c{t, at, access_check({{"SET", "a", "", "XX"}})};
  EXPECT_EQ(c.up().ask(writes), "OK");

  server.ask("ACL SETUSER ann -set");
  EXPECT_NE(c.code_of(writes), 0);
  EXPECT_FALSE(c.states.take());
  EXPECT_EQ(c.code_of(writes), 503); // until it may again
  server.ask("ACL SETUSER ann +set");
  EXPECT_EQ(c.up().ask(writes), "OK");
}

TEST(RedisTrust, EndsAConnectionWhoseReplyHasTheWrongShape) {
  struct no_names {};
  static const script_of<no_names> count{"return 1", is_number};
  for (const char* const reply : {"+OK\r\n", "*0\r\n", "$-1\r\n", "$1\r\n1\r\n", "*1\r\n:1\r\n"}) {
    fake_redis server{[&](const auto&) { return reply; }};
    loop_thread t;
    driven_client c{t, address_of(server.address())};
    c.up();
    box<std::int64_t> code;
    t.on_loop(
        [&] { script_call{count}.run(c.get(), [&](result<redis::reply> r) { code.put(r ? 0 : r.error().code); }); });

    EXPECT_EQ(code.take(), 503) << reply;
    EXPECT_FALSE(c.states.take()) << reply;
  }
}

TEST(RedisTrust, BoundsReplies) {
  std::string many = "*1000\r\n";
  for (int i = 0; i < 20; ++i) {
    many += "*10\r\n";
    for (int k = 0; k < 10; ++k) many += ":1\r\n";
  }
  const std::vector<std::string> hostile{
      "*2147483647\r\n", // memory for pointers alone: 16 GB
      "$2000000000\r\n", // said, and never sent
      "*2\r\n$5\r\nhello\r\n$999999999\r\n",
      "$70000\r\n" + std::string(70'000, 'x') + "\r\n",
      many,
  };
  for (const std::string& reply : hostile) {
    fake_redis server{[&](const auto&) { return reply; }};
    loop_thread t;
    options o = address_of(server.address());
    o.reply_size = 64 * 1024;
    o.reply_elements = 1100;
    o.command_timeout = 60s;
    driven_client c{t, o};
    c.up();

    EXPECT_EQ(c.code_of({"GET", "a"}), 503) << reply.substr(0, 20);
    EXPECT_FALSE(c.states.take());
  }
}

TEST(RedisTrust, TakesRepliesUpToTheirBounds) {
  const std::string text(1000, 'x');
  fake_redis server{[&](const auto&) { return "*3\r\n$1000\r\n" + text + "\r\n:1\r\n*1\r\n+y\r\n"; }};
  loop_thread t;
  options o = address_of(server.address());
  o.reply_size = 2000;
  o.reply_elements = 4;
  driven_client c{t, o};
  c.up();

  for (int i = 0; i < 10; ++i) EXPECT_EQ(c.code_of({"GET", "a"}), 0); // each has the whole bound
}

TEST(RedisTrust, KnowsWhatIsNoRedis) {
  fake_redis server{[](const auto&) { return "+OK\r\n"; }};
  loop_thread t;
  options o = address_of(server.address());
  driven_client c{t, o, {"EVAL", "return 1", "0"}};
  EXPECT_TRUE(c.states.take()); // a check is only about errors
  o.connect_timeout = 200ms;
  o.database = 1;
  fake_redis deaf{[](const auto&) { return ":1\r\n"; }};
  o.port = address_of(deaf.address()).port;
  driven_client other{t, o};
  EXPECT_FALSE(other.states.take()); // SELECT is answered with OK
}

TEST(OutageLog, SaysInOneLineWhoNeedsIt) {
  redis_server server;
  server.kill();
  loop_thread t;
  lines log;
  const options o = address_of(server.address());
  o.outages->add_user("sessions");
  o.outages->add_user("topics");
  {
    driven_client one{t, o, {}, &log.sink}, two{t, o, {}, &log.sink}, three{t, o, {}, &log.sink};
    for (auto* c : {&one, &two, &three}) EXPECT_FALSE(c->states.take());

    const std::string line = log.all.take();
    EXPECT_NE(
        line.find("Connection refused; sessions and topics fail with 503 until it is there, and it is tried again"),
        std::string::npos)
        << line;
    EXPECT_TRUE(log.all.empty());
    server.restart();
    for (auto* c : {&one, &two, &three}) c->up();
    EXPECT_TRUE(log.all.take().ends_with(": connected")); // for the first time
  }
  EXPECT_TRUE(log.all.empty());
}

TEST(OutageLog, SaysAgainOnlyOfWhatWasConnectedBefore) {
  outage_log outages;
  lines log;
  const logger to{&log.sink};
  const int links[2] = {};
  const auto go_down_and_up = [&] {
    for (const int& l : links) outages.down(&l, "x", outage_log::reason::unreachable, "refused", "", to);
    log.all.take();
    for (const int& l : links) outages.up(&l, "x", to);
    return log.all.take();
  };

  const std::string first = go_down_and_up();
  const std::string second = go_down_and_up();

  EXPECT_EQ(first, "Redis at x: connected");
  EXPECT_EQ(second, "Redis at x: connected again");
}

TEST(OutageLog, NamesOnlyWhomARefusalConcerns) {
  outage_log outages;
  lines log;
  const logger to{&log.sink};
  for (const char* user : {"sessions", "topics"}) outages.add_user(user);
  const int links[3] = {};

  outages.down(&links[0], "x", outage_log::reason::refused, "NOPERM PUBLISH", "topics", to);
  outages.down(&links[1], "x", outage_log::reason::refused, "NOPERM PUBLISH", "topics", to); // its other connection
  EXPECT_EQ(log.all.take().substr(0, 51), "Redis at x: NOPERM PUBLISH; topics fail with 503 un");
  outages.down(&links[2], "x", outage_log::reason::wrong, "READONLY", "sessions", to);
  EXPECT_EQ(log.all.take().substr(0, 42), "Redis at x: READONLY; sessions and topics ");
  EXPECT_TRUE(log.all.empty());
}

TEST(OutageLog, ShowsWhatRedisSaysOnOneLine) {
  outage_log outages;
  lines log;
  const int link = 0;
  outages.down(&link, "x", outage_log::reason::refused, "ERR a\n2026 info forged", "topics", logger{&log.sink});
  EXPECT_EQ(log.all.take().substr(0, 47), "Redis at x: ERR a\\x0a2026 info forged; topics f");
}

TEST(RefusalWord, IsFoundInWhatAScriptOfRedis6Says) {
  EXPECT_EQ(refusal_word("READONLY You can't write against a read only replica."), "READONLY");
  EXPECT_EQ(
      refusal_word("ERR Error running script (call to f_1): @user_script:2: @user_script: 2: -READONLY You can't"),
      "READONLY");
  EXPECT_EQ(refusal_word("ERR unknown command"), "ERR");
  EXPECT_EQ(refusal_word("ERR The user executing the script can't publish to the channel mentioned in the command"),
            "NOPERM");
}

} // namespace
} // namespace swill::redis
