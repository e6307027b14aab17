#include "libswill/client/client.hpp"

#include "libswill/base/manual_loop.hpp"
#include "libswill/wire/envelope.hpp"

#include <gmock/gmock.h>

#include <optional>
#include <vector>

// Limits, over a memory line with a server whose every step is the test's.

namespace swill::test {
namespace {

/// Accepts a connection and remembers what comes.
class far_side final : public gate, public message_sink {
public:
  void on_handshake(std::shared_ptr<handshake> h) override {
    if (reject == 302) return h->reject(302, "moved", {{"Location", "wss://b.test/ws?token=secret"}});
    if (reject != 0) return h->reject(reject, "full", {});
    port = h->accept({{"X-Memory", "yes"}}, *this);
  }
  void on_message(bytes_view message) override {
    const auto decoded = wire::decode_request(message, limits{});
    ASSERT_EQ(decoded.status, wire::decode_status::ok);
    types.push_back(decoded.envelope.type);
    last_seq = decoded.envelope.seq;
  }
  void on_writable() override { ++writable; }
  void on_closed(const close_reason& why) override {
    closed = why;
    port = nullptr;
  }

  void send(std::uint64_t seq, wire::response_type type, std::string_view text) {
    wire::writer to{port->begin_message()};
    wire::begin_response(to, seq);
    to.str(text);
    wire::end_response(to, type);
    port->end_message();
  }
  void send_raw(std::string_view message) {
    port->begin_message().append(as_bytes(message));
    port->end_message();
  }
  std::size_t count(wire::request_type t) const {
    return static_cast<std::size_t>(std::count(types.begin(), types.end(), t));
  }

  int writable = 0;
  int reject = 0; // a status; 0: accept
  message_port* port = nullptr;
  std::vector<wire::request_type> types;
  std::uint64_t last_seq = 0;
  std::optional<close_reason> closed;
};

class Flow : public testing::Test {
protected:
  ~Flow() override {
    work.reset();
    c.reset();
    loop.run_until_idle();
  }

  void connect(client_options o = {}) {
    const auto open = [this, o]() -> task<void> {
      handshake_request request;
      c.emplace(co_await client::connect(server, request, o));
    };
    run(open());
    work.reset();
  }

  /// Starts it and runs until nothing moves; true when it has ended.
  bool run(task<void> t) {
    work.emplace(std::move(t));
    work->start(main);
    loop.run_until_idle();
    return settled();
  }
  bool settled() {
    if (!work->done()) return false;
    work->take();
    return true;
  }

