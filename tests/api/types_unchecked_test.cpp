#include "tests/api/types_contract.hpp"

#include <gtest/gtest.h>

// decode_data() where nothing is known of the bytes: they are taken only if they are all that a look at them would have asked for.

namespace swill {
namespace {

template <class T>
bool takes(bytes_view raw, const limits& l = {}) {
  T out{};
  std::optional<error> failure;
  const bool read = detail::decode_data(raw, l, false, out, failure);
  EXPECT_FALSE(failure);
  return read;
}
template <class T>
bool takes(std::initializer_list<int> raw, const limits& l = {}) {
  bytes b;
  for (const int i : raw) b.push_back(static_cast<std::byte>(i));
  return takes<T>(b, l);
}

using nested = std::vector<std::vector<std::vector<int>>>;

struct maybe {
  std::optional<int> n;
};
template <class D>
void describe(D& d, maybe& m) {
  d.field("n", m.n);
}

struct refusing {
  int n = 0;
};
template <class D>
void describe(D& d, refusing& r) {
  d.field("n", r.n, predicate{[](int) -> bool { throw std::runtime_error("no"); }, "never"});
}

TEST(UncheckedData, AreExactlyOneValue) {
  EXPECT_TRUE(takes<int>({0x07}));
  EXPECT_FALSE(takes<int>({}));
  EXPECT_FALSE(takes<int>({0x07, 0x07}));
  EXPECT_FALSE(takes<int>({0xcd, 0x07}));
  EXPECT_TRUE(takes<maybe>({0xc0}));
  EXPECT_FALSE(takes<maybe>({0xc0, 0xc0}));
}

TEST(UncheckedData, AreLookedAtWhereTheTypePassesThemBy) {
  EXPECT_TRUE(takes<maybe>({0x81, 0xa1, 0x78, 0x91, 0x01}));
  EXPECT_FALSE(takes<maybe>({0x81, 0xa1, 0x78, 0x91, 0xc1}));
  EXPECT_FALSE(takes<maybe>({0x81, 0xa1, 0x78, 0xdd, 0xff, 0xff, 0xff, 0xff, 0x01}));
  EXPECT_FALSE(takes<raw>({0x92, 0x01, 0xc1}));
  EXPECT_FALSE(takes<value>({0x92, 0x01, 0xc1}));
}

TEST(UncheckedData, NestAsDeepAsTheirEnvelopeLeavesThem) {
  const limits l{.nesting = 4};
  const limits less{.nesting = 3};

  EXPECT_TRUE(takes<nested>({0x91, 0x91, 0x90}, l));
  EXPECT_FALSE(takes<nested>({0x91, 0x91, 0x90}, less));
  EXPECT_TRUE(takes<value>({0x91, 0x91, 0x90}, l));
  EXPECT_FALSE(takes<value>({0x91, 0x91, 0x90}, less));
  EXPECT_TRUE(takes<raw>({0x91, 0x91, 0x90}, l));
  EXPECT_FALSE(takes<raw>({0x91, 0x91, 0x90}, less));
  EXPECT_TRUE(takes<maybe>({0x81, 0xa1, 0x78, 0x91, 0x90}, l));
  EXPECT_FALSE(takes<maybe>({0x81, 0xa1, 0x78, 0x91, 0x90}, less));
}

TEST(UncheckedData, OfMoreValuesThanTheLoopDecodesAreLeft) {
  limits l;
  l.elements_on_loop = 4;
  limits less;
  less.elements = 3;
  const auto list = {0x93, 0xcc, 0xff, 0xcc, 0xff, 0xcc, 0xff};

  EXPECT_TRUE(takes<std::vector<int>>(list, l));
  EXPECT_FALSE(takes<std::vector<int>>(list, less));
  EXPECT_TRUE(takes<value>(list, l));
  EXPECT_FALSE(takes<value>(list, less));
  EXPECT_TRUE(takes<raw>(list, l));
  EXPECT_FALSE(takes<raw>(list, less));
  EXPECT_FALSE(takes<std::vector<int>>({0x94, 0xcc, 0xff, 0xcc, 0xff, 0xcc, 0xff, 0x01}, l));
  l.elements_on_loop = 0;
  EXPECT_FALSE(takes<int>({0x07}, l));
}

TEST(UncheckedData, ThatARuleCannotBeAskedAboutAreLeft) { EXPECT_FALSE(takes<refusing>({0x81, 0xa1, 0x6e, 0x01})); }

} // namespace
} // namespace swill
