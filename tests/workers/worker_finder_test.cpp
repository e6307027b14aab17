#include "actors/workers/worker_finder.hpp"

#include "tests/support/patience.hpp"
#include "tests/workers/world.hpp"

#include <future>
#include <mutex>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace swill::worker_tests {
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

TEST(WorkerFinder, ServesEveryAddressOfAName) {
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

TEST(WorkerFinder, KeepsWhatItKnowsWhileNamesCannotBeLookedUp) {
  gateway_world g;
  name_server names;
  names.set({g.worker_address()});
  worker_options o;
  o.gateways = {"gateway:4510"};
  const auto empty = std::make_shared<std::atomic<int>>(0); // with look-ups, which may outlive the worker
  o.look_up = [f = names.look_up(), empty](const std::string& name) {
    auto found = f(name);
    if (found.empty()) ++*empty;
    return found;
  };
  o.look_up_interval = 5ms;
  worker_world w{serve_one, o};
  blocking_client c{g.url()};
  EXPECT_TRUE(serves(c, "one"));

  names.set({});
  EXPECT_TRUE(eventually([&] { return *empty >= 3; }));

  EXPECT_EQ(c.call<int>("one"), 1);
}

TEST(WorkerFinder, WarnsOnceOfANameThatStaysWithoutAddress) {
  worker_options o;
  o.gateways = {"gateway:4510"};
  const auto looked = std::make_shared<std::atomic<int>>(0); // with look-ups, which may outlive the worker
  o.look_up = [looked](const std::string&) {
    ++*looked;
    return std::vector<std::string>{};
  };
  o.look_up_interval = 1ms;
  worker_world w{serve_one, o};

  EXPECT_TRUE(eventually([&] { return *looked >= 20; }));

  EXPECT_EQ(w.log.text(),
            "gateway gateway:4510 has no address yet\n"
            "warning: gateway gateway:4510 still has no address after 15 look-ups: no address: the name has none\n");
}

/// A name server that does not answer until the test has ended.
struct hanging_server {
  std::shared_ptr<std::promise<void>> end = std::make_shared<std::promise<void>>(); // with the look-ups
  ~hanging_server() { end->set_value(); }
  look_up_function look_up(std::string served) const {
    return [ended = end->get_future().share(), served = std::move(served)](const std::string& name) {
      if (name == "hangs:1") ended.wait();
      return std::vector<std::string>{served};
    };
  }
};

TEST(WorkerFinder, ALookUpThatHangsDelaysNeitherOtherNamesNorTheEnd) {
  gateway_world g;
  const hanging_server names;
  worker_options o;
  o.gateways = {"hangs:1", "answers:1"};
  o.look_up = names.look_up(g.worker_address());
  std::optional<worker_world> w{std::in_place, serve_one, o};
  blocking_client c{g.url()};
  EXPECT_TRUE(serves(c, "one")) << w->log.text();

  const auto begin = std::chrono::steady_clock::now();
  w.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, patient(5s));
}

TEST(WorkerFinder, AnAddressThatDoesNotAnswerDelaysNeitherOthersNorTheEnd) {
  gateway_world g;
  const int silent = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); // accepts, and says nothing
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  ASSERT_EQ(::bind(silent, reinterpret_cast<const sockaddr*>(&at), size), 0);
  ASSERT_EQ(::listen(silent, 16), 0);
  ::getsockname(silent, reinterpret_cast<sockaddr*>(&at), &size);
  worker_options o;
  o.gateways = {"127.0.0.1:" + std::to_string(ntohs(at.sin_port)), g.worker_address()};
  o.connect_timeout = 1h;
  std::optional<worker_world> w{std::in_place, serve_one, o};
  blocking_client c{g.url()};
  EXPECT_TRUE(serves(c, "one")) << w->log.text();

  const auto begin = std::chrono::steady_clock::now();
  w.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, patient(5s));
  ::close(silent);
}

} // namespace
} // namespace swill::worker_tests
