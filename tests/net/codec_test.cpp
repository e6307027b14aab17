#include "libswill/net/websocket/codec.hpp"

#include "libswill/net/asio_loop.hpp"
#include "libswill/net/websocket/frame.hpp"
#include "tests/support/raw_client.hpp"

#include <gtest/gtest.h>

namespace swill::net::websocket {
namespace {

using test::raw_client;

std::string frame(int op, std::string_view payload, bool fin = true) { return raw_client::encode(op, payload, fin); }

// A codec, and what came out of it.
struct decoding {
  explicit decoding(std::size_t limit = 1000) : d(loop.context(), limit) {
    d.accept("dGhlIHNhbXBsZSBub25jZQ==", "swill.v1", {}, output);
    output.clear();
  }

  // Feeds one piece after what was left of those before.
  void put(std::string_view piece) {
    kept.append(piece);
    d.feed(as_bytes(kept), output, sent, pong);
    while (!closed && d.ready()) {
      std::byte room[7];
      std::size_t got = 0;
      const auto status = d.read(room, sizeof room, got);
      message.append(as_text(bytes_view{room}.first(got)));
      if (status == codec::status::done) messages.push_back(std::exchange(message, {}));
      if (status == codec::status::closed) closed = d.why().code;
    }
    if (!closed) kept.erase(0, kept.size() - d.left());
  }

  net::asio_loop loop;
  codec d;
  buffer output;
  std::size_t sent = 0;
  last_pong pong;
  std::string kept, message;
  std::vector<std::string> messages;
  int closed = 0;
};

TEST(Codec, AnswersOnlyTheLatestPingWhereOutputWaits) {
  decoding d;
  for (int i = 0; i < 10; ++i) d.put(frame(9, "ping " + std::to_string(i)));
  EXPECT_EQ(d.output.size(), 10U * 8); // few: each has its pong
  d.output.append(std::string(5000, 'x').data(), 5000);
  const std::size_t before = d.output.size();

  for (int i = 0; i < 1000; ++i) d.put(frame(9, std::string(125, static_cast<char>('a' + i % 26))));

  EXPECT_EQ(d.output.size(), before + 2 + 125);
  EXPECT_EQ(as_text(d.output.view().last(125)), std::string(125, static_cast<char>('a' + 999 % 26)));
}

TEST(Codec, ReplacesNoPongThatIsOnItsWayOrHasOutputBehindIt) {
  decoding d;
  d.output.append(std::string(5000, 'x').data(), 5000);
  d.put(frame(9, "one"));
  d.output.append("frame", 5);
  d.put(frame(9, "two"));
  EXPECT_EQ(as_text(d.output.view()).substr(5000), "\x8a\x03one"
                                                   "frame"
                                                   "\x8a\x03two");
  d.output.append(std::string(5000, 'x').data(), 5000);
  d.put(frame(9, "three"));
  d.sent = d.output.size() - 1;
  d.put(frame(9, "four"));

  EXPECT_TRUE(as_text(d.output.view())
                  .ends_with("\x8a\x05three"
                             "\x8a\x04"
                             "four"));
}

TEST(Codec, AnswersTheUpgrade) {
  net::asio_loop loop;
  codec d{loop.context(), 10};
  buffer output;

  ASSERT_TRUE(d.accept("dGhlIHNhbXBsZSBub25jZQ==", "swill/1", {{"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2"}}, output));

  const auto text = as_text(output.view());
  EXPECT_TRUE(text.starts_with("HTTP/1.1 101 "));
  EXPECT_TRUE(text.ends_with("\r\n\r\n"));
  for (const auto* line : {"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "Sec-WebSocket-Protocol: swill/1",
                           "Set-Cookie: a=1", "Set-Cookie: b=2", "Server: swill"})
    EXPECT_NE(text.find(line), text.npos) << line;
}

TEST(Codec, KnowsThatFragmentsAreTooLongBeforeTheyAreThere) {
  decoding d{1000};
  d.put(frame(2, std::string(600, 'x'), false));
  EXPECT_EQ(d.closed, 0);

  d.put(frame(0, std::string(401, 'x')).substr(0, 8)); // a header with a length of two bytes and the mask

  EXPECT_EQ(d.closed, 1009);
}

TEST(Codec, RefusesCloseCodesThatMayNotTravel) {
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535}) {
    decoding d;
    d.put(frame(8, raw_client::close_payload(code, "why")));

    EXPECT_EQ(d.closed, 1002) << code;
    EXPECT_EQ(as_text(d.output.view()), "\x88\x02\x03\xea") << code;
  }
  decoding d;
  d.put(frame(8, raw_client::close_payload(1014, "\xff")));
  EXPECT_EQ(d.closed, 1002);
}

