// Our reader and writer against msgpack-cxx, on random values and on random damage to their bytes. The seeds are fixed.
#include "libswill/base/utf8.hpp"
#include "libswill/wire/codec.hpp"

#include "tests/wire/msgpack_cxx.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

namespace swill::wire {
namespace {

class value_generator {
public:
  explicit value_generator(unsigned seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t n) { return random_() % n; }

  value any(std::size_t depth) {
    switch (below(depth == 0 ? 9 : 11)) {
      case 0: return {};
      case 1: return below(2) == 0;
      case 2: return static_cast<std::int64_t>(any_width());
      case 3: return any_width();
      case 4: return std::bit_cast<float>(static_cast<std::uint32_t>(random_()));
      case 5: return static_cast<double>(below(1000)) / 4;
      case 6:
      case 7: return text();
      case 8: return below(2) == 0 ? value{octets()} : value{extension{static_cast<std::int8_t>(random_()), octets()}};
      case 9: return array(depth);
      default: return map(depth);
    }
  }

private:
  /// Integers around the boundaries of all widths.
  std::uint64_t any_width() { return (random_() >> below(64)) * (below(2) == 0 ? 1 : ~std::uint64_t{0}) - below(3); }

  /// Mostly short, now and then around a boundary of the length formats.
  std::size_t length() {
    constexpr std::size_t boundaries[] = {15, 31, 255, 65535};
    return below(20) != 0 ? below(12) : boundaries[below(below(10) == 0 ? 4 : 3)] + below(3);
  }

  bytes octets() {
    bytes b(length());
    for (std::byte& octet : b) octet = static_cast<std::byte>(random_());
    return b;
  }

  value text() {
    const bytes b = octets();
    return make_valid_utf8(as_text(b));
  }

  value array(std::size_t depth) {
    value_array items(below(8) == 0 ? 14 + below(4) : below(5));
    for (value& item : items) item = any(depth - 1);
    return items;
  }

  value map(std::size_t depth) {
    value_map entries(below(8) == 0 ? 14 + below(4) : below(5));
    for (std::size_t i = 0; i < entries.size(); ++i) {
      auto& [key, item] = entries[i];
      key = text();
      const auto is_same = [&k = key](const auto& earlier) { return earlier.first == k; };
      if (std::any_of(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(i), is_same))
        key = i; // of equal keys only one is read back
      item = any(depth - 1);
    }
    return entries;
  }

  std::mt19937_64 random_;
};

std::string by_us(const value& v) {
  return written([&](writer& w) { write_value(w, v); });
}

/// One of: another byte, a byte more, a byte less, a piece twice, cut off.
void damage(bytes& b, value_generator& random) {
  if (b.empty()) return;
  const auto at = b.begin() + static_cast<std::ptrdiff_t>(random.below(b.size()));
  switch (random.below(5)) {
    case 0: *at = static_cast<std::byte>(random.below(256)); break;
    case 1: b.insert(at, static_cast<std::byte>(random.below(256))); break;
    case 2: b.erase(at); break;
    case 3: {
      const bytes tail(at, b.end());
      b.insert(b.end(), tail.begin(), tail.end());
      break;
    }
    default: b.erase(at, b.end()); break;
  }
}

TEST(Differential, WritesWhatMsgpackCxxWrites) {
  value_generator random{1};
  for (int i = 0; i < 20'000; ++i) {
    const value v = random.any(4);

    ASSERT_EQ(by_us(v), to_hex(as_bytes(packed_by_msgpack_cxx(v)))) << i;
  }
}

TEST(Differential, ReadsBackWhatItWrote) {
  value_generator random{2};
  for (int i = 0; i < 20'000; ++i) {
    const value v = random.any(4);
    const std::string hex = by_us(v);
    const bytes encoded = from_hex(hex);
    reader from{encoded};
    value again;

    ASSERT_TRUE(read_value(from, again, 4)) << hex;

    ASSERT_TRUE(from.at_end()) << hex;
    ASSERT_EQ(by_us(again), hex); // bytes, not values: NaN is no equal of itself
  }
}

TEST(Differential, AgreesWithMsgpackCxxOnWhatIsWellFormed) {
  value_generator random{3};
  int well_formed = 0;
  constexpr int rounds = 60'000;
  for (int i = 0; i < rounds; ++i) {
    bytes b = from_hex(by_us(random.any(3)));
    for (std::uint64_t n = 1 + random.below(4); n != 0; --n) damage(b, random);

    reader r{b};
    const scan_status status = r.scan(reader::deepest);
    const auto expected = length_by_msgpack_cxx(b);

    ASSERT_EQ(status == scan_status::ok, expected.has_value()) << to_hex(b);
    ASSERT_EQ(r.position(), expected.value_or(0)) << to_hex(b);
    well_formed += expected.has_value();
  }
  EXPECT_GT(well_formed, rounds / 10); // both verdicts are met often
  EXPECT_LT(well_formed, rounds * 9 / 10);
}

TEST(Differential, ReadsDynamicValuesExactlyWhereTheyAreWellFormed) {
  value_generator random{4};
  for (int i = 0; i < 30'000; ++i) {
    bytes b = from_hex(by_us(random.any(3)));
    damage(b, random);

    reader scanned{b};
    reader read{b};
    value v;
    std::size_t budget = 100'000'000;
    const bool well_formed = scanned.skip(8);
    const value_status status = read_value(read, v, 8, budget);

    if (status == value_status::invalid_utf8) continue; // what follows the text was not looked at
    ASSERT_EQ(well_formed, status == value_status::ok) << to_hex(b);
    ASSERT_EQ(read.position(), scanned.position()) << to_hex(b);
  }
}

} // namespace
} // namespace swill::wire
