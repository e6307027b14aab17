#include "actors/runtime.hpp"
#include "libswill/client/blocking_client.hpp"
#include "libswill/server/server.hpp"
#include "tests/server/calls.hpp"

// Uploads faster than their handlers: what a port is told of them, and what sockets make of it.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;

/// A connection whose lower end is the test.
class bare_line final : public handshake, public message_port {
public:
  explicit bare_line(swill::loop& l) : loop_(l) { handshake::request = memory_pipe::plain_request(); }

  swill::loop& loop() noexcept override { return loop_; }
  bool is_open() const noexcept override { return true; }
  message_port* accept(const header_list&, message_sink& to) override {
    sink = &to;
    return this;
  }
  void reject(int, std::string_view, const header_list&) override {}

  buffer& begin_message() override {
    out_.clear();
    return out_;
  }
  void end_message() override { ++answers; }
  void cancel_message() override {}
  std::size_t backlog() const noexcept override { return 0; }
  void close(int, std::string_view) override {}
  void pause_reading(bool on) override { pauses += on ? 1 : -1; }
  void on_held(std::ptrdiff_t bytes) override { held += bytes; }

  template <class T>
  void send(std::uint64_t seq, std::string_view rpc, const T& item,
            wire::request_type type = wire::request_type::message) {
    buffer message;
    wire::writer w{message};
    wire::write_request(w, seq, encoded(item), rpc, type);
    sink->on_message(message.view());
  }

  message_sink* sink = nullptr;
  int answers = 0, pauses = 0;
  std::ptrdiff_t held = 0;

private:
  swill::loop& loop_;
  buffer out_;
};

TEST(UploadsOfAPort, TellItWhatTheyHoldAndPauseItOnceEach) {
  for (const bool hooked : {false, true}) {
    logged_app a;
    a.limits().queued_bytes = 20'000;
    if (hooked) a.before_request_data([](context&, bytes&) {});
    a.handle("slow", [](streaming_request<std::string> in) -> task<int> {
      int n = 0;
      for (co_await sleep_for(1s); co_await in.next(); ++n) co_await sleep_for(1ms);
      co_return n;
    });
    test_server s{a};
    const auto line = std::make_shared<bare_line>(s.loop());
    s.runtime().on_handshake(line);
    s.run();
    ASSERT_NE(line->sink, nullptr);
    const std::string item(1'000, 'x');

    for (const std::uint64_t seq : {1, 2}) {
      for (int i = 0; i < 18; ++i) line->send(seq, "slow", item);
    }
    s.run();
    EXPECT_EQ(line->pauses, 0);
    EXPECT_GT(line->held, 2 * 18'000 - 2 * 4'096); // told of in steps
    EXPECT_LT(line->held, 2 * 20'000);
    for (int i = 0; i < 2; ++i) line->send(1, "slow", item); // over the limit
    s.run();
    EXPECT_EQ(line->pauses, 1);
    for (int i = 0; i < 2; ++i) line->send(2, "slow", item);
    s.run();
    EXPECT_EQ(line->pauses, 1) << "as one, however many want it";

    line->send(2, "slow", nothing{}, wire::request_type::cancel);
    s.run();
    EXPECT_EQ(line->pauses, 1);
    EXPECT_LT(line->held, 25'000);
    s.advance(1s + 5ms);
    EXPECT_EQ(line->pauses, 1);
    s.advance(10ms); // the half of it has been taken
    EXPECT_EQ(line->pauses, 0);
    s.advance(1s);
    EXPECT_EQ(line->held, 0) << hooked;
    line->send(1, "slow", nothing{}, wire::request_type::end_of_stream);
    s.run();
    EXPECT_EQ(line->answers, 1);
    line->sink->on_closed({});
    s.run();
    EXPECT_EQ(line->held, 0);
  }
}

TEST(UploadOverSockets, FasterThanItsHandlerIsHeldBackAndLosesNothing) {
  logged_app a;
  std::size_t most = 0; // on the one I/O thread until the server has stopped
  a.handle("count",
           [&most](streaming_request<std::string> in) -> task<int> {
             int n = 0;
             while (in.context().call().queued().held < 60'000) co_await sleep_for(1ms); // the client is the faster one
             most = in.context().call().queued().held;
             while (co_await in.next()) {
               most = std::max(most, in.context().call().queued().held);
               if (++n % 200 == 0) co_await sleep_for(1ms);
             }
             co_return n;
           },
           {.queued_bytes = 64 * 1024});
  server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1}};
  s.start();
  {
    blocking_client c{"ws://127.0.0.1:" + std::to_string(s.port()) + "/ws"};
    auto upload = c.upload<std::string, int>("count");
    const std::string item(1000, 'x');

    for (int i = 0; i < 20'000; ++i) ASSERT_TRUE(upload.write(item)) << i; // more than the kernel takes

    EXPECT_EQ(upload.finish(), 20'000);
  }
  s.stop();
  EXPECT_GE(most, 60'000U);
  EXPECT_LT(most, 70'000U);
}

} // namespace
} // namespace swill
