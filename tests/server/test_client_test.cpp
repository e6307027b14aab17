#include "libswill/server/test_client.hpp"

#include "tests/server/calls.hpp"

#include <stdexcept>

// What test_client tells of its connection.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;

/// What f says where it throws std::logic_error.
template <class F>
std::string said_by(F f) {
  try {
    f();
  } catch (const std::logic_error& e) {
    return e.what();
  }
  return "nothing";
}

app make_app() {
  app a;
  a.limits().connections = 100;
  a.before_connection([](connection& c) {
    if (const auto status = c.header("X-Reject")) {
      c.set_response_header("X-Why", "because");
      throw rejection{std::stoi(std::string{*status}), "go away"};
    }
    c.set_response_header("X-Hello", std::string{c.header("X-User").value_or("nobody")});
  });
  a.handle("path", [](request<> r) { return std::string{r.context().connection().request().target}; });
  a.handle("close", [](request<int> r) -> int { throw close_connection{r.data(), "enough"}; });
  a.handle("never", [](request<>) -> task<int> {
    co_await sleep_for(1h);
    co_return 1;
  });
  a.handle("count", [](request<int> r) -> stream<int> {
    for (int i = 1; i <= r.data(); ++i) co_yield i;
    if (r.data() > 2) throw error{409, "too many"};
  });
  return a;
}

TEST(TestClient, ConnectsWithHeadersAndSeesThoseOfTheResponse) {
  test_server s{make_app()};
  test_client c{s, test_client::with_headers({{"X-User", "ann"}}, "/ws?x=1")};

  EXPECT_EQ(c.call<std::string>("path"), "/ws?x=1");
  EXPECT_EQ(c.response_header("x-hello"), "ann");
  EXPECT_EQ(c.response_header("X-Why"), std::nullopt);
  EXPECT_FALSE(c.rejected());
  EXPECT_EQ(c.close_code(), std::nullopt);
}

TEST(TestClient, SaysThatItWasRejected) {
  test_server s{make_app()};
  test_client c{s, test_client::with_headers({{"X-Reject", "401"}})};

  ASSERT_TRUE(c.rejected());
  EXPECT_EQ(c.rejected()->status, 401);
  EXPECT_EQ(c.response_header("X-Why"), "because");
  EXPECT_EQ(c.close_code(), std::nullopt);
  EXPECT_EQ(said_by([&] { c.call<std::string>("path"); }), "the connection was rejected with HTTP status 401: go away");
}

TEST(TestClient, SaysHowItsConnectionEnded) {
  test_server s{make_app()};
  test_client closed{s};
  const std::string text = "the connection is gone: the server ended it with close code 4001, enough";
  EXPECT_EQ(said_by([&] { closed.call<int>("close", 4001); }), text);
  EXPECT_EQ(said_by([&] { closed.call<std::string>("path"); }), text) << "again, however often";
  EXPECT_EQ(said_by([&] { closed.collect<int>("count", 1); }), text);
  EXPECT_EQ(said_by([&] { closed.expect<int>(closed.open("count", 1)); }), text);
  EXPECT_EQ(closed.close_code(), 4001);

  test_client dropped{s};
  dropped.pipe().drop();
  EXPECT_EQ(dropped.close_code(), 1006);
}

TEST(TestClient, ExpectsMessagesOneByOne) {
  test_server s{make_app()};
  test_client c{s};
  const auto two = c.open("count", 2);
  const auto three = c.open("count", 3);

  EXPECT_EQ(c.expect<int>(two), 1);
  EXPECT_EQ(c.expect<int>(two), 2);
  EXPECT_EQ(said_by([&] { c.expect<int>(two); }), "the stream has ended");
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(c.expect<int>(three), i);
  EXPECT_EQ(error_of([&] { c.expect<int>(three); }).code, 409);
}

TEST(TestClient, SaysThatNothingHasComeYet) {
  test_server s{make_app()};
  test_client c{s};
  const auto seq = c.open("never", nothing{});

  EXPECT_EQ(said_by([&] { c.expect<int>(seq); }), "no message yet: advance the clock");
  EXPECT_EQ(said_by([&] { c.call<int>("never"); }), "no answer yet: advance the clock, or use open and expect");
  s.advance(1h);
  EXPECT_EQ(c.expect<int>(seq), 1);
}

TEST(TestClient, NamesWhatCallsAHandlerThatTakesAStream) {
  app a;
  a.handle("sum", [](streaming_request<int> in) -> task<int> {
    int total = 0;
    while (const auto n = co_await in.next()) total += *n;
    co_return total;
  });
  a.handle("copy", [](streaming_request<int> in) -> stream<int> {
    while (const auto n = co_await in.next()) co_yield *n;
  });
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(said_by([&] { c.call<int>("sum", 1); }),
            "no answer yet: this handler takes a stream; use open_stream, send and end");
  EXPECT_EQ(said_by([&] { c.collect<int>("copy", 1); }),
            "the stream has not ended yet: this handler takes a stream, too; use open_stream, send and end");
}

} // namespace
} // namespace swill
