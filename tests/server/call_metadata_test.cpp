#include "tests/server/calls.hpp"

// Leading and trailing metadata (docs/protocol.md §6), and those of the client.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;

struct CallMetadata : testing::TestWithParam<bool> {
  logged_app a;
  void SetUp() override {
    if (GetParam()) a.before_request([](context&) {});
  }
};

TEST_P(CallMetadata, OfTheClientReachTheHandler) {
  a.handle("who", [](request<> r) { return *r.metadata().find("who"); });
  a.handle("size", [](request<> r) { return r.metadata().size(); });
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(c.call("who", nothing{}, metadata{"who", "me"}), value{"me"});
  EXPECT_EQ(c.call<int>("size", nothing{}, metadata{"who", "me"}), 1);
  EXPECT_EQ(c.call<int>("size"), 0); // not those of the request before
}

TEST_P(CallMetadata, TravelWithAUnaryResponse) {
  a.handle("f", [](request<bool> r) {
    if (r.data()) {
      r.context().set_leading(metadata{"l", 1});
      r.context().trailing().set("t", 2);
    }
    return 5;
  });
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(arrived(c, c.open("f", true)), strings{"m:5+l+t"});
  EXPECT_EQ(arrived(c, c.open("f", false)), strings{"m:5"}); // nothing is left over
}

TEST_P(CallMetadata, LastLeadingWins) {
  a.handle("f", [](request<> r) {
    r.context().set_leading(metadata{"l", 1});
    r.context().set_leading(metadata{"l", 2});
  });
  test_server s{a};
  test_client c{s};

  const auto r = c.receive(c.open("f", nothing{}));

  EXPECT_EQ(*r->leading.find("l"), value{2});
}

TEST_P(CallMetadata, LeadingGoWithTheFirstItemAndTrailingWithTheEnd) {
  a.handle("f", [](request<int> r) -> stream<int> {
    r.context().set_leading(metadata{"l", 1});
    r.context().trailing().set("t", 1);
    for (int i = 0; i < r.data(); ++i) co_yield i;
    r.context().trailing().set("t", 2);
  });
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(arrived(c, c.open("f", 2)), (strings{"m:0+l", "m:1", "end+t"}));
  EXPECT_EQ(arrived(c, c.open("f", 0)), strings{"end+l+t"});
}

TEST_P(CallMetadata, LeadingMayBeSentAtOnce) {
  a.handle("f", [](request<> r) -> task<int> {
    co_await r.context().send_leading(metadata{"l", 1});
    co_await sleep_for(1ms);
    co_return 5;
  });
  test_server s{a};
  test_client c{s};

  const auto seq = c.open("f", nothing{});
  EXPECT_EQ(arrived(c, seq), strings{"meta+l"});
  s.advance(1ms);

  EXPECT_EQ(arrived(c, seq), strings{"m:5"});
}

TEST_P(CallMetadata, LeadingTwiceOrLateIs500) {
  a.handle("twice", [](request<> r) -> task<int> {
    co_await r.context().send_leading(metadata{"l", 1});
    co_await r.context().send_leading(metadata{"l", 2});
    co_return 1;
  });
  a.handle("set after", [](request<> r) -> task<int> {
    co_await r.context().send_leading(metadata{"l", 1});
    r.context().set_leading(metadata{"l", 2});
    co_return 1;
  });
  a.handle("late", [](request<> r) -> stream<int> {
    co_yield 1;
    r.context().set_leading(metadata{"l", 1});
  });
  a.handle("send late", [](request<> r) -> stream<int> {
    co_yield 1;
    co_await r.context().send_leading(metadata{"l", 1});
  });
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(arrived(c, c.open("twice", nothing{})), (strings{"meta+l", "e:500"}));
  EXPECT_EQ(arrived(c, c.open("set after", nothing{})), (strings{"meta+l", "e:500"}));
  EXPECT_EQ(arrived(c, c.open("late", nothing{})), (strings{"m:1", "e:500"}));
  EXPECT_EQ(arrived(c, c.open("send late", nothing{})), (strings{"m:1", "e:500"}));
}

