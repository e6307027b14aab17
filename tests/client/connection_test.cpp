#include "libswill/client/client.hpp"

#include "tests/client/fixture.hpp"

#include <gmock/gmock.h>

#include <future>
#include <thread>
#include <vector>

namespace swill::test {
namespace {

class Connection : public testing::Test {
protected:
  call_server server;
};

connect_error::kind failure_of(const std::string& url, client_options o = {}) {
  try {
    run([&]() -> task<void> { const client c = co_await client::connect(url, o); });
  } catch (const connect_error& e) {
    return e.why;
  }
  ADD_FAILURE() << url << " connects";
  return connect_error::kind::protocol;
}

TEST_F(Connection, ConnectsOverUnixSockets) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.unix_url());
    EXPECT_EQ(co_await c.call<int>("add", std::pair{1, 2}), 3);
  });
}

TEST_F(Connection, ShowsTheResponseHeaders) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url() + "/ws?x=1");
    EXPECT_THAT(c.response_headers(), testing::Contains(std::pair<std::string, std::string>{"X-Demo", "yes"}));
  });
}

TEST_F(Connection, SaysWhyThereIsNone) {
  client_options bad_header;
  bad_header.headers = {{"Bad Name", "x"}};
  EXPECT_EQ(failure_of("http://example.org/ws"), connect_error::kind::bad_url);
  EXPECT_EQ(failure_of("unix:/no/such/socket"), connect_error::kind::unreachable);
  EXPECT_EQ(failure_of("ws://no.such.host.invalid"), connect_error::kind::unreachable);
  EXPECT_EQ(failure_of(server.url(), bad_header), connect_error::kind::bad_url);
  EXPECT_EQ(failure_of(server.url() + "/elsewhere"), connect_error::kind::rejected);
}

TEST_F(Connection, TriesEveryAddressOfAName) {
  client_options o;
  o.look_up = [there = server.url().substr(5)](const std::string& name) {
    EXPECT_EQ(name, "some.name:80");
    return std::vector<std::string>{"[::1]:1", "127.0.0.1:1", there}; // the first two refuse
  };
  run([&]() -> task<void> {
    const client c = co_await client::connect("ws://some.name", o);
    EXPECT_EQ(co_await c.call<int>("add", std::pair{1, 2}), 3);
  });
}

TEST_F(Connection, WaitsForNoNameServer) {
  const auto hanging = std::make_shared<std::promise<void>>(); // with the look-up's thread, which ends last
  client_options o;
  o.connect_timeout = std::chrono::milliseconds{50};
  o.look_up = [end = hanging->get_future().share()](const std::string&) -> std::vector<std::string> {
    end.wait();
    return {};
  };
  EXPECT_EQ(failure_of("ws://some.name", o), connect_error::kind::timed_out); // and its loop has ended
  hanging->set_value();
}

TEST_F(Connection, TellsTheStatusOfARejection) {
  try {
    run([&]() -> task<void> { const client c = co_await client::connect(server.url() + "?reject"); });
    ADD_FAILURE();
  } catch (const connect_error& e) {
    EXPECT_EQ(e.why, connect_error::kind::rejected);
    EXPECT_EQ(e.http_status, 418);
    EXPECT_EQ(e.code, 418);
    EXPECT_THAT(e.message, testing::HasSubstr("no tea"));
  }
}

TEST_F(Connection, ClosesWithCodeAndReason) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url());

    c.close(4001, "enough");
    const close_reason why = co_await c.closed();

    EXPECT_EQ(why.code, 4001);
    EXPECT_EQ(why.reason, "enough");
    EXPECT_FALSE(why.by_peer);
    EXPECT_FALSE(c.is_open());
  });
}

TEST_F(Connection, FailsEveryCallWhenTheServerCloses) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url());
    auto hang = c.start("hang");
    auto upload = c.upload<int, int>("upload_hang");
    auto streamed = c.stream<int>("stream_metadata", 0);

    std::vector<std::int64_t> codes;
    codes.push_back(co_await code_of(c.call<int>("close", 4007)));
    bool typed = false;
    try {
      co_await hang.result();
    } catch (const connection_lost& e) {
      typed = true;
      EXPECT_EQ(e.why.code, 4007);
      EXPECT_EQ(e.why.reason, "as asked");
      EXPECT_FALSE(e.retryable);
    }
    try {
      co_await upload.finish();
    } catch (const error& e) {
      codes.push_back(e.code);
    }
    codes.push_back(co_await code_of(c.call("nop")));

    EXPECT_TRUE(typed);
    EXPECT_THAT(codes, testing::Each(503));
    EXPECT_EQ(codes.size(), 3U);
    EXPECT_THROW((void)c.start("nop"), connection_lost);
    EXPECT_THROW((void)co_await c.ping(), connection_lost);
    EXPECT_EQ(c.close_status()->code, 4007);
  });
}

