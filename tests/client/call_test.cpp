#include "libswill/client/call.hpp"

#include "tests/client/fixture.hpp"

#include <gmock/gmock.h>

#include <vector>

namespace swill::test {
namespace {

class Call : public testing::Test {
protected:
  call_server server;
};

TEST_F(Call, CallsUnaryHandlers) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url());

    const int sum = co_await c.call<int>("add", std::pair{20, 22});
    const value dynamic = value::map({{"a", value::array({1, "x", nullptr})}});
    const auto echo = co_await c.call<value>("echo", dynamic);
    const auto text = co_await c.call<std::string>("echo", "text");
    co_await c.call("nop");

    EXPECT_EQ(sum, 42);
    EXPECT_EQ(echo, dynamic);
    EXPECT_EQ(text, "text");
  });
}

TEST_F(Call, CarriesLargeMessagesBothWays) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url());

    const auto blob = co_await c.call<std::string>("blob", 3'000'000);
    const auto echo = co_await c.call<std::string>("echo", std::string(900'000, 'y'));

    EXPECT_EQ(blob.size(), 3'000'000U);
    EXPECT_EQ(echo, std::string(900'000, 'y'));
  });
}

TEST_F(Call, StreamsResponses) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url());
    auto s = c.stream<int>("count", 10000);

    int count = 0;
    std::int64_t sum = 0;
    while (const auto item = co_await s.next()) {
      ++count;
      sum += *item;
    }

    EXPECT_EQ(count, 10000);
    EXPECT_EQ(sum, 50005000);
    EXPECT_TRUE(s.has_ended());
    EXPECT_FALSE(co_await s.next());
  });
}

TEST_F(Call, GivesTheItemsBeforeTheError) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url());
    auto s = c.stream<int>("count_and_fail", 3);

    std::vector<int> items;
    std::int64_t code = 0;
    try {
      while (const auto item = co_await s.next()) items.push_back(*item);
    } catch (const error& e) {
      code = e.code;
    }

    EXPECT_THAT(items, testing::ElementsAre(1, 2, 3));
    EXPECT_EQ(code, 410);
  });
}

TEST_F(Call, UploadsStreams) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url());
    auto u = c.upload<int, int>("sum");

    for (int i = 1; i <= 1000; ++i) EXPECT_TRUE(co_await u.write(i));
    const int sum = co_await u.finish();
    auto empty = c.upload<int, int>("sum");
    const int nothing_sent = co_await empty.finish();

    EXPECT_EQ(sum, 500500);
    EXPECT_EQ(nothing_sent, 0);
  });
}

TEST_F(Call, AnUploadFasterThanItsHandlerIsHeldBackAndLosesNothing) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url());
    auto u = c.upload<std::string, int>("slow_count");
    const std::string item(1000, 'x');

    for (int i = 0; i < 20'000; ++i) EXPECT_TRUE(co_await u.write(item));
    const int count = co_await u.finish();

    EXPECT_EQ(count, 20'000);
  });
}

TEST_F(Call, LearnsThatAnUploadWasAnsweredEarly) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url());
    auto u = c.upload<int, int>("first_two");

    co_await u.write(20);
    co_await u.write(22);
    const int answer = co_await u.result();
    const bool taken = co_await u.write(1);

    EXPECT_EQ(answer, 42);
    EXPECT_FALSE(taken);
  });
}

TEST_F(Call, StreamsBothWays) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url());
    auto d = c.duplex<std::string, std::string>("echo_stream");

    std::vector<std::string> got;
    for (int i = 0; i < 100; ++i) {
      co_await d.write(std::to_string(i));
      got.push_back((co_await d.next()).value_or("end"));
    }
    d.close_writing();
    const auto last = co_await d.next();

    EXPECT_EQ(got.size(), 100U);
    EXPECT_EQ(got.back(), "99");
    EXPECT_FALSE(last);
  });
}

task<int> write_all(const client_duplex<std::string, std::string>& d, int n) {
  for (int i = 0; i < n; ++i) co_await d.write(std::string(1000, 'x'));
  d.close_writing();
  co_return n;
}
task<int> read_all(const client_duplex<std::string, std::string>& d) {
  int n = 0;
  while (co_await d.next()) ++n;
  co_return n;
}

TEST_F(Call, ReadsAndWritesAtTheSameTime) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url());
    auto d = c.duplex<std::string, std::string>("echo_stream");

    const auto [written, read] = co_await when_all(write_all(d, 5000), read_all(d));

    EXPECT_EQ(written, 5000);
    EXPECT_EQ(read, 5000);
  });
}

TEST_F(Call, OpensAStreamBeforeItsFirstItem) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url());
    auto plain = c.duplex<int, std::string>("greet_first");
    auto with_metadata = c.duplex<int, std::string>("greet_first", metadata{{"a", 1}, {"b", 2}});

    const auto first = co_await plain.next();
    const auto second = co_await with_metadata.next();

    EXPECT_EQ(first, "hello 0");
    EXPECT_EQ(second, "hello 2");
  });
}