// Whatever the cuts, the outcome is that of the whole.
TEST(Codec, DoesNotCareHowInputIsCut) {
  const std::vector<std::string> scenarios{
      frame(2, "hello") + frame(2, "") + frame(2, "world, a little longer"),
      frame(2, "a", false) + frame(0, "", false) + frame(9, "ping") + frame(0, "b", false) + frame(10, "") +
          frame(0, "c"),
      frame(2, "", false) + frame(0, ""),
      frame(9, "one") + frame(9, "") + frame(2, "x") + frame(9, "three"),
      frame(2, "x") + frame(8, raw_client::close_payload(4321, "bye")) + frame(2, "never"),
      frame(2, std::string(300, 'y')) + frame(1, "h\xc3\xa9") + frame(2, std::string(1000, 'z')),
      frame(2, std::string(600, 'y'), false) + frame(0, std::string(401, 'y')),
      frame(2, "ok") + frame(1, "\xc3\x28"),
      frame(2, "ok") + frame(3, "x"),
      frame(0, "continues nothing"),
      frame(2, "a", false) + frame(2, "b"),
      frame(8, "\x03"),
  };
  for (const auto& input : scenarios) {
    decoding whole;
    whole.put(input);
    const auto expected_output = std::string{as_text(whole.output.view())};
    for (std::size_t cut = 0; cut <= input.size(); ++cut) {
      decoding pieces;
      pieces.put(input.substr(0, cut));
      if (pieces.closed == 0) pieces.put(input.substr(cut));

      ASSERT_EQ(pieces.messages, whole.messages) << cut;
      ASSERT_EQ(pieces.closed, whole.closed) << cut;
      ASSERT_EQ(as_text(pieces.output.view()), expected_output) << cut;
    }
    decoding trickle;
    for (std::size_t i = 0; i < input.size() && trickle.closed == 0; ++i) trickle.put(input.substr(i, 1));
    EXPECT_EQ(trickle.messages, whole.messages);
    EXPECT_EQ(trickle.closed, whole.closed);
  }
}

TEST(Codec, AnswersPingsInOrder) {
  decoding d;

  d.put(frame(9, "one") + frame(9, "") + frame(9, std::string(125, 'p')));

  EXPECT_EQ(as_text(d.output.view()), "\x8a\x03one" + std::string("\x8a\0", 2) + "\x8a\x7d" + std::string(125, 'p'));
}

TEST(Codec, ClosesAsTheProtocolAsks) {
  const auto closed_by = [](std::string_view input) {
    decoding d;
    d.put(input);
    EXPECT_EQ(d.output.size(), 4U);
    return d.output.size() < 4
               ? 0
               : std::to_integer<int>(d.output.data()[2]) << 8 | std::to_integer<int>(d.output.data()[3]);
  };
  EXPECT_EQ(closed_by(frame(8, raw_client::close_payload(1001, "bye"))), 1001);
  EXPECT_EQ(closed_by(frame(8, raw_client::close_payload(4999))), 4999);
  EXPECT_EQ(closed_by(frame(8, "")), 1000);
  EXPECT_EQ(closed_by(frame(8, raw_client::close_payload(999))), 1002);
  EXPECT_EQ(closed_by(frame(8, raw_client::close_payload(1006))), 1002);
  EXPECT_EQ(closed_by(frame(8, raw_client::close_payload(1000, "\xc3\x28"))), 1002);
  EXPECT_EQ(closed_by(frame(9, "p", false)), 1002);
  EXPECT_EQ(closed_by(frame(9, std::string(126, 'p'))), 1002);
  EXPECT_EQ(closed_by(frame(11, "")), 1002);
  EXPECT_EQ(closed_by(raw_client::encode(2, "x", true, 1, 4)), 1002); // RSV1: no compression was agreed
  EXPECT_EQ(closed_by(raw_client::encode(2, "x", true, 1, 2)), 1002);
  EXPECT_EQ(closed_by(raw_client::encode(2, "x", true, 1, 1)), 1002);
  EXPECT_EQ(closed_by(std::string_view{"\x82\x01x", 3}), 1002); // unmasked
}

TEST(Codec, HoldsTheLimitOfAMessage) {
  const auto code = [](std::string_view input) {
    decoding d{1000};
    d.put(input);
    return d.closed;
  };
  EXPECT_EQ(code(frame(2, std::string(1000, 'x'))), 0);
  EXPECT_EQ(code(frame(2, std::string(1001, 'x')).substr(0, 8)), 1009); // at the header already
  EXPECT_EQ(code(frame(2, std::string(999, 'x'), false) + frame(0, "x")), 0);
  EXPECT_EQ(code(frame(2, std::string(999, 'x'), false) + frame(0, "xx")), 1009);
  EXPECT_EQ(code(std::string_view{"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14}), 1009);
}

TEST(Codec, TakesALimitOfNothingForOneByte) {
  for (const std::size_t limit : {0, 1}) {
    decoding d{limit};
    d.put(frame(2, "x"));
    EXPECT_EQ(d.closed, 0);
    d.put(frame(2, "xx"));
    EXPECT_EQ(d.closed, 1009);
  }
}

TEST(Codec, SaysNothingAfterItIsMuted) {
  decoding d;
  d.d.mute();

  d.put(frame(9, "x") + frame(8, raw_client::close_payload(1000)));

  EXPECT_EQ(d.closed, 1000);
  EXPECT_TRUE(d.output.empty());
}

TEST(Frame, HasTheShortestHeader) {
  for (const auto& [size, header] :
       {std::pair{0, 2}, {1, 2}, {125, 2}, {126, 4}, {65535, 4}, {65536, 10}, {70000, 10}}) {
    buffer out;
    out.append("before", 6);
    append_frame(out, opcode::binary, as_bytes(std::string(static_cast<std::size_t>(size), 'x')));

    ASSERT_EQ(out.size(), static_cast<std::size_t>(6 + header + size));
    EXPECT_EQ(std::to_integer<int>(out.data()[6]), 0x82);
    EXPECT_EQ(as_text(out.view()).substr(static_cast<std::size_t>(6 + header)),
              std::string(static_cast<std::size_t>(size), 'x'));
  }
}

TEST(Frame, CutsAReasonBetweenCharacters) {
  std::string reason(122, 'r');
  reason += "\xc3\xa9";
  buffer out;

  append_close(out, 4321, reason);

  EXPECT_EQ(out.size(), 2U + 2U + 122U);
}

} // namespace
} // namespace swill::net::websocket
