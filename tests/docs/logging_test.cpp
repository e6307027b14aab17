#include "libswill/logging/logging.hpp"

#include "libswill/server/test_client.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>

#include <unistd.h>

// docs/logging.md.

namespace {

std::string describe_stock() { throw std::logic_error{"nobody has asked for it"}; }

void add_lines(swill::app& app) {
  // [lines]
  app.after_accept([](swill::connection& c) { c.log(swill::log_level::info, "is here", {{"path", c.path()}}); });
  app.handle("buy", [](swill::request<int> r) {
    swill::context& c = r.context();
    c.log(swill::log_level::info, "sold", {{"count", r.data()}, {"express", false}});
    if (c.is_logged(swill::log_level::debug)) c.log(swill::log_level::debug, "stock: " + describe_stock());
    return r.data();
  });
  // [/lines]
}

TEST(DocsLogging, LinesGoToAFile) {
  const std::string file = testing::TempDir() + "swill-docs-log-" + std::to_string(::getpid());
  swill::app app;
  // [use]
  swill::logging_options options;
  options.levels = swill::log_level::info;                              // for everything,
  options.levels.set(swill::log_room::redis, swill::log_level::debug);  // but for Redis,
  options.levels.set(swill::log_room::access, swill::log_level::debug); // and a line for each request
  options.format = swill::log_format::json;
  options.file = file;
  app.use(std::make_shared<swill::logging>(options));
  // [/use]
  add_lines(app);
  swill::test_server server{app};
  swill::test_client client{server};

  EXPECT_EQ(client.call<int>("buy", 3), 3);
  EXPECT_TRUE(swill::flush_log(std::chrono::seconds{10}));

  std::ifstream in{file};
  const std::string all{std::istreambuf_iterator<char>{in}, {}};
  std::remove(file.c_str());
  EXPECT_THAT(all, testing::HasSubstr(R"("text":"is here")"));
  EXPECT_THAT(all, testing::HasSubstr(R"("fields":{"count":3,"express":false})"));
  EXPECT_THAT(all, testing::HasSubstr(R"("room":"access","text":"request")"));
}

} // namespace
