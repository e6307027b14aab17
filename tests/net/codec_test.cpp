#include "libswill/net/websocket/codec.hpp"

#include "libswill/net/websocket/frame.hpp"
#include "libswill/net/websocket/upgrade.hpp"
#include "tests/net/decoding.hpp"
#include "tests/support/raw_client.hpp"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <numeric>
#include <random>

namespace swill::net::websocket {
namespace {

using test::raw_client;

std::string frame(int op, std::string_view payload, bool fin = true) { return raw_client::encode(op, payload, fin); }

TEST(Codec, AnswersOnlyTheLatestPingWhereOutputWaits) {
  decoding<> d;
  for (int i = 0; i < 10; ++i) d.put(frame(9, "ping " + std::to_string(i)));
  EXPECT_EQ(d.output.size(), 10U * 8); // few: each has its pong
  d.output.append(std::string(5000, 'x').data(), 5000);
  const std::size_t before = d.output.size();

  for (int i = 0; i < 1000; ++i) d.put(frame(9, std::string(125, static_cast<char>('a' + i % 26))));

  EXPECT_EQ(d.output.size(), before + 2 + 125);
  EXPECT_EQ(as_text(d.output.view().last(125)), std::string(125, static_cast<char>('a' + 999 % 26)));
}

TEST(Codec, ReplacesNoPongThatIsOnItsWayOrHasOutputBehindIt) {
  decoding<> d;
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

TEST(Upgrade, IsAnswered) {
  buffer out;
  append_switching_protocols(out, "dGhlIHNhbXBsZSBub25jZQ==", "swill/1",
                             {{"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2"}});
  const auto text = as_text(out.view());

  EXPECT_TRUE(text.starts_with("HTTP/1.1 101 "));
  EXPECT_TRUE(text.ends_with("\r\n\r\n"));
  for (const auto* line : {"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "Sec-WebSocket-Protocol: swill/1",
                           "Set-Cookie: a=1", "Set-Cookie: b=2", "Server: swill"})
    EXPECT_NE(text.find(line), text.npos) << line;
}

TEST(Codec, KnowsThatFragmentsAreTooLongBeforeTheyAreThere) {
  decoding<> d{1000};
  d.put(frame(2, std::string(600, 'x'), false));
  EXPECT_EQ(d.closed, 0);

  d.put(frame(0, std::string(401, 'x')).substr(0, 8)); // a header with a length of two bytes and the mask

  EXPECT_EQ(d.closed, 1009);
}

TEST(Codec, RefusesCloseCodesThatMayNotTravel) {
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535}) {
    decoding<> d;
    d.put(frame(8, raw_client::close_payload(code, "why")));

    EXPECT_EQ(d.closed, 1002) << code;
    EXPECT_EQ(as_text(d.output.view()), "\x88\x02\x03\xea") << code;
  }
  decoding<> d;
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
    decoding<> whole;
    whole.put(input);
    const auto expected_output = std::string{as_text(whole.output.view())};
    for (std::size_t cut = 0; cut <= input.size(); ++cut) {
      decoding<> pieces;
      pieces.put(input.substr(0, cut));
      if (pieces.closed == 0) pieces.put(input.substr(cut));

      ASSERT_EQ(pieces.messages, whole.messages) << cut;
      ASSERT_EQ(pieces.closed, whole.closed) << cut;
      ASSERT_EQ(as_text(pieces.output.view()), expected_output) << cut;
    }
    decoding<> trickle;
    for (std::size_t i = 0; i < input.size() && trickle.closed == 0; ++i) trickle.put(input.substr(i, 1));
    EXPECT_EQ(trickle.messages, whole.messages);
    EXPECT_EQ(trickle.closed, whole.closed);
  }
}

TEST(Codec, AnswersPingsInOrder) {
  decoding<> d;

  d.put(frame(9, "one") + frame(9, "") + frame(9, std::string(125, 'p')));

  EXPECT_EQ(as_text(d.output.view()), "\x8a\x03one" + std::string("\x8a\0", 2) + "\x8a\x7d" + std::string(125, 'p'));
}

TEST(Codec, ClosesAsTheProtocolAsks) {
  const auto closed_by = [](std::string_view input) {
    decoding<> d;
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
    decoding<> d{1000};
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
    decoding<> d{limit};
    d.put(frame(2, "x"));
    EXPECT_EQ(d.closed, 0);
    d.put(frame(2, "xx"));
    EXPECT_EQ(d.closed, 1009);
  }
}

TEST(Codec, SaysNothingAfterItIsMuted) {
  decoding<> d;
  d.d.c.mute();

  d.put(frame(9, "x") + frame(8, raw_client::close_payload(1000)));

  EXPECT_EQ(d.closed, 1000);
  EXPECT_TRUE(d.output.empty());
}