  manual_loop loop;
  scope main{loop};
  far_side server;
  std::optional<client> c;
  std::optional<task<void>> work;
};

TEST_F(Flow, ShakesHandsInMemory) {
  connect();
  EXPECT_TRUE(c->is_open());
  EXPECT_THAT(c->response_headers(), testing::ElementsAre(std::pair<std::string, std::string>{"X-Memory", "yes"}));
}

TEST_F(Flow, ThrowsARejectionInMemory) {
  server.reject = 503;
  EXPECT_THROW(connect(), connect_error);
  work.reset();
}

TEST_F(Flow, ThrowsARedirectionInMemory) {
  server.reject = 302;
  try {
    connect();
    ADD_FAILURE();
  } catch (const connect_error& e) {
    EXPECT_EQ(e.http_status, 302);
    EXPECT_EQ(e.message, "the server answered HTTP 302, and not with a WebSocket; it points to wss://b.test/ws");
  }
  work.reset();
}

TEST_F(Flow, HoldsWritersBackWhileTheOutputIsFull) {
  client_options o;
  o.send_buffer = 1000;
  connect(o);
  server.port->pause_reading(true);
  int written = 0;
  const auto body = [&]() -> task<void> {
    const auto u = c->upload<std::string, int>("upload");
    for (; written < 100; ++written) co_await u.write(std::string(100, 'x'));
    co_await u.finish();
  };

  EXPECT_FALSE(run(body()));
  EXPECT_LT(written, 12);
  server.port->pause_reading(false);
  loop.run_until_idle();

  EXPECT_EQ(written, 100);
  EXPECT_EQ(server.count(wire::request_type::message), 100U);
  EXPECT_EQ(server.count(wire::request_type::end_of_stream), 1U);
}

TEST_F(Flow, StopsReadingWhileNobodyTakesTheItems) {
  client_options o;
  o.receive_buffer = 10000;
  connect(o);
  std::optional<client_stream<std::string>> s = c->stream<std::string>("watch");
  loop.run_until_idle();
  for (int i = 0; i < 100; ++i) server.send(server.last_seq, wire::response_type::message, std::string(1000, 'x'));
  loop.run_until_idle();
  EXPECT_GT(server.port->backlog(), 85000U);

  int taken = 0;
  const auto body = [&]() -> task<void> {
    while (co_await s->next()) ++taken;
  };
  server.send(server.last_seq, wire::response_type::end_of_stream, "");
  EXPECT_TRUE(run(body()));

  EXPECT_EQ(taken, 100);
  EXPECT_EQ(server.port->backlog(), 0U);
}

TEST_F(Flow, ReadsOnWhenACallWithItemsGoes) {
  client_options o;
  o.receive_buffer = 1000;
  connect(o);
  std::optional<client_stream<std::string>> s = c->stream<std::string>("watch");
  loop.run_until_idle();
  for (int i = 0; i < 10; ++i) server.send(server.last_seq, wire::response_type::message, std::string(1000, 'x'));
  loop.run_until_idle();
  EXPECT_GT(server.port->backlog(), 8000U);

  s.reset();
  loop.run_until_idle();

  EXPECT_EQ(server.port->backlog(), 0U);
  EXPECT_EQ(server.count(wire::request_type::cancel), 1U);
}

TEST_F(Flow, TellsAServerOfRoomByTheServersOwnLimit) {
  connect();
  const auto s = c->stream<std::string>("watch");
  loop.run_until_idle();
  for (int i = 0; i < 10; ++i) server.send(server.last_seq, wire::response_type::message, std::string(1000, 'x'));
  EXPECT_FALSE(server.port->has_room(server.last_seq, 10000));
  loop.run_until_idle();

  EXPECT_EQ(server.writable, 1);
  EXPECT_TRUE(server.port->has_room(server.last_seq, 10000));
}

TEST_F(Flow, ServersCloseComesAfterWhatItHasSent) {
  connect();
  const auto s = c->stream<std::string>("watch");
  loop.run_until_idle();
  int taken = 0;
  const auto body = [&]() -> task<void> {
    while (co_await s.next()) ++taken;
  };
  for (int i = 0; i < 3; ++i) server.send(server.last_seq, wire::response_type::message, "item");
  server.port->close(4000, "done");
  server.send(server.last_seq, wire::response_type::message, "late");

  EXPECT_THROW(run(body()), connection_lost);
  EXPECT_EQ(taken, 3);
  EXPECT_EQ(c->close_status()->code, 4000);
  EXPECT_TRUE(c->close_status()->by_peer);
}

TEST_F(Flow, ClientsCloseComesAfterWhatItHasSent) {
  connect();
  const auto body = [&]() -> task<void> {
    const auto u = c->upload<int, int>("upload");
    for (int i = 0; i < 3; ++i) co_await u.write(i);
    c->close(4000, "done");
    co_await u.finish();
  };

  EXPECT_THROW(run(body()), connection_lost);
  EXPECT_EQ(server.count(wire::request_type::message), 3U);
  ASSERT_TRUE(server.closed);
  EXPECT_EQ(server.closed->code, 4000);
  EXPECT_TRUE(server.closed->by_peer);
}

TEST_F(Flow, SendsCancelForWhatIsDestroyedAndNothingForWhatEnded) {
  connect();
  {
    const auto dropped = c->start("a");
    const auto upload = c->upload<int, int>("b");
  }
  loop.run_until_idle();
  EXPECT_EQ(server.count(wire::request_type::cancel), 2U);
  {
    const auto ended = c->start<std::string>("c");
    loop.run_until_idle();
    server.send(server.last_seq, wire::response_type::message, "done");
    loop.run_until_idle();
  }
  loop.run_until_idle();

  EXPECT_EQ(server.count(wire::request_type::cancel), 2U);
}

TEST_F(Flow, EndsAtTheDeadlineByTheLoopsClock) {
  connect();
  std::int64_t code = 0;
  const auto body = [&]() -> task<void> {
    try {
      co_await c->call("slow", nothing{}, std::chrono::seconds{5});
    } catch (const error& e) {
      code = e.code;
    }
  };
  EXPECT_FALSE(run(body()));

  loop.advance(std::chrono::milliseconds{4999});
  EXPECT_EQ(code, 0);
  loop.advance(std::chrono::milliseconds{1});

  EXPECT_EQ(code, 408);
  EXPECT_EQ(server.count(wire::request_type::cancel), 1U);
}

TEST_F(Flow, ClosesOnWhatItCannotRead) {
  connect();
  server.send_raw("\xc1 is no MessagePack");
  loop.run_until_idle();
  ASSERT_TRUE(server.closed);
  EXPECT_EQ(server.closed->code, 1007);
}

TEST_F(Flow, FailsOneCallForAResponseThatMakesNoSense) {
  connect();
  std::int64_t code = 0;
  const auto body = [&]() -> task<void> {
    try {
      co_await c->call("x");
    } catch (const error& e) {
      code = e.code;
    }
  };
  EXPECT_FALSE(run(body()));
  server.send_raw("\x92\x01\xc0"); // a seq and data, no type
  loop.run_until_idle();

  EXPECT_EQ(code, 500);
  EXPECT_TRUE(c->is_open());
}

TEST_F(Flow, DropsResponsesToNobody) {
  connect();
  server.send(77, wire::response_type::message, "late");
  loop.run_until_idle();
  EXPECT_TRUE(c->is_open());
}

} // namespace
} // namespace swill::test
