#include "libswill/api/plugin.hpp"

#include "actors/runtime.hpp"
#include "libswill/server/test_client.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace swill {
namespace {

using events = std::vector<std::string>;

/// Notes what happens to it. Its end takes two turns of a loop.
class noting final : public plugin {
public:
  noting(std::string name, events& seen) : name_(std::move(name)), seen_(&seen) {}
  void install(app& a) override {
    a.handle(name_, [](request<>) { return 1; });
  }
  void start(actors::runtime& r) override {
    if (name_ == "broken") throw std::runtime_error("cannot start");
    loop_ = &r.units().front()->loop();
    seen_->push_back("start " + name_);
  }
  void stop(std::function<void()> done) override {
    loop_->post([this, done] {
      loop_->post([this, done] {
        seen_->push_back("stop " + name_);
        done();
      });
    });
  }

private:
  std::string name_;
  events* seen_;
  loop* loop_ = nullptr;
};

TEST(Plugin, StartsInOrderAndStopsInReverse) {
  events seen;
  app a;
  a.use(std::make_shared<noting>("one", seen));
  a.use(std::make_shared<noting>("two", seen));
  {
    test_server s{a};
    test_client c{s};
    EXPECT_EQ(c.call<int>("one"), 1);
    EXPECT_EQ(seen, (events{"start one", "start two"}));
  }
  EXPECT_EQ(seen, (events{"start one", "start two", "stop two", "stop one"}));
}

TEST(Plugin, ThatCannotStartStopsThoseBeforeIt) {
  events seen;
  app a;
  a.use(std::make_shared<noting>("one", seen));
  a.use(std::make_shared<noting>("broken", seen));

  {
    test_server s;
    EXPECT_THROW(s.serve(a), std::runtime_error);
  }

  EXPECT_EQ(seen, (events{"start one", "stop one"}));
}

} // namespace
} // namespace swill
