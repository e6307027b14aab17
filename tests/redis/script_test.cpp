#include "libswill/redis/script.hpp"

#include "tests/redis/fixture.hpp"

namespace swill::redis {
namespace {

struct no_names {};
struct pair_names {
  static constexpr auto keys = names("key");
  static constexpr auto arguments = names("word");
};
struct row_names {
  static constexpr auto keys = names(pair_names::keys, "other");
  static constexpr auto arguments = names("first", "second");
  static constexpr auto each_keys = names("hash");
  static constexpr auto each_arguments = names("field", "value");
};

std::string text_of(const reply_view& r) {
  if (r.is_integer()) return std::to_string(r.integer());
  if (!r.is_array()) return std::string{r.text()};
  std::string all;
  for (std::size_t i = 0; i < r.size(); ++i) all += (i == 0 ? "" : " ") + text_of(r[i]);
  return all;
}

std::string run(loop_thread& t, client& c, const script_values& call) {
  box<result<std::string>> answer;
  t.on_loop([&] {
    call.run(c, [&answer](result<reply> r) {
      if (!r) return answer.put(r.error());
      answer.put(text_of(*r));
    });
  });
  return answer.take().value();
}

std::string run(loop_thread& t, client& c, const script_of<pair_names>& s, const std::string& key,
                const std::string& word) {
  script_call call{s};
  call.set("key", key);
  call.set("word", word);
  return run(t, c, call);
}

TEST(RedisScript, KnowsItsDigest) {
  EXPECT_EQ(script_of<no_names>{"return 1"}.digest(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
  EXPECT_EQ(script_of<no_names>{""}.digest(), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(script_of<no_names>{std::string(1000, 'a')}.digest(), "291e9a6c66994949b57ba5e650361e98fc36b1ba");
}

TEST(RedisScript, IsSentInFullWhereItIsNotKnown) {
  test::redis_server server;
  loop_thread t;
  driven_client c{t, address_of(server.address())};
  c.up();
  const script_of<pair_names> s{"redis.call('SET', key, word) return redis.call('GET', key) .. '!'"};

  EXPECT_EQ(run(t, c.get(), s, "k", "new"), "new!");
  EXPECT_EQ(c.ask({"EVALSHA", s.digest(), "1", "k", "known"}), "known!");
  c.ask({"SCRIPT", "FLUSH"});
  EXPECT_EQ(run(t, c.get(), s, "k", "flushed"), "flushed!");
}

TEST(RedisScript, IsSentInFullOnceAConnection) {
  test::redis_server server;
  const script_of<pair_names> s{"return redis.call('RPUSH', key, word)"};
  for (int connection = 1; connection <= 2; ++connection) {
    loop_thread t;
    driven_client c{t, address_of(server.address())};
    c.up();
    box<bool> last;
    t.on_loop([&] {
      script_call call{s};
      call.set("key", "list");
      for (const char* word : {"a", "b"}) {
        call.set("word", word);
        call.run(c.get(), {});
      }
      call.set("word", "c");
      call.run(c.get(), [&](const result<reply>&) { last.put(true); });
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

  EXPECT_THROW(run(t, c.get(), script_of<pair_names>{"return redis.error_reply('MINE no')"}, "k", "a"), error);
}

TEST(RedisScript, GetsItsValuesByName) {
  test::redis_server server;
  loop_thread t;
  driven_client c{t, address_of(server.address())};
  c.up();
  const script_of<row_names> s{R"lua(
local all = {key, other, first, second}
for _, one in ipairs(each) do
  for _, name in ipairs({'hash', 'field', 'value'}) do all[#all + 1] = one[name] end
end
return all)lua"};
  script_call call{s};
  call.set("second", true); // in any order
  call.set("first", "a", std::string_view{"b"}, 12U, -3);
  call.set("other", std::string{"o"});
  call.set("key", "before");
  call.set("key", "k"); // the last one counts
  EXPECT_EQ(run(t, c.get(), call), "k o ab12-3 1");

  auto one = call.add();
  auto two = call.add();
  two.set("value", "v2");
  one.set("hash", "h1");
  two.set("hash", "h2");
  one.set("value", "v1");
  one.set("field", "f1");
  two.set("field", "f2");
  EXPECT_EQ(run(t, c.get(), call), "k o ab12-3 1 h1 f1 v1 h2 f2 v2");
}

TEST(RedisScript, IsNotRunWithoutAValue) {
  const script_of<row_names> s{"return 1"};
  const auto without = [&s](const std::string& name) {
    script_call call{s};
    call.set("key", "k");
    call.set("other", "o");
    call.set("first", "1");
    if (name != "second") call.set("second", "2");
    auto complete = call.add();
    complete.set("hash", "h");
    complete.set("field", "f");
    complete.set("value", "v");
    auto one = call.add();
    if (name != "hash") one.set("hash", "h");
    one.set("field", "f");
    if (name != "value") one.set("value", "v");
    std::string command;
    try {
      call.append_to(command);
    } catch (const std::logic_error& e) {
      return std::string{e.what()};
    }
    return command;
  };

  EXPECT_EQ(without("second"), "a script is run without its second");
  EXPECT_EQ(without("hash"), "a script is run without its hash");
  EXPECT_EQ(without("value"), "a script is run without its value");
  EXPECT_TRUE(without("nothing").starts_with("$1\r\n4\r\n$1\r\nk\r\n")) << without("nothing");
}

// A name that the script does not have does not compile.
struct second {
  static constexpr std::string_view name = "second";
};
struct third {
  static constexpr std::string_view name = "third";
};
template <class Names, class Word>
concept has = requires {
  typename std::integral_constant<bool, detail::place_of(Word::name, Names::keys, Names::arguments).is_key>;
};
static_assert(has<row_names, second> && !has<row_names, third>);

} // namespace
} // namespace swill::redis
