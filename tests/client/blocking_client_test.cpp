#include "libswill/client/blocking_client.hpp"

#include "tests/client/fixture.hpp"

#include <gmock/gmock.h>

#include <thread>
#include <vector>

namespace swill::test {
namespace {

class Blocking : public testing::Test {
protected:
  call_server server;
  blocking_client c{server.url()};
};

TEST_F(Blocking, Calls) {
  EXPECT_EQ(c.call<int>("add", std::pair{20, 22}), 42);
  EXPECT_EQ(c.call<std::string>("echo", "text"), "text");
  c.call("nop");
  EXPECT_GT(c.ping().count(), 0);
}

TEST_F(Blocking, ThrowsErrorsOrReturnsThem) {
  EXPECT_THROW(c.call<int>("fail", 409), error);
  const auto failed = c.try_call<int>("fail", 409);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, 409);
  EXPECT_EQ(c.try_call<int>("add", std::pair{1, 2}).value(), 3);
  EXPECT_EQ(c.try_call("hang", nothing{}, std::chrono::milliseconds{20}).error().code, 408);
}

TEST_F(Blocking, IteratesOverStreams) {
  std::int64_t sum = 0;
  auto numbers = c.stream<int>("count", 10000);
  for (const int i : numbers) sum += i;
  EXPECT_EQ(sum, 50005000);
  EXPECT_FALSE(numbers.next());
}

TEST_F(Blocking, GivesTheItemsBeforeTheError) {
  auto numbers = c.stream<int>("count_and_fail", 3);
  EXPECT_EQ(numbers.next(), 1);
  EXPECT_EQ(numbers.next(), 2);
  EXPECT_EQ(numbers.next(), 3);
  EXPECT_THROW(numbers.next(), error);
}

TEST_F(Blocking, UploadsAndStreamsBothWays) {
  auto u = c.upload<int, int>("sum");
  for (int i = 1; i <= 100; ++i) EXPECT_TRUE(u.write(i));
  EXPECT_EQ(u.finish(), 5050);

  auto d = c.duplex<std::string, std::string>("echo_stream");
  d.write("a");
  EXPECT_EQ(d.next(), "a");
  d.write("b");
  d.close_writing();
  EXPECT_EQ(d.next(), "b");
  EXPECT_FALSE(d.next());
}

TEST_F(Blocking, ShowsMetadata) {
  auto s = c.stream<int>("stream_metadata", 1);
  EXPECT_EQ(s.next(), 1);
  EXPECT_EQ(*s.leading().find("lead"), value{"now"});
  EXPECT_FALSE(s.next());
  EXPECT_EQ(*s.trailing().find("trail"), value{"end"});
}

TEST_F(Blocking, StopsTheHandlerOfAStreamThatGoes) {
  {
    auto s = c.stream<int>("endless");
    EXPECT_TRUE(s.next());
  }
  EXPECT_TRUE(server.seen().wait("endless.end"));
}

TEST_F(Blocking, ServesManyThreads) {
  std::vector<std::jthread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        if (c.call<int>("add", std::pair{t, i}) != t + i) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

TEST_F(Blocking, FailsWaitingThreadsWhenClosed) {
  std::jthread waiting{[&] { EXPECT_EQ(c.try_call("hang").error().code, 503); }};
  EXPECT_TRUE(server.seen().wait("hang.begin"));

  const close_reason why = c.close(4001, "enough");
  waiting.join();

  EXPECT_EQ(why.code, 4001);
  EXPECT_EQ(c.close_status()->code, 4001);
  EXPECT_THROW(c.call("nop"), connection_lost);
}

TEST(BlockingConnect, ThrowsWhenNobodyListens) { EXPECT_THROW(blocking_client{"unix:/no/such/socket"}, connect_error); }

} // namespace
} // namespace swill::test
