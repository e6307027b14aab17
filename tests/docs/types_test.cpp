// The code of docs/types.md, compiled and run. See handlers_test.cpp.
#include "libswill/api/types/codec.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace {

// [struct]
struct order {
  std::string sku;
  int quantity = 1;
  std::optional<std::string> coupon;
};

template <class D>
void describe(D& d, order& o) {
  d.doc("What a customer wants");
  d.field("sku", o.sku, swill::pattern{"^[A-Z]{3}[0-9]{3}$"}, swill::doc{"stock keeping unit"});
  d.field("quantity", o.quantity, swill::range{1, 100}, swill::defaulted{});
  d.field("coupon", o.coupon, swill::one_of{"SPRING", "SUMMER"});
  d.rule("no coupon for a single item", [](const order& all) { return !all.coupon || all.quantity > 1; });
}
// [/struct]

// [enumeration]
enum class color { red, blue };

template <class D>
void describe(D& d, color&) {
  d.value("red", color::red);
  d.value("blue", color::blue);
}
// [/enumeration]

using swill::value;

TEST(TypesPage, DescribesAStruct) {
  const auto o = swill::from_value<order>(value::map({{"sku", "ABC123"}}));
  ASSERT_TRUE(o);
  EXPECT_EQ(o.value().quantity, 1);
  EXPECT_FALSE(swill::from_value<order>(value::map({{"sku", "ABC123"}, {"coupon", "SPRING"}})));
}

TEST(TypesPage, ConvertsValues) {
  // [from-value]
  const value given = value::map({{"sku", "ABC123"}, {"quantity", 2}});
  const swill::result<order> o = swill::from_value<order>(given);
  if (!o) throw o.error(); // 422, with all problems in its data
  EXPECT_EQ(o->quantity, 2);
  EXPECT_EQ(*swill::to_value(*o).find<std::string>("sku"), "ABC123");
  // [/from-value]
}

TEST(TypesPage, DescribesAnEnumeration) {
  EXPECT_EQ(swill::to_value(color::blue), value{"blue"});
  EXPECT_FALSE(swill::from_value<color>(value{"green"}));
}

} // namespace
