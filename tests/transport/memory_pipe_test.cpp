#include "libswill/transport/memory_pipe.hpp"

#include "libswill/base/manual_loop.hpp"

#include <gtest/gtest.h>

namespace swill {
namespace {

// Sends every message back, and remembers what happened.
struct echo final : gate, message_sink {
  void on_handshake(std::shared_ptr<handshake> h) override {
    asked = h;
    if (accepts) port = h->accept({{"X-A", "b"}}, *this);
  }
  void on_message(bytes_view m) override {
    ++messages;
    port->begin_message().append(m);
    port->end_message();
  }
  void on_writable() override { ++writable; }
  void on_closed(const close_reason& why) override { closed = why; }

  bool accepts = true;
  std::shared_ptr<handshake> asked;
  message_port* port = nullptr;
  int messages = 0, writable = 0;
  std::optional<close_reason> closed;
};

struct MemoryPipe : testing::Test {
  manual_loop loop;
  echo server;

  std::string text(memory_pipe& p) {
    const auto m = p.receive();
    return m ? std::string{as_text(*m)} : "(none)";
  }
};

TEST_F(MemoryPipe, CarriesMessagesBothWays) {
  memory_pipe pipe{loop, server};
  pipe.send("one");
  pipe.send("");
  EXPECT_EQ(server.messages, 0);

  loop.run_until_idle();

  EXPECT_TRUE(pipe.is_open());
  EXPECT_EQ(pipe.response_headers().at(0).second, "b");
  EXPECT_EQ(server.asked->request.subprotocol, "swill.v1");
  EXPECT_EQ(pipe.arrived(), 2U);
  EXPECT_EQ(text(pipe), "one");
  EXPECT_EQ(text(pipe), "");
  EXPECT_EQ(text(pipe), "(none)");
}

TEST_F(MemoryPipe, IsRejected) {
  server.accepts = false;
  memory_pipe pipe{loop, server};
  loop.run_until_idle();
  server.asked->reject(401, "no", {});

  EXPECT_EQ(pipe.rejected()->status, 401);
  EXPECT_FALSE(pipe.is_open());
  EXPECT_EQ(server.asked->accept({}, server), nullptr);
}

TEST_F(MemoryPipe, IsAnswered500WhenGivenUp) {
  server.accepts = false;
  memory_pipe pipe{loop, server};
  loop.run_until_idle();
  server.asked.reset();
  loop.run_until_idle();

  EXPECT_EQ(pipe.rejected()->status, 500);
}

TEST_F(MemoryPipe, ClosesFromEitherSide) {
  memory_pipe first{loop, server};
  loop.run_until_idle();
  server.port->close(4321, "bye");
  server.port->begin_message();
  server.port->end_message();
  EXPECT_FALSE(server.closed);
  loop.run_until_idle();
  EXPECT_EQ(first.closed()->code, 4321);
  EXPECT_EQ(server.closed->code, 4321);
  EXPECT_FALSE(server.closed->by_peer);
  EXPECT_EQ(first.arrived(), 0U);

  memory_pipe second{loop, server};
  loop.run_until_idle();
  second.close(1001, "gone");
  loop.run_until_idle();
  EXPECT_EQ(server.closed->code, 1001);
  EXPECT_TRUE(server.closed->by_peer);
}

TEST_F(MemoryPipe, AClientsCloseComesAfterWhatItHasSent) {
  memory_pipe pipe{loop, server};
  for (int i = 0; i < 3; ++i) pipe.send("m");
  pipe.close(1000);
  EXPECT_EQ(pipe.unread(), 3U);
  loop.run_until_idle();

  EXPECT_EQ(server.messages, 3);
  EXPECT_EQ(server.closed->code, 1000);
  EXPECT_EQ(pipe.unread(), 0U);
}

TEST_F(MemoryPipe, AClientsCloseDoesNotWaitForAServerThatReadsNothing) {
  memory_pipe pipe{loop, server};
  loop.run_until_idle();
  server.port->pause_reading(true);
  pipe.send("m");
  pipe.close(1000);
  loop.run_until_idle();

  EXPECT_EQ(server.messages, 0);
  EXPECT_EQ(server.closed->code, 1000);
}

TEST_F(MemoryPipe, DropsAtAnyPoint) {
  for (std::size_t n = 0;; ++n) {
    echo each;
    memory_pipe pipe{loop, each};
    loop.run_until_idle();
    pipe.drop_after(n);
    for (int i = 0; i < 3; ++i) pipe.send("m");
    loop.run_until_idle();
    if (!each.closed) {
      EXPECT_EQ(n, 6U); // three messages, there and back
      EXPECT_EQ(pipe.arrived(), 3U);
      break;
    }
    EXPECT_EQ(each.closed->code, 1006);
    EXPECT_LE(pipe.arrived(), n);
  }
}

TEST_F(MemoryPipe, TellsWhenOutputMovesThatFilledItsBudgetExactly) {
  limits lim;
  lim.send_buffer = 16;
  memory_pipe pipe{loop, server, memory_pipe::plain_request(), lim};
  pipe.stall();
  pipe.send("123456");
  pipe.send("78");
  loop.run_until_idle();
  ASSERT_EQ(server.port->backlog(), 8U);
  EXPECT_FALSE(server.port->has_room(1, lim.send_buffer));

  pipe.take(1);
  loop.run_until_idle();

  EXPECT_EQ(server.writable, 1);
}

TEST_F(MemoryPipe, BuildsABacklogWhileStalled) {
  limits lim;
  lim.send_buffer = 10;
  memory_pipe pipe{loop, server, memory_pipe::plain_request(), lim};
  pipe.stall();
  pipe.send("123456");
  pipe.send("78");
  loop.run_until_idle();
  EXPECT_EQ(server.port->backlog(), 8U);
  EXPECT_EQ(pipe.arrived(), 0U);
  EXPECT_EQ(server.writable, 0);

  pipe.take(1);
  loop.run_until_idle();

  EXPECT_EQ(server.port->backlog(), 2U);
  EXPECT_EQ(pipe.arrived(), 1U);
  EXPECT_EQ(server.writable, 1);
}

TEST_F(MemoryPipe, HoldsTheLimitOfAMessage) {
  limits lim;
  lim.message_size = 3;
  memory_pipe pipe{loop, server, memory_pipe::plain_request(), lim};
  pipe.send("123");
  pipe.send("1234");
  loop.run_until_idle();

  EXPECT_EQ(server.messages, 1);
  EXPECT_EQ(pipe.closed()->code, 1009);
}

TEST_F(MemoryPipe, WaitsWhileReadingIsPaused) {
  memory_pipe pipe{loop, server};
  loop.run_until_idle();
  server.port->pause_reading(true);
  pipe.send("x");
  loop.run_until_idle();
  EXPECT_EQ(server.messages, 0);

  server.port->pause_reading(false);
  loop.run_until_idle();

  EXPECT_EQ(server.messages, 1);
}

TEST_F(MemoryPipe, ReadsOnWhenTheLastOfSeveralPausesEnds) {
  memory_pipe pipe{loop, server};
  loop.run_until_idle();
  server.port->pause_reading(true);
  server.port->pause_reading(true);
  pipe.send("x");
  server.port->pause_reading(false);
  loop.run_until_idle();
  EXPECT_EQ(server.messages, 0);

  server.port->pause_reading(false);
  loop.run_until_idle();

  EXPECT_EQ(server.messages, 1);
}

TEST_F(MemoryPipe, ReadsNothingBeyondTheMemoryOfAConnection) {
  limits lim;
  lim.connection_memory = 10;
  memory_pipe pipe{loop, server, memory_pipe::plain_request(), lim};
  loop.run_until_idle();
  server.port->on_held(10);
  pipe.send("x");
  loop.run_until_idle();
  EXPECT_EQ(server.messages, 0);

  server.port->on_held(-1);
  loop.run_until_idle();

  EXPECT_EQ(server.messages, 1);
}

TEST_F(MemoryPipe, TellsOfThePeersEndWhileReadingIsPaused) {
  memory_pipe pipe{loop, server};
  loop.run_until_idle();
  server.port->pause_reading(true);
  pipe.send("x");
  pipe.drop();

  EXPECT_EQ(server.closed->code, 1006);
  EXPECT_EQ(server.messages, 0);
}

TEST_F(MemoryPipe, WithdrawsAMessage) {
  memory_pipe pipe{loop, server};
  loop.run_until_idle();
  buffer& out = server.port->begin_message();
  const auto size = out.size();
  out.append("half", 4);
  out.truncate(size);
  server.port->cancel_message();
  server.on_message(as_bytes("whole"));

  EXPECT_EQ(pipe.arrived(), 1U);
  EXPECT_EQ(text(pipe), "whole");
}

} // namespace
} // namespace swill
