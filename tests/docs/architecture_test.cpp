// Holds the sizes of types in docs/architecture.md against the types. They are said of g++ on x86-64, and about: a tenth is left free.
#include "actors/connection_actor.hpp"
#include "actors/loop_actor.hpp"
#include "actors/request_actor.hpp"
#include "libswill/api/connection.hpp"
#include "libswill/base/scope.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>

namespace swill {
namespace {

/// `name`, perhaps words, and a number: the rows of the page's table of sizes.
std::map<std::string, double> sizes_on_the_page() {
  std::ifstream page{SWILL_SOURCE_DIR "/docs/architecture.md"};
  std::map<std::string, double> sizes;
  bool is_there = false;
  for (std::string line; std::getline(page, line);) {
    if (line.rfind("## ", 0) == 0) is_there = line == "## Memory";
    const auto begin = line.find('`');
    const auto number = line.rfind("| ", line.size() - 2);
    if (!is_there || line.rfind("| ", 0) != 0 || begin == std::string::npos) continue;
    std::istringstream bytes{line.substr(number + 2)};
    bytes >> sizes[line.substr(begin + 1, line.find('`', begin + 1) - begin - 1)];
  }
  return sizes;
}

TEST(ArchitecturePage, KnowsHowLargeThingsAre) {
#if !defined(__x86_64__) || defined(__clang__)
  GTEST_SKIP() << "the page speaks of g++ on x86-64";
#endif
  const std::map<std::string, std::size_t> sizes{
      {"loop_actor", sizeof(actors::loop_actor)},     {"connection_actor", sizeof(actors::connection_actor)},
      {"swill::connection", sizeof(connection)},      {"request_actor", sizeof(actors::request_actor)},
      {"request_call", sizeof(actors::request_call)}, {"wait", sizeof(wait)}};
  const auto said = sizes_on_the_page();
  EXPECT_EQ(said.size(), sizes.size());
  for (const auto& [name, size] : sizes) {
    const auto row = said.find(name);
    ASSERT_NE(row, said.end()) << name << " is not on the page";
    EXPECT_NEAR(row->second, static_cast<double>(size), static_cast<double>(size) / 10) << name;
  }
}

} // namespace
} // namespace swill
