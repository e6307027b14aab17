#include "libswill/api/serving/call_output.hpp"

#include "tests/base/manual.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace swill::detail {
namespace {

/// A port that keeps what it is given.
class kept_port final : public message_port {
public:
  swill::loop& loop() noexcept override { return loop_; }
  buffer& begin_message() override { return out; }
  void end_message() override { ++messages; }
  void cancel_message() override { ++cancelled; }
  std::size_t backlog() const noexcept override { return out.size(); }
  void close(int, std::string_view) override {}
  void pause_reading(bool) override {}

  wire::decoded_response last(std::size_t from) const { return wire::decode_response(out.view().subspan(from), {}); }

  buffer out;
  int messages = 0;
  int cancelled = 0;

private:
  manual_loop loop_;
};

/// Whose message is a text, or cannot be encoded.
class text_exchange final : public exchange {
public:
  bool decode(bytes_view, const limits&, bool, std::optional<error>&) override { return false; }
  any_message incoming() override { throw std::logic_error("none"); }
  void deliver(std::size_t) override {}
  void close_input() override {}
  bool start(call&, std::coroutine_handle<>) override { return true; }
  void finish() override {}
  any_message outgoing() override { throw std::logic_error("none"); }
  void encode(wire::writer& w) override {
    w.array(2);
    w.str(text);
    if (is_bad) throw wire::encode_error("bad");
    w.str(text);
  }

  std::string text = "item";
  bool is_bad = false;
};

TEST(CallOutput, TakesBackWhatCannotBeEncoded) {
  kept_port port;
  call_output output;
  text_exchange message;
  output.begin(port, 7);
  message.is_bad = true;

  EXPECT_THROW(output.send(wire::response_type::message, &message, true), wire::encode_error);
  EXPECT_EQ(port.out.size(), 0U);
  EXPECT_EQ(port.cancelled, 1);
  message.is_bad = false;
  output.set_leading({"a", 1}); // nothing was sent: it still may
  output.send(wire::response_type::message, &message, true);

  EXPECT_EQ(port.messages, 1);
  EXPECT_EQ(port.last(0).envelope.seq, 7U);
  EXPECT_FALSE(port.last(0).envelope.leading.empty());
  outcome sent;
  output.count(sent);
  EXPECT_EQ(sent.items_out, 1U);
  EXPECT_EQ(sent.bytes_out, port.out.size());
}

TEST(CallOutput, GivesAStreamItsShareOfATurnWithinTheBudget) {
  kept_port port;
  call_output output;
  text_exchange item;
  limits l;
  l.stream_quantum = 3;
  output.begin(port, 1);
  EXPECT_FALSE(output.is_under_way());

  ASSERT_TRUE(output.may_send(l, 1));
  output.send_item(item);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(output.is_under_way());
    output.put([&](wire::writer& w) { item.encode(w); });
  }
  EXPECT_FALSE(output.is_under_way());
  EXPECT_FALSE(output.may_send(l, 1));
  const std::size_t enough = std::exchange(l.send_buffer, port.out.size() * 2);
  EXPECT_FALSE(output.may_send(l, 2)) << "the peer is to take some first";
  l.send_buffer = enough;
  EXPECT_TRUE(output.may_send(l, 2));

  outcome sent;
  output.count(sent);
  EXPECT_EQ(sent.items_out, 3U);
  EXPECT_EQ(sent.bytes_out, port.out.size());
}

TEST(CallOutput, LeadingMetadataGoWithTheFirstMessageOrNever) {
  kept_port port;
  call_output output;
  text_exchange item;
  output.begin(port, 1);
  output.set_leading({"a", 1});
  output.trailing().set("b", 2);

  output.send_item(item);
  const std::size_t second = port.out.size();
  EXPECT_THROW(output.set_leading({"c", 3}), std::logic_error);
  output.send(wire::response_type::end_of_stream, nullptr, true);

  const auto first = wire::decode_response(port.out.view().subspan(0, second), {});
  EXPECT_FALSE(first.envelope.leading.empty());
  EXPECT_TRUE(first.envelope.trailing.empty());
  EXPECT_TRUE(port.last(second).envelope.leading.empty());
  EXPECT_FALSE(port.last(second).envelope.trailing.empty());
}

} // namespace
} // namespace swill::detail
