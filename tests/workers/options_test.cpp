#include "actors/workers/options.hpp"

#include "actors/workers/announcement.hpp"
#include "actors/workers/remote_handlers.hpp"
#include "actors/workers/worker.hpp"
#include "libswill/api/app.hpp"
#include "tests/support/mistakes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace swill {
namespace {

using namespace std::chrono_literals;
using test::mistakes_of;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

const std::string secret = "0123456789abcdef";

TEST(LinkOptions, ThatMakeNoSenseAreFound) {
  EXPECT_THAT(mistakes_of(gateway_options{.listen = "8080", .secret = "short", .silence = 400ms, .attempts = 0}),
              ElementsAre(StartsWith("gateway_options.listen: "),
                          "gateway_options.secret: has fewer than 16 bytes; a longer one, or TLS, would be right",
                          "gateway_options.silence: is 400 ms; 500 ms or more would be right",
                          "gateway_options.attempts: is 0; 1 or more would be right"));
  EXPECT_THAT(mistakes_of(worker_options{.tls = {.certificate = "a.pem"}, .capacity = 0}),
              ElementsAre("worker_options.gateways: is empty; \"HOST:PORT\" of a gateway would be right",
                          StartsWith("worker_options.tls: certificate, key and authority belong together"),
                          "worker_options.capacity: is 0; 1 or more would be right"));
  EXPECT_THAT(
      mistakes_of(worker_options{.gateways = {"127.0.0.1:1"}, .secret = secret, .name = "a\nb"}),
      ElementsAre("worker_options.name: is \"a\\x0ab\"; text without control characters, in UTF-8, would be right"));
  EXPECT_THAT(mistakes_of(worker_options{.gateways = {"127.0.0.1:1"}, .secret = secret, .name = std::string(301, 'n')}),
              ElementsAre("worker_options.name: has 301 bytes; at most 300 would be right"));
  EXPECT_THAT(mistakes_of(gateway_options{.secret = secret}), IsEmpty());
  EXPECT_THAT(mistakes_of(gateway_options{.secret = secret, .hidden_headers = {"Cookie", "Authorization:", ""}}),
              ElementsAre(StartsWith("gateway_options.hidden_headers: \"Authorization:\" is no name"),
                          StartsWith("gateway_options.hidden_headers: \"\" is no name")));
  EXPECT_THAT(mistakes_of(worker_options{.gateways = {"127.0.0.1:1"}, .secret = secret}), IsEmpty());
}

TEST(LinkOptions, AreLookedAtByTheirApp) {
  app gateway;
  gateway.use(std::make_shared<remote_handlers>(gateway_options{.secret = secret, .heartbeat = -1ms}));
  gateway.require("admin", [](context&) { return false; }); // a worker may bring a handler with that tag
  try {
    gateway.validate();
    FAIL();
  } catch (const invalid_configuration& e) {
    ASSERT_EQ(e.mistakes().size(), 1U);
    EXPECT_EQ(e.mistakes().front().path, "gateway_options.heartbeat");
  }
  app serving;
  serving.use(
      std::make_shared<worker>(worker_options{.gateways = {"127.0.0.1:1"}, .secret = secret, .first_pause = 0ms}));
  EXPECT_THROW(serving.validate(), invalid_configuration);
}

TEST(LinkOptions, TagsOfAWorkersHandlerReachTheGateway) {
  app a;
  a.handle("remove", [](request<>) {}, {.tags = {"write", "admin"}});
  const auto encoded = actors::workers::encode_announcement(worker_options{}, a.build()->handlers());
  const auto told = actors::workers::decode_announcement(encoded, gateway_options{}, limits{});
  ASSERT_TRUE(told);
  ASSERT_EQ(told->handlers.size(), 1U);
  EXPECT_THAT(told->handlers.front()->options.tags, ElementsAre("write", "admin"));
}

} // namespace
} // namespace swill
