#include "actors/remote/gateway_finder.hpp"

#include "tests/remote/world.hpp"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

namespace swill::remote_tests {
namespace {

/// What a name has for addresses, for the test to change.
class name_server {
public:
  void set(std::vector<std::string> addresses) {
    const std::lock_guard lock{state_->first};
    state_->second = std::move(addresses);
  }
  auto look_up() const {
    return [s = state_](const std::string&) {
      const std::lock_guard lock{s->first};
      return s->second;
    };
  }

private:
  using state = std::pair<std::mutex, std::vector<std::string>>;
  std::shared_ptr<state> state_ = std::make_shared<state>(); // with the function
};

void serve_one(app& a) {
  a.handle("one", [](request<>) { return 1; });
}

TEST(GatewayFinder, LooksUpNames) {
  const auto found = actors::remote::look_up("localhost:4510");
  EXPECT_NE(std::find(found.begin(), found.end(), "127.0.0.1:4510"), found.end());
  EXPECT_EQ(actors::remote::look_up("127.0.0.2:7"), std::vector<std::string>{"127.0.0.2:7"});
  EXPECT_EQ(actors::remote::look_up("[::1]:7"), std::vector<std::string>{"[::1]:7"});
  EXPECT_TRUE(actors::remote::look_up("no.such.name.invalid:7").empty());
}

TEST(GatewayFinder, ServesEveryAddressOfAName) {
  gateway_world first, second;
  name_server names;
  names.set({first.worker_address()});
  worker_options o;
  o.gateways = {"gateway:4510"};
  o.look_up = names.look_up();
  o.look_up_interval = 10ms;
  worker_world w{serve_one, o};
  blocking_client to_first{first.url()}, to_second{second.url()};
  EXPECT_TRUE(serves(to_first, "one"));

  names.set({first.worker_address(), second.worker_address()});
  EXPECT_TRUE(serves(to_second, "one"));
  EXPECT_EQ(to_second.call<int>("one"), 1);

  // The first goes away, and so does its address.
  first.host->stop();
  names.set({second.worker_address()});
  EXPECT_TRUE(w.log.wait_for("gateway " + first.worker_address() + " is no longer there"));
  EXPECT_EQ(to_second.call<int>("one"), 1);
}

TEST(GatewayFinder, KeepsWhatItKnowsWhileNamesCannotBeLookedUp) {
  gateway_world g;
  name_server names;
  names.set({g.worker_address()});
  worker_options o;
  o.gateways = {"gateway:4510"};
  std::atomic<int> empty{0};
  o.look_up = [f = names.look_up(), &empty](const std::string& name) {
    auto found = f(name);
    if (found.empty()) ++empty;
    return found;
  };
  o.look_up_interval = 5ms;
  worker_world w{serve_one, o};
  blocking_client c{g.url()};
  EXPECT_TRUE(serves(c, "one"));

  names.set({});
  EXPECT_TRUE(eventually([&] { return empty >= 3; }));

  EXPECT_EQ(c.call<int>("one"), 1);
}

TEST(GatewayFinder, WarnsOnceOfANameThatStaysWithoutAddress) {
  worker_options o;
  o.gateways = {"gateway:4510"};
  std::atomic<int> looked{0};
  o.look_up = [&looked](const std::string&) {
    ++looked;
    return std::vector<std::string>{};
  };
  o.look_up_interval = 1ms;
  worker_world w{serve_one, o};

  EXPECT_TRUE(eventually([&] { return looked >= 20; }));

  EXPECT_EQ(w.log.text(), "gateway gateway:4510 has no address yet\n"
                          "gateway gateway:4510 still has no address after 15 look-ups\n");
}

} // namespace
} // namespace swill::remote_tests