TEST_F(Connection, TellsWhoseMessageWasTooLarge) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url());
    auto hang = c.start("hang");
    auto upload = c.upload<int, int>("upload_hang");
    const auto finish = [&]() -> task<int> { co_return co_await upload.finish(); };
    const std::string large(limits{}.message_size, 'x');

    try {
      co_await c.call<std::string>("echo", large);
      ADD_FAILURE();
    } catch (const connection_lost& e) {
      EXPECT_EQ(e.code, 413);
      EXPECT_EQ(e.message, "a message was larger than the server takes: connection closed with 1009");
      EXPECT_EQ(e.why.code, 1009);
      EXPECT_FALSE(e.retryable);
    }
    try {
      co_await hang.result();
      ADD_FAILURE();
    } catch (const connection_lost& e) {
      EXPECT_EQ(e.code, 503);
      EXPECT_EQ(e.message, "connection closed with 1009");
    }
    EXPECT_EQ(co_await code_of(finish()), 503);
    EXPECT_EQ(co_await code_of(c.call("nop")), 503);
  });
}

TEST_F(Connection, TellsWhichStreamHadAMessageThatWasTooLarge) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url());
    auto hang = c.start("hang");
    auto upload = c.upload<std::string, int>("upload_hang");
    const auto finish = [&]() -> task<int> { co_return co_await upload.finish(); };
    const auto result = [&]() -> task<void> { co_await hang.result(); };

    co_await upload.write(std::string(limits{}.message_size, 'x'));

    EXPECT_EQ(co_await code_of(finish()), 413);
    EXPECT_EQ(co_await code_of(result()), 503);
  });
}

TEST_F(Connection, SaysThatALostConnectionMayBeTriedAgain) {
  std::jthread stopping; // ends after the loop, which has to answer the close
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url());
    auto hang = c.start("hang");
    co_await c.ping();
    stopping = std::jthread{[&] { server.stop(); }};

    try {
      co_await hang.result();
      ADD_FAILURE();
    } catch (const connection_lost& e) {
      EXPECT_EQ(e.why.code, 1001);
      EXPECT_EQ(e.code, 503);
      EXPECT_EQ(*e.data.find("retryable"), value{true});
    } catch (const error& e) {
      EXPECT_EQ(e.code, 499) << e.message; // the server told the call before it closed
    }
  });
}

TEST_F(Connection, EndsItsCallsWhenTheClientGoes) {
  run([&]() -> task<void> {
    std::optional<client> c = co_await client::connect(server.url());
    auto hang = c->start("hang");
    co_await c->ping();

    c.reset();
    bool lost = false;
    try {
      co_await hang.result();
    } catch (const connection_lost&) {
      lost = true;
    }

    EXPECT_TRUE(lost);
    EXPECT_TRUE(server.seen().wait("hang.begin"));
  });
  EXPECT_TRUE(server.seen().wait("hang.end"));
}

TEST_F(Connection, PingsAndCounts) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server.url());
    const auto once = co_await c.ping();
    const auto [a, b] = co_await when_all(c.ping(), c.ping());
    EXPECT_GT(once.count(), 0);
    EXPECT_GT(a.count() + b.count(), 0);
  });
}

TEST_F(Connection, GivesUpConnectingWhenCancelled) {
  net::event_loop loop;
  scope* outer = nullptr;
  const auto body = [&]() -> task<bool> {
    loop.post([&] { outer->cancel(); });
    try {
      const client c = co_await client::connect(server.url());
    } catch (const cancelled&) {
      co_return true;
    }
    co_return false;
  };
  EXPECT_TRUE(run_client(loop, body(), [&](scope& s) { outer = &s; }));
}

} // namespace
} // namespace swill::test
