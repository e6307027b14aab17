// The handlers without a network, on a clock that the tests turn.
#include "app.hpp"
#include "libswill/server/test_client.hpp"
#include "pubsub/pubsub.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>

namespace {

class App : public testing::Test {
protected:
  App() {
    backends_.pubsub = std::make_shared<swill::pubsub>();
    app_.use(backends_.pubsub);
    add_handlers(app_, backends_);
  }

  swill::app app_;
  swill::backends backends_;
};

TEST_F(App, GreetsByName) {
  swill::test_server server{app_};
  swill::test_client client{server};

  EXPECT_EQ(client.call<std::string>("@NAME@.greet", person{"Ada"}), "Hello, Ada!");
}

TEST_F(App, CountsTheVisitsOfEachNameByItself) {
  swill::test_server server{app_};
  swill::test_client client{server};

  EXPECT_EQ(client.call<std::int64_t>("@NAME@.visits", person{"Ada"}), 1);
  EXPECT_EQ(client.call<std::int64_t>("@NAME@.visits", person{"Ada"}), 2);
  EXPECT_EQ(client.call<std::int64_t>("@NAME@.visits", person{"Grace"}), 1);
}

} // namespace