TEST_P(CallMetadata, NeverTravelWithAnError) {
  a.handle("plain", [](request<> r) -> int {
    r.context().set_leading(metadata{"l", 1});
    r.context().trailing().set("t", 1);
    throw error{409, "no"};
  });
  a.handle("stream", [](request<> r) -> stream<int> {
    r.context().set_leading(metadata{"l", 1});
    r.context().trailing().set("t", 1);
    throw error{409, "no"};
    co_yield 1;
  });
  a.handle("clean", [](request<>) { return 1; });
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(arrived(c, c.open("plain", nothing{})), strings{"e:409"});
  EXPECT_EQ(arrived(c, c.open("clean", nothing{})), strings{"m:1"});
  EXPECT_EQ(arrived(c, c.open("stream", nothing{})), strings{"e:409"});
}

TEST_P(CallMetadata, ThatCannotBeEncodedAre500) {
  a.handle("f", [](request<> r) {
    r.context().trailing().set("t", std::string{"\xff"});
    return 1;
  });
  a.handle("clean", [](request<>) { return 1; });
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(arrived(c, c.open("f", nothing{})), strings{"e:500"});
  EXPECT_EQ(arrived(c, c.open("clean", nothing{})), strings{"m:1"});
}

INSTANTIATE_TEST_SUITE_P(Hooks, CallMetadata, testing::Bool(),
                         [](const auto& i) { return i.param ? "Around" : "None"; });

TEST(LeadingHook, RunsOnceAndBeforeWhatIsSentAtOnce) {
  int ran = 0;
  logged_app a;
  a.before_leading_metadata([&ran](context&, metadata& m) {
    ++ran;
    m.set("hook", 1);
  });
  a.handle("f", [](request<> r) -> stream<int> {
    co_await r.context().send_leading(metadata{"l", 1});
    co_yield 1;
    co_yield 2;
  });
  test_server s{a};
  test_client c{s};

  const auto seq = c.open("f", nothing{});
  const auto first = c.receive(seq);

  ASSERT_TRUE(first);
  EXPECT_EQ(first->leading.size(), 2U);
  EXPECT_EQ(arrived(c, seq), (strings{"m:1", "m:2", "end"}));
  EXPECT_EQ(ran, 1);
}

TEST(MetadataOpening, OpensOnlyStreams) {
  logged_app a;
  a.handle("plain", [](request<int> r) { return r.data(); });
  a.handle("task", [](request<int> r) -> task<int> { co_return r.data(); });
  a.handle("upload", [](streaming_request<int> in) -> task<value> {
    while (co_await in.next()) {
    }
    co_return *in.metadata().find("k");
  });
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(arrived(c, c.open_stream("plain")), strings{"e:400"});
  EXPECT_EQ(arrived(c, c.open_stream("task")), strings{"e:400"});
  EXPECT_EQ(arrived(c, c.open_stream("nobody")), strings{"e:404"});
  const auto seq = c.open_stream("upload", metadata{"k", 7});
  send_message(c, seq, "upload", 1, metadata{"k", 8}); // ignored
  c.end(seq);
  EXPECT_EQ(arrived(c, seq), strings{"m:7"});
}

TEST(MetadataOpening, LaterIs400AndEndsTheRequest) {
  int alive = 0;
  logged_app a;
  a.handle("upload", [&alive](streaming_request<int> in) -> task<int> {
    const counted guard{alive};
    while (co_await in.next()) {
    }
    co_return 1;
  });
  test_server s{a};
  test_client c{s};
  const auto seq = c.open("upload", 1);

  send_envelope(c, seq, "upload", wire::request_type::metadata);

  EXPECT_EQ(arrived(c, seq), strings{"e:400"});
  EXPECT_EQ(alive, 0);
}

} // namespace
} // namespace swill
