#include "libswill/base/error.hpp"

#include "libswill/base/result.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace swill {
namespace {

TEST(Error, DefaultsToBadRequest) {
  const error e;

  EXPECT_EQ(e.code, 400);
  EXPECT_TRUE(e.data.is_nil());
}

TEST(Error, TakesCodesByNameAndByNumber) {
  const error named{error_code::conflict, "taken", value::map({{"by", "a"}})};
  const error numbered{77, "own"};

  EXPECT_EQ(named.code, 409);
  EXPECT_STREQ(named.what(), "taken");
  EXPECT_NE(named.data.find("by"), nullptr);
  EXPECT_EQ(numbered.code, 77);
}

struct out_of_stock : error {
  out_of_stock() : error{4711, "out of stock"} {}
};

TEST(Error, IsCaughtWhenDerived) {
  try {
    throw out_of_stock{};
  } catch (const error& e) {
    EXPECT_EQ(e.code, 4711);
  }
}

TEST(Error, NamesItsCodes) {
  std::set<std::string_view> names;
  for (const int code : {400, 401, 403, 404, 408, 409, 413, 422, 429, 499, 500, 501, 503}) {
    const std::string_view name = name_of(static_cast<error_code>(code));
    EXPECT_FALSE(name.empty()) << code;
    EXPECT_TRUE(names.insert(name).second) << code;
  }

  EXPECT_EQ(name_of(error_code::not_found), "NOT_FOUND");
  EXPECT_EQ(name_of(error_code::unavailable), "UNAVAILABLE");
  EXPECT_EQ(name_of(static_cast<error_code>(402)), "");
}

TEST(Error, CloseCodesThatMustNotTravelDoNot) {
  for (const int low : {-1, 0, 1, 999}) EXPECT_EQ(close_code_on_the_wire(low), 1000) << low;
  for (const int good : {1000, 1001, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 3000, 4000, 4999}) {
    EXPECT_EQ(close_code_on_the_wire(good), good);
  }
  for (const int bad : {1004, 1005, 1006, 1015, 1016, 1999, 2000, 2999, 5000, 65535, 1 << 30}) {
    EXPECT_EQ(close_code_on_the_wire(bad), 1011) << bad;
  }
}

TEST(Error, CutsTextBetweenCharacters) {
  const std::string text = "aä€😀z"; // 1, 2, 3, 4 and 1 bytes

  EXPECT_EQ(cut_text(text, 100), text);
  EXPECT_EQ(cut_text(text, 11), text);
  EXPECT_EQ(cut_text(text, 10), "aä€😀");
  for (const std::size_t n : {6, 7, 8, 9}) EXPECT_EQ(cut_text(text, n), "aä€");
  for (const std::size_t n : {3, 4, 5}) EXPECT_EQ(cut_text(text, n), "aä");
  for (const std::size_t n : {1, 2}) EXPECT_EQ(cut_text(text, n), "a");
  EXPECT_EQ(cut_text(text, 0), "");
}

TEST(Result, HoldsAValueOrAnError) {
  const result<int> good = 5;
  const result<int> bad = error{404, "gone"};

  EXPECT_TRUE(good);
  EXPECT_EQ(good.value(), 5);
  EXPECT_EQ(*good, 5);
  EXPECT_FALSE(bad);
  EXPECT_EQ(bad.error().code, 404);
  EXPECT_THROW(static_cast<void>(bad.value()), error);
}

TEST(Result, IsAssignedInEachDirection) {
  using text = result<std::string>;
  const text value = std::string(100, 'v');
  const text failure = error{404, std::string(100, 'e')};
  for (const text& before : {value, failure}) {
    for (const text& after : {value, failure}) {
      text copied = before;
      copied = after;
      text moved = before;
      moved = text{after};
      const text& self = copied;
      copied = self;
      for (const text& now : {copied, moved}) {
        ASSERT_EQ(now.has_value(), after.has_value());
        if (now) {
          EXPECT_EQ(*now, *after);
        } else {
          EXPECT_EQ(now.error().message, after.error().message);
        }
      }
    }
  }
}

TEST(Result, MovesWhatDoesNotCopy) {
  using pointer = result<std::unique_ptr<int>>;
  static_assert(std::is_nothrow_move_constructible_v<pointer> && !std::is_copy_constructible_v<pointer> &&
                !std::is_copy_assignable_v<pointer>);
  static_assert(std::is_copy_constructible_v<result<int>> && std::is_copy_assignable_v<result<int>>);

  pointer a = std::make_unique<int>(7);
  pointer b = error{404, "gone"};
  b = std::move(a);
  ASSERT_TRUE(b);
  EXPECT_EQ(**b, 7);
  EXPECT_EQ(*std::move(b).value(), 7);
}

/// Arrives `moves` times; one more throws.
struct reluctant {
  explicit reluctant(int moves) : moves(moves) {}
  reluctant(reluctant&& other) : moves(other.moves - 1) {
    if (moves < 0) throw std::runtime_error("does not move");
  }
  reluctant& operator=(reluctant&&) = default;
  int moves;
};

TEST(Result, KeepsItsErrorWhereAValueDoesNotArrive) {
  result<reluctant> r = error{404, "gone"};
  EXPECT_THROW(r = result<reluctant>{reluctant{1}}, std::runtime_error);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().message, "gone");
  r = result<reluctant>{reluctant{2}};
  EXPECT_TRUE(r);
}

TEST(Result, OfVoidThrowsItsErrorToo) {
  const result<void> good;
  const result<void> bad = error{500, "broken"};

  EXPECT_NO_THROW(good.value());
  EXPECT_THROW(bad.value(), error);
}

} // namespace
} // namespace swill
