#include "libswill/base/text_block.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace swill {
namespace {

text_block block_of(const std::vector<std::string>& texts) {
  std::string encoded;
  for (const auto& text : texts) text_block::append(encoded, text);
  return text_block{encoded};
}

text_block written(const std::vector<std::string>& texts) {
  std::size_t size = 0;
  for (const auto& text : texts) size += text_block::size_of(text);
  text_block::writer to{size};
  for (const auto& text : texts) to.append(text);
  return to.finish();
}

TEST(TextBlock, GivesBackWhatWasPutIn) {
  const std::vector<std::string> texts{"",
                                       "a",
                                       std::string(127, 'b'),
                                       std::string(128, 'c'),
                                       std::string{"\0\x80", 2},
                                       std::string(16'383, 'd'),
                                       std::string(16'384, 'd'),
                                       std::string(3'000'000, 'e')};

  const text_block appended = block_of(texts);
  const text_block at_once = written(texts);

  for (const text_block* block : {&appended, &at_once}) {
    auto at = block->begin();
    for (const auto& text : texts) {
      EXPECT_FALSE(at.at_end());
      EXPECT_EQ(at.next(), text);
    }
    EXPECT_TRUE(at.at_end());
    EXPECT_EQ(at.next(), "");
  }
}

TEST(TextBlock, IsOnePointerWhenEmpty) {
  const text_block block;
  EXPECT_TRUE(block.begin().at_end());
  EXPECT_EQ(sizeof block, sizeof(void*));
}

TEST(TextBlock, ShowsPairsFromAPlaceOn) {
  const text_block block = block_of({"first", "a", "1", "", "2"});
  auto second = block.begin();
  second.next();

  std::vector<std::pair<std::string, std::string>> seen;
  for (const auto& [name, text] : text_pairs{second}) seen.emplace_back(name, text);

  EXPECT_EQ(seen, (std::vector<std::pair<std::string, std::string>>{{"a", "1"}, {"", "2"}}));
}

TEST(TextBlock, CopiesTheRestOfAnother) {
  const text_block block = block_of({"old", "a", "b"});
  auto others = block.begin();
  others.next();

  std::string encoded;
  text_block::append(encoded, "new");
  const text_block changed{encoded.append(others.rest())};

  auto at = changed.begin();
  EXPECT_EQ(at.next(), "new");
  EXPECT_EQ(at.next(), "a");
  EXPECT_EQ(at.next(), "b");
  EXPECT_TRUE(at.at_end());
}

} // namespace
} // namespace swill
