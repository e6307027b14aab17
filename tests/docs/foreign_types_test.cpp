// The code of "Strong types, and types of others" in docs/types.md, compiled and run. tests/docs/snippets.py holds the page against what
// stands between `// [name]` and `// [/name]` here: change it here, then run `tests/docs/snippets.py --write`.

#include "libswill/api/types/codec.hpp"

#include <array>
#include <cstdint>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <string_view>

namespace docs {

// [strong]
struct user_id {
  std::int64_t number = 0;
  auto operator<=>(const user_id&) const = default;
};

template <class D>
void describe(D& d, user_id& u) {
  d.as(u.number, swill::gt{0});
}
// [/strong]

} // namespace docs

namespace uuids {

/// A library's type, as Boost.UUID's.
struct uuid {
  std::array<std::uint8_t, 16> data{};
  bool operator==(const uuid&) const = default;
};

std::string to_string(const uuid& u) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string s;
  for (std::size_t i = 0; i < u.data.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) s += '-';
    s += digits[u.data[i] >> 4];
    s += digits[u.data[i] & 15];
  }
  return s;
}

std::optional<uuid> parse(const std::string& s) {
  uuid u;
  std::size_t n = 0;
  for (const char c : s) {
    if (c == '-') continue;
    const std::size_t digit = std::string_view{"0123456789abcdef"}.find(c);
    if (digit == std::string_view::npos || n == 32) return std::nullopt;
    u.data[n / 2] = static_cast<std::uint8_t>(u.data[n / 2] << 4 | digit);
    ++n;
  }
  if (n != 32 || to_string(u) != s) return std::nullopt;
  return u;
}

// [uuid]
template <class D>
void describe(D& d, uuid& u) {
  d.doc("a UUID, as RFC 9562 writes it, in lower case");
  d.convert(
      u, [](const uuid& id) { return to_string(id); }, // to what travels: a std::string
      [](const std::string& s) { return parse(s); });  // and back: a std::optional<uuid>, empty for what is none
}
// [/uuid]

} // namespace uuids

namespace {

using swill::value;

TEST(ForeignTypes, DescribeAStrongType) {
  EXPECT_EQ(swill::to_value(docs::user_id{7}), value{7});
  EXPECT_FALSE(swill::from_value<docs::user_id>(value{0}));
}

TEST(ForeignTypes, DescribeAForeignType) {
  const std::string text = "018f4e3c-7a51-7b2d-9c1e-0123456789ab";
  const auto u = swill::from_value<uuids::uuid>(value{text});
  ASSERT_TRUE(u);
  EXPECT_EQ(swill::to_value(u.value()), value{text});
  const auto bad = swill::from_value<uuids::uuid>(value{"018f"});
  EXPECT_EQ(swill::to_text(bad.error().data), R"({"*": [{"description": "Expected uuid, got another str"}]})");
}

} // namespace
