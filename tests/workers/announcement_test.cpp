#include "actors/workers/announcement.hpp"

#include "libswill/wire/codec.hpp"

#include <gtest/gtest.h>

namespace swill::actors::workers {
namespace {

bytes encoded(const value& v) {
  buffer out;
  wire::writer w{out};
  wire::write_value(w, v);
  return {out.view().begin(), out.view().end()};
}

/// An announcement of so many values in all.
bytes of_values(std::size_t n) {
  value all = value::map({{"worker", "w"}});
  all.set("handlers", value_array{});
  all.set("more", value_array(n - 7));
  return encoded(all);
}

TEST(Announcement, HasAsManyValuesAsAMessageMay) {
  limits l;
  l.elements = 100;
  EXPECT_TRUE(decode_announcement(of_values(100), {}, l));

  const auto refused = decode_announcement(of_values(101), {}, l);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "the announcement has too many values");
}

TEST(Announcement, HasAsManyBytesAsItMay) {
  gateway_options o;
  const bytes content = of_values(100);
  o.announcement_size = content.size();
  EXPECT_TRUE(decode_announcement(content, o, {}));
  o.announcement_size = content.size() - 1;
  EXPECT_FALSE(decode_announcement(content, o, {}));
}

TEST(Announcement, HasHandlersThatCanBeShown) {
  const auto with_name = [](const std::string& name) {
    const value any = value::map({{"type", value::map({{"type", "Any"}})}});
    value all = value::map({{"worker", "w"}});
    all.set("handlers", value_array{value::map({{"name", name}, {"request", any}, {"response", any}})});
    return decode_announcement(encoded(all), {}, {});
  };
  EXPECT_TRUE(with_name("größer"));
  for (const char* wrong : {"", "two\nlines", "\x1b[2J"}) {
    const auto refused = with_name(wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().message, "a handler has no name that could be called");
  }
}

TEST(Announcement, KeepsWhatIsSaidOfErrors) {
  const value any = value::map({{"type", value::map({{"type", "Any"}})}});
  const value text = value::map({{"type", "str"}});
  value handler = value::map({{"name", "f"}, {"request", any}, {"response", any}});
  handler.set("errors", value_array{404, 409});
  handler.set("error_data", value_array{value::map({{"code", 409}, {"type", text}}), 7, value::map({{"code", 404}})});
  value all = value::map({{"worker", "w"}});
  all.set("handlers", value_array{handler});

  const auto known = decode_announcement(encoded(all), {}, {});

  ASSERT_TRUE(known);
  const auto& errors = known->handlers.at(0)->options.errors;
  ASSERT_EQ(errors.size(), 2U);
  EXPECT_EQ(errors[0].data, nullptr);
  ASSERT_NE(errors[1].data, nullptr);
  EXPECT_EQ(*errors[1].data, text);
}

} // namespace
} // namespace swill::actors::workers
