#include "libswill/wire/writer.hpp"

#include "tests/wire/hex.hpp"

#include <cmath>
#include <cstdint>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

namespace swill::wire {
namespace {

TEST(Writer, WritesScalars) {
  const std::string hex = written([](writer& w) {
    w.nil();
    w.boolean(false);
    w.boolean(true);
  });

  EXPECT_EQ(hex, "c0c2c3");
}

TEST(Writer, WritesIntegersInTheirShortestForm) {
  const std::vector<std::pair<std::int64_t, std::string_view>> cases = {
      {0, "00"},
      {127, "7f"},
      {128, "cc80"},
      {255, "ccff"},
      {256, "cd0100"},
      {65535, "cdffff"},
      {65536, "ce00010000"},
      {4294967295, "ceffffffff"},
      {4294967296, "cf0000000100000000"},
      {std::numeric_limits<std::int64_t>::max(), "cf7fffffffffffffff"},
      {-1, "ff"},
      {-32, "e0"},
      {-33, "d0df"},
      {-128, "d080"},
      {-129, "d1ff7f"},
      {-32768, "d18000"},
      {-32769, "d2ffff7fff"},
      {-2147483648LL, "d280000000"},
      {-2147483649LL, "d3ffffffff7fffffff"},
      {std::numeric_limits<std::int64_t>::min(), "d38000000000000000"}};

  for (const auto& [i, expected] : cases) {
    EXPECT_EQ(written([i = i](writer& w) { w.integer(i); }), expected) << i;
    if (i >= 0) {
      EXPECT_EQ(written([i = i](writer& w) { w.unsigned_integer(static_cast<std::uint64_t>(i)); }), expected) << i;
    }
  }
  EXPECT_EQ(written([](writer& w) { w.unsigned_integer(std::numeric_limits<std::uint64_t>::max()); }),
            "cfffffffffffffffff");
}

TEST(Writer, KeepsRealsReal) {
  EXPECT_EQ(written([](writer& w) { w.real(1.0); }), "cb3ff0000000000000");
  EXPECT_EQ(written([](writer& w) { w.real(-0.0); }), "cb8000000000000000");
  EXPECT_EQ(written([](writer& w) { w.real32(1.0F); }), "ca3f800000");
  EXPECT_EQ(written([](writer& w) { w.real(std::numeric_limits<double>::infinity()); }), "cb7ff0000000000000");
}

TEST(Writer, WritesLengthsInTheirShortestForm) {
  struct boundary {
    std::size_t size;
    std::string_view str, bin, ext, array, map;
  };
  const std::vector<boundary> cases = {{0, "a0", "c400", "c70005", "90", "80"},
                                       {1, "a1", "c401", "d405", "91", "81"},
                                       {15, "af", "c40f", "c70f05", "9f", "8f"},
                                       {16, "b0", "c410", "d805", "dc0010", "de0010"},
                                       {31, "bf", "c41f", "c71f05", "dc001f", "de001f"},
                                       {32, "d920", "c420", "c72005", "dc0020", "de0020"},
                                       {255, "d9ff", "c4ff", "c7ff05", "dc00ff", "de00ff"},
                                       {256, "da0100", "c50100", "c8010005", "dc0100", "de0100"},
                                       {65535, "daffff", "c5ffff", "c8ffff05", "dcffff", "deffff"},
                                       {65536, "db00010000", "c600010000", "c90001000005", "dd00010000", "df00010000"}};

  for (const boundary& c : cases) {
    const std::string content(c.size, 'x');
    const std::string content_hex = to_hex(as_bytes(content));

    EXPECT_EQ(written([&](writer& w) { w.str(content); }), std::string{c.str} + content_hex);
    EXPECT_EQ(written([&](writer& w) { w.bin(as_bytes(content)); }), std::string{c.bin} + content_hex);
    EXPECT_EQ(written([&](writer& w) { w.ext(5, as_bytes(content)); }), std::string{c.ext} + content_hex);
    EXPECT_EQ(written([&](writer& w) { w.array(c.size); }), c.array);
    EXPECT_EQ(written([&](writer& w) { w.map(c.size); }), c.map);
  }
}

TEST(Writer, UsesFixextForItsFiveLengths) {
  const std::vector<std::pair<std::size_t, std::string_view>> cases = {
      {1, "d4ff"}, {2, "d5ff"}, {4, "d6ff"}, {8, "d7ff"}, {16, "d8ff"}};

  for (const auto& [size, header] : cases) {
    const bytes data(size);

    EXPECT_EQ(written([&](writer& w) { w.ext(-1, data); }), std::string{header} + to_hex(data));
  }
}

TEST(Writer, WritesTimestampsInTheirShortestForm) {
  struct moment {
    std::int64_t seconds;
    std::uint32_t nanoseconds;
    std::string_view hex;
  };
  const std::vector<moment> cases = {{0, 0, "d6ff00000000"},
                                     {4294967295, 0, "d6ffffffffff"},
                                     {4294967296, 0, "d7ff0000000100000000"},
                                     {0, 1, "d7ff0000000400000000"},
                                     {17179869183, 999'999'999, "d7ffee6b27ffffffffff"},
                                     {17179869184, 0, "c70cff000000000000000400000000"},
                                     {-1, 0, "c70cff00000000ffffffffffffffff"},
                                     {-1, 999'999'999, "c70cff3b9ac9ffffffffffffffffff"}};

  for (const moment& m : cases)
    EXPECT_EQ(written([&](writer& w) { w.timestamp(m.seconds, m.nanoseconds); }), m.hex) << m.seconds;
}

TEST(Writer, CopiesWhatIsEncodedAlready) {
  const bytes encoded = from_hex("81a16b01");

  EXPECT_EQ(written([&](writer& w) { w.raw(encoded); }), "81a16b01");
}

TEST(Writer, ChecksText) {
  EXPECT_EQ(written([](writer& w) { w.text("h\xc3\xa9"); }), "a368c3a9");
  EXPECT_EQ(written([](writer& w) { EXPECT_THROW(w.text("\xc3("), encode_error); }), "");
}

TEST(Writer, RefusesSizesThatMessagePackCannotSay) {
  constexpr std::size_t too_many = std::size_t{1} << 32;

  EXPECT_EQ(written([](writer& w) { EXPECT_THROW(w.array(too_many), encode_error); }), "");
  EXPECT_EQ(written([](writer& w) { EXPECT_THROW(w.map(too_many), encode_error); }), "");
}

} // namespace
} // namespace swill::wire
