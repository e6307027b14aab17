#include "libswill/server/server.hpp"
#include "pubsub/pubsub.hpp"
#include "tests/end_to_end/program.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

// `swill pub` and `swill sub`.

namespace swill::test {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

class CliTopics : public testing::Test {
protected:
  CliTopics() {
    app_.set_log([](const log_entry&) {});
    app_.limits().drain_timeout = std::chrono::milliseconds{0};
    bus_->allow_publish("chat.*");
    bus_->allow_subscribe("chat.*");
    app_.use(bus_);
    server_ = std::make_unique<server>(app_, server_options{.listen = {"127.0.0.1:0"}, .io_threads = 1});
    server_->start();
  }
  ~CliTopics() override { server_->stop(); }

  std::vector<std::string> with_url(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--url", "ws://127.0.0.1:" + std::to_string(server_->port()) + "/ws"});
    return arguments;
  }
  program::ending swill(const std::vector<std::string>& arguments, std::string_view input = {}) const {
    return run_cli(with_url(arguments), input);
  }

private:
  app app_;
  std::shared_ptr<pubsub> bus_ = std::make_shared<pubsub>();
  std::unique_ptr<server> server_;
};

TEST_F(CliTopics, WhatIsPublishedIsReadFromAPosition) {
  const auto first = swill({"pub", "chat.a", R"({"text":"one"})"});
  ASSERT_EQ(first.code, 0) << first.errors;
  EXPECT_THAT(first.out, MatchesRegex("\\{\"epoch\":[0-9]+,\"offset\":1\\}\n"));
  const auto more = swill({"pub", "chat.a"}, "2\n\"three\"\n");
  EXPECT_THAT(more.out, MatchesRegex("\\{\"epoch\":[0-9]+,\"offset\":2\\}\n\\{\"epoch\":[0-9]+,\"offset\":3\\}\n"));

  const std::string epoch = first.out.substr(9, first.out.find(',') - 9);
  const std::string at = "{\"epoch\":" + epoch + ",\"offset\":";
  const auto all = swill({"sub", "chat.a", "--since", epoch + ":0", "-n", "3"});
  EXPECT_EQ(all.code, 0) << all.errors;
  EXPECT_EQ(all.out, at + "1,\"data\":{\"text\":\"one\"}}\n" + at + "2,\"data\":2}\n" + at + "3,\"data\":\"three\"}\n");
  const std::string second = all.out.substr(all.out.find('\n') + 1, all.out.rfind(at) - all.out.find('\n') - 2);
  EXPECT_EQ(swill({"sub", "chat.a", "--since", second, "-n", "1"}).out, at + "3,\"data\":\"three\"}\n");
}

TEST_F(CliTopics, MessagesComeAsTheyArePublished) {
  program listener{"swill", with_url({"-v", "sub", "chat.b"})};
  EXPECT_THAT(listener.read_errors(), HasSubstr("\"recovered\":true")); // it is there
  EXPECT_EQ(swill({"pub", "chat.b", "5", "--key", "k"}).code, 0);
  EXPECT_EQ(swill({"pub", "chat.b", "5", "--key", "k"}).code, 0); // once
  EXPECT_EQ(swill({"pub", "chat.b", "6"}).code, 0);

  EXPECT_THAT(listener.read_line(), testing::EndsWith("\"offset\":1,\"data\":5}"));
  EXPECT_THAT(listener.read_line(), testing::EndsWith("\"offset\":2,\"data\":6}"));
  listener.interrupt();
  EXPECT_EQ(listener.finish().code, 130);
}

TEST_F(CliTopics, RefusesWhatIsWrong) {
  EXPECT_EQ(swill({"pub", "secret", "1"}).code, 7);
  EXPECT_EQ(swill({"sub", "secret"}).code, 7);
  EXPECT_THAT(swill({"sub", "chat.a", "--since", "yesterday"}).errors, HasSubstr("EPOCH:OFFSET"));
  EXPECT_EQ(swill({"pub", "chat.a"}, "1\nno json\n").code, 1);
  EXPECT_EQ(swill({"pub", "chat.a", "--key", "k"}, "1\n").code, 1);
}

TEST(CliWithoutPlugins, SaysWhichOneIsMissing) {
  app a;
  a.set_log([](const log_entry&) {});
  server s{a, server_options{.listen = {"127.0.0.1:0"}, .io_threads = 1}};
  s.start();
  const auto says = [&s](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--url", "ws://127.0.0.1:" + std::to_string(s.port()) + "/ws"});
    const auto end = run_cli(arguments);
    EXPECT_EQ(end.code, 5);
    return end.errors;
  };

  EXPECT_THAT(says({"conns", "ls"}), HasSubstr("does not use the plugin `connections` (docs/connections.md)"));
  EXPECT_THAT(says({"sub", "chat.a"}), HasSubstr("does not use the plugin `pubsub` (docs/pubsub.md)"));
  EXPECT_THAT(says({"pub", "chat.a", "1"}), HasSubstr("does not use the plugin `pubsub` (docs/pubsub.md)"));
  s.stop();
}

} // namespace
} // namespace swill::test
