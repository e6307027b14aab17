#include "programs/gateway/gateway.hpp"

#include "programs/options/command_line.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace swill::test {
namespace {

/// argv of a command line.
class arguments {
public:
  explicit arguments(std::vector<std::string> words) : words_(std::move(words)) {
    for (std::string& word : words_) pointers_.push_back(word.data());
    pointers_.push_back(nullptr);
  }
  int count() const { return static_cast<int>(words_.size()); }
  char** values() { return pointers_.data(); }

private:
  std::vector<std::string> words_;
  std::vector<char*> pointers_;
};

std::string read(programs::command_line& program, std::vector<std::string> words) {
  words.insert(words.begin(), "shop");
  arguments given{std::move(words)};
  return program.parse(given.count(), given.values());
}

TEST(ProgramSettings, HaveOptionsOfTheApplicationsOwn) {
  bool is_quiet = false;
  std::string list = "none";
  std::vector<std::string> tags;
  program_settings s;
  s.options = {{"--quiet", &is_quiet, ""}, {"--price-list", &list, ""}, {"--tag", &tags, ""}};
  programs::command_line program{"shop", ""};
  program.reads_environment();
  programs::add_own_options(program, s);

  ::setenv("SWILL_PRICE_LIST", "prices.txt", 1);
  const std::string answer = read(program, {"--quiet", "--tag", "a", "--tag", "b"});
  ::unsetenv("SWILL_PRICE_LIST");

  EXPECT_EQ(answer, "");
  EXPECT_TRUE(is_quiet);
  EXPECT_EQ(list, "prices.txt");
  EXPECT_EQ(tags, (std::vector<std::string>{"a", "b"}));
}

TEST(ProgramSettings, CannotHaveAnOptionOfTheLibrarys) {
  std::string port;
  program_settings s;
  s.options = {{"--port", &port, ""}};
  arguments given{{"shop"}};

  const int code = gateway{given.count(), given.values(), s}.run([](app&, backends&) {});

  EXPECT_EQ(code, 1);
}

TEST(ProgramSettings, SayWhichVersionItIs) {
  programs::command_line own{"shop", "", "2.1"}, librarys{"shop", ""};

  EXPECT_EQ(read(own, {"--version"}), "shop 2.1\n");
  EXPECT_TRUE(read(librarys, {"--version"}).starts_with("shop 0."));
}

TEST(ProgramName, IsTheLastPartOfThePath) {
  arguments given{{"/usr/bin/shop"}}, plain{{"shop"}};

  EXPECT_EQ(programs::program_name(given.count(), given.values()), "shop");
  EXPECT_EQ(programs::program_name(plain.count(), plain.values()), "shop");
  EXPECT_EQ(programs::program_name(0, plain.values()), "server");
}

TEST(Gateway, EndsWithACodeForEachKindOfMistake) {
  const auto code_of = [](std::vector<std::string> words, const std::function<void(app&, backends&)>& make) {
    words.insert(words.begin(), "shop");
    arguments given{std::move(words)};
    return gateway{given.count(), given.values()}.run(make);
  };
  const auto nothing = [](app&, backends&) {};

  EXPECT_EQ(code_of({"--prot", "1"}, nothing), 2);
  EXPECT_EQ(code_of({"--version"}, nothing), 0);
  EXPECT_EQ(code_of({"--port", "0"}, [](app&, backends&) { throw std::runtime_error("no prices"); }), 1);
  EXPECT_EQ(code_of({"--port", "0"}, [](app&, backends&) { throw std::invalid_argument("--price-list: empty"); }), 2);
}

TEST(Gateway, GivesTheApplicationBackendsInMemoryWithoutRedis) {
  bool has_all = false, has_redis = true;
  arguments given{{"shop", "--port", "0"}};

  gateway{given.count(), given.values()}.run([&](app&, backends& b) {
    has_all = b.sessions && b.pubsub && b.connections;
    has_redis = b.redis != nullptr;
    throw std::runtime_error("enough");
  });

  EXPECT_TRUE(has_all);
  EXPECT_FALSE(has_redis);
}

} // namespace
} // namespace swill::test