TEST_F(Call, CarriesMetadata) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url());

    const metadata with_user{{"user", "anna"}};
    const auto sent = co_await c.call<value>("metadata", nothing{}, with_user);
    auto unary = c.start<int>("both_metadata");
    const int three = co_await unary.result();
    auto streamed = c.stream<int>("stream_metadata", 2);
    co_await streamed.ready();
    const metadata& early = streamed.leading();
    while (co_await streamed.next()) {
    }

    EXPECT_EQ(sent, value::map({{"user", "anna"}}));
    EXPECT_EQ(three, 3);
    EXPECT_EQ(*unary.leading().find("lead"), value{1});
    EXPECT_EQ(*unary.trailing().find("trail"), value{2});
    EXPECT_EQ(*early.find("lead"), value{"now"});
    EXPECT_EQ(*streamed.trailing().find("trail"), value{"end"});
  });
}

TEST_F(Call, ThrowsWhatTheServerAnswers) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url());
    error got;
    try {
      co_await c.call<int>("fail", 409);
    } catch (const error& e) {
      got = e;
    }

    EXPECT_EQ(got.code, 409);
    EXPECT_EQ(got.message, "as asked");
    EXPECT_EQ(got.data, value::map({{"why", "because"}}));
    EXPECT_EQ(co_await code_of(c.call("no.such.thing")), 404);
    EXPECT_EQ(co_await code_of(c.call<int>("add", "no numbers")), 422);
    EXPECT_EQ(co_await code_of(c.call<int>("echo", "no int")), 500); // the response does not fit
  });
}

TEST_F(Call, StopsTheHandlerWhenDestroyed) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url());
    {
      auto unary = c.start("hang");
      auto upload = c.upload<int, int>("upload_hang");
      auto streamed = c.stream<int>("endless");
      co_await upload.write(1);
      co_await streamed.next();
      co_await c.ping();
    }
    co_await c.ping(); // what was sent before it has arrived
  });
  EXPECT_TRUE(server.seen().wait("hang.end"));
  EXPECT_TRUE(server.seen().wait("upload_hang.end"));
  EXPECT_TRUE(server.seen().wait("endless.end"));
}

TEST_F(Call, IsCancelledByTheOneThatLosesInterest) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url());

    const auto first = co_await when_any(c.call("hang"), c.call<int>("add", std::pair{1, 2}));

    EXPECT_EQ(first.index(), 1U);
    EXPECT_EQ(c.open_calls(), 0U);
    co_await c.ping();
    EXPECT_TRUE(server.seen().wait("hang.end"));
  });
}

TEST_F(Call, IsCancelledByItsScope) {
  net::event_loop loop;
  scope* outer = nullptr;
  client* open = nullptr;
  std::optional<client> kept;
  const auto body = [&]() -> task<int> {
    kept = co_await client::connect(server.url());
    open = &*kept;
    auto hang = kept->start("hang");
    loop.post([&] { outer->cancel(); });
    try {
      co_await hang.result();
    } catch (const cancelled&) {
    }
    co_return hang.has_ended() ? 1 : 0;
  };

  const int ended = run_client(loop, body(), [&](scope& s) { outer = &s; });

  EXPECT_EQ(ended, 1);
  kept.reset();
}

TEST_F(Call, CancelsByHand) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url());
    auto hang = c.start("hang");
    co_await c.ping();

    hang.cancel();
    std::int64_t code = 0;
    try {
      co_await hang.result();
    } catch (const error& e) {
      code = e.code;
    }

    EXPECT_EQ(code, 499);
    co_await c.ping();
    EXPECT_TRUE(server.seen().wait("hang.end"));
  });
}

TEST_F(Call, EndsAtItsDeadline) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url());

    const std::int64_t unary = co_await code_of(c.call("hang", nothing{}, std::chrono::milliseconds{20}));
    auto upload = c.upload<int, int>("upload_hang", std::chrono::milliseconds{20});
    std::int64_t uploaded = 0;
    try {
      co_await upload.finish();
    } catch (const error& e) {
      uploaded = e.code;
    }
    const auto told = co_await c.call<value>("metadata", nothing{}, std::chrono::minutes{1});
    const auto far = co_await c.call<int>("add", std::pair{1, 2}, std::chrono::milliseconds::max());

    EXPECT_EQ(unary, 408);
    EXPECT_EQ(uploaded, 408);
    EXPECT_EQ(told, value::map({{"timeout_ms", 60000}}));
    EXPECT_EQ(far, 3);
    EXPECT_TRUE(server.seen().wait("hang.end"));
    EXPECT_TRUE(server.seen().wait("upload_hang.end"));
  });
}

TEST_F(Call, RunsTenThousandAtOnce) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url());
    std::vector<client_call<int>> calls;
    for (int i = 0; i < 10000; ++i) calls.push_back(c.start<int>("add", std::pair{i, 1}));
    EXPECT_EQ(c.open_calls(), 10000U);

    int wrong = 0;
    for (int i = 0; i < 10000; ++i) {
      const int sum = co_await calls[static_cast<std::size_t>(i)].result();
      if (sum != i + 1) ++wrong;
    }

    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(c.open_calls(), 0U);
  });
}

} // namespace
} // namespace swill::test