// One frame, mostly as it should be.
std::string any_frame(std::mt19937& dice, role reader, bool& in_fragments) {
  const auto roll = [&dice](int n) { return static_cast<int>(dice() % static_cast<unsigned>(n)); };
  const int sizes[]{0, 1, 5, 20, 125, 126, 300, 700, 1001};
  std::string payload(static_cast<std::size_t>(sizes[roll(9) < 8 ? roll(6) : roll(9)]), ' ');
  for (auto& c : payload) c = static_cast<char>('a' + roll(26));
  int op = roll(3) != 0 ? 2 : roll(8) != 0 ? (roll(2) != 0 ? 9 : 10) : roll(3);
  bool fin = roll(5) != 0;
  if (op >= 8) {
    payload.resize(std::min<std::size_t>(payload.size(), 125));
    fin = true;
  } else {
    if (in_fragments) op = 0;
    in_fragments = !fin;
  }
  if (roll(60) == 0) {
    op = 8;
    payload = roll(4) == 0
                  ? std::string{}
                  : raw_client::close_payload(roll(2) == 0 ? 1000 + roll(3) : roll(6000), roll(2) == 0 ? "" : "bye");
    fin = true;
  }
  if (roll(80) == 0) op = roll(16);
  if (roll(80) == 0) fin = !fin;
  if (roll(40) == 0 && !payload.empty()) payload.back() = '\xff';
  std::string f =
      raw_client::encode(op, payload, fin, static_cast<std::uint32_t>(dice()), roll(120) == 0 ? roll(8) : 0);
  if (const frame_header h = read_header(as_bytes(f)); roll(100) == 0 && h.size == 6) {
    f[1] = static_cast<char>(0x80 | 126); // a length in more bytes than it needs
    f.insert(2, {'\0', static_cast<char>(h.payload)});
  }
  if (roll(150) == 0) return f; // masked or not, whichever is wrong for one of the two ends
  return reader == role::client ? unmasked(std::move(f)) : f;
}

// Whatever the frames, the cuts, and the switches between the two ways: what comes of it is what Beast alone makes of it.
TEST(Codec, DoesWhatBeastDoes) {
  std::mt19937 dice{20261126};
  std::map<int, int> ends;
  std::size_t messages = 0;
  for (int round = 0; round < 3000; ++round) {
    const role r = round % 2 == 0 ? role::server : role::client;
    decoding<> both{1000, r};
    decoding<beast_alone> beast{1000, r};
    bool in_fragments = false;
    for (int i = 0; i < 30 && beast.closed == 0; ++i) {
      std::string input = any_frame(dice, r, in_fragments);
      if (dice() % 3 == 0) input += any_frame(dice, r, in_fragments);
      beast.put(input);
      for (std::size_t at = 0; at < input.size() && both.closed == 0;) {
        const std::size_t n = dice() % 4 == 0 ? input.size() : 1 + dice() % 9;
        both.put(std::string_view{input}.substr(at, n));
        at += n;
      }
      ASSERT_EQ(both.closed, beast.closed) << round << ' ' << i;
      ASSERT_EQ(both.messages, beast.messages) << round << ' ' << i;
      ASSERT_EQ(plain(both.output), plain(beast.output)) << round << ' ' << i;
      ASSERT_EQ(both.pongs, beast.pongs) << round << ' ' << i;
    }
    ++ends[beast.closed];
    messages += beast.messages.size();
  }
  EXPECT_GT(messages, 10'000U);
  for (const int code : {0, 1000, 1002, 1007, 1009}) EXPECT_GT(ends[code], 10) << code;
}

TEST(Mask, IsTheSameInPieces) {
  std::string text(100, '\0');
  std::iota(text.begin(), text.end(), '\0');
  const std::uint32_t mask = 0xd1c2b3a4;
  std::string whole(100, '\0');
  copy_masked(reinterpret_cast<std::byte*>(whole.data()), as_bytes(text).data(), 100, mask);
  for (std::size_t i = 0; i < 100; ++i) {
    std::uint8_t key[4];
    std::memcpy(key, &mask, sizeof key);
    ASSERT_EQ(static_cast<std::uint8_t>(whole[i]), static_cast<std::uint8_t>(text[i]) ^ key[i % 4]);
  }
  for (std::size_t cut = 0; cut <= 100; ++cut) {
    std::string pieces(100, '\0');
    auto* to = reinterpret_cast<std::byte*>(pieces.data());
    const std::uint32_t rest = copy_masked(to, as_bytes(text).data(), cut, mask);
    copy_masked(to + cut, as_bytes(text).data() + cut, 100 - cut, rest);
    ASSERT_EQ(pieces, whole) << cut;
    std::string in_place = text.substr(0, cut);
    to = reinterpret_cast<std::byte*>(in_place.data());
    copy_masked(to, to, cut, mask);
    ASSERT_EQ(in_place, whole.substr(0, cut));
  }
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
