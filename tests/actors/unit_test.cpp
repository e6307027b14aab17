#include "actors/unit.hpp"

#include "libswill/api/serving/typed_handler.hpp"
#include "libswill/api/session.hpp"
#include "tests/actors/world.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>

// What several plugins add to a unit, or to a service, at the same time.

namespace swill {
namespace {

using namespace test;
using testing::ElementsAre;

class noting_watcher final : public actors::connection_watcher {
public:
  explicit noting_watcher(actors::unit& u) : unit_(u) { unit_.watchers.push_back(this); }
  ~noting_watcher() { std::erase(unit_.watchers, this); }
  void on_connected(actors::connection_actor& c) override { seen.push_back("+" + std::to_string(c.number)); }
  void on_disconnected(actors::connection_actor& c, const close_reason&) override {
    seen.push_back("-" + std::to_string(c.number));
  }
  std::vector<std::string> seen;

private:
  actors::unit& unit_;
};

TEST(Unit, TellsEachWatcherOfEachConnection) {
  logged_app a;
  test_server s{a};
  actors::unit& u = s.runtime().unit_of(s.loop());
  noting_watcher one{u};
  std::optional<noting_watcher> two{u};

  std::optional<test_client> first{s};
  std::optional<test_client> second{s};
  first.reset();
  s.run();
  const auto seen = two->seen;
  two.reset();
  second.reset();
  s.run();

  EXPECT_THAT(seen, ElementsAre("+1", "+2", "-1"));
  EXPECT_THAT(one.seen, ElementsAre("+1", "+2", "-1", "-2"));
}

/// Handlers that answer what this was made with.
class answering final : public detail::dynamic_handlers {
public:
  answering(actors::unit& u, std::string with, std::vector<std::string> names) : unit_(u) {
    for (std::string& name : names) {
      std::shared_ptr<detail::handler> h = detail::make_handler([with](request<nothing>) { return with; });
      h->name = std::move(name);
      handlers_.push_back(std::move(h));
    }
    unit_.dynamic.push_back(this);
  }
  ~answering() { std::erase(unit_.dynamic, this); }
  const detail::handler* find(std::string_view name) noexcept override {
    const auto at = std::find_if(handlers_.begin(), handlers_.end(), [&](const auto& h) { return h->name == name; });
    return at != handlers_.end() ? at->get() : nullptr;
  }
  std::vector<std::shared_ptr<const detail::handler>> all() const override { return handlers_; }

private:
  actors::unit& unit_;
  std::vector<std::shared_ptr<const detail::handler>> handlers_;
};

TEST(Unit, ServesHandlersOfAllThatBringSome) {
  logged_app a;
  a.handle("own", [](request<nothing>) { return std::string{"app"}; });
  test_server s{a};
  actors::unit& u = s.runtime().unit_of(s.loop());
  const answering one{u, "one", {"both", "own", "a"}};
  const answering two{u, "two", {"b", "both"}};
  test_client c{s};

  std::vector<std::string> listed;
  for (const value& record : c.collect("swill.introspect"))
    listed.push_back(*record.find("name")->get_if<std::string>());

  EXPECT_EQ(c.call<std::string>("own"), "app");
  EXPECT_EQ(c.call<std::string>("a"), "one");
  EXPECT_EQ(c.call<std::string>("b"), "two");
  EXPECT_EQ(c.call<std::string>("both"), "one");
  EXPECT_THAT(listed, ElementsAre("own", "both", "a", "b"));
}

/// A provider without sessions; or one whose sessions cannot be had now.
class noting_provider final : public detail::session_provider {
public:
  noting_provider(std::string name, std::vector<std::string>& seen, bool has_some)
      : name_(std::move(name)), seen_(seen), has_some_(has_some) {}
  task<std::unique_ptr<detail::request_session>> open(context&) override {
    seen_.push_back("open " + name_);
    if (has_some_) throw errors::unavailable("not now");
    co_return nullptr;
  }
  std::optional<std::string> token_in(context&, bytes_view) const override { return "t"; }
  task<void> bind_by(context&, std::string token) override {
    seen_.push_back("bind " + name_ + " " + token);
    co_return;
  }

private:
  std::string name_;
  std::vector<std::string>& seen_;
  bool has_some_;
};

struct session_app : logged_app {
  session_app() {
    handle("session", [](request<nothing> r) -> task<bool> {
      co_await r.context().session();
      co_return true;
    });
  }
};

int code_of(test_client& c, const metadata& m = {}) {
  try {
    c.call<bool>("session", nothing{}, m);
    return 0;
  } catch (const error& e) {
    return static_cast<int>(e.code);
  }
}

TEST(Service, AsksSessionProvidersInTurn) {
  std::vector<std::string> seen;
  noting_provider none{"none", seen, false}, some{"some", seen, true}, later{"later", seen, true};
  session_app a;
  for (auto* p : {&none, &some, &later}) a.add_session_provider(*p);
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(code_of(c, metadata{"token", "t"}), 503);
  EXPECT_THAT(seen, ElementsAre("bind none t", "bind some t", "bind later t", "open none", "open some"));
}

TEST(Service, BindsTheSessionThatARequestShowsBeforeItsPlainHooks) {
  std::vector<std::string> seen;
  noting_provider some{"some", seen, true};
  logged_app a;
  a.add_session_provider(some);
  a.before_request([&seen](context&) { seen.push_back("hook"); });
  a.handle("f", [](request<>) {});
  test_server s{a};
  test_client c{s};

  c.call("f", nothing{}, metadata{"token", "t"});

  EXPECT_THAT(seen, ElementsAre("bind some t", "hook"));
}

TEST(Service, HasNoSessionsWhereNoProviderHas) {
  std::vector<std::string> seen;
  noting_provider none{"none", seen, false};
  session_app a;
  a.add_session_provider(none);
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(code_of(c), 501);
}

/// A loop whose turns, clock and rounds are the test's.
class turning_loop final : public loop {
public:
  clock_time now() const noexcept override { return time; }
  void set_timer(timer&, clock_time) override {}
  void post(std::function<void()>) override {}
  void offload(std::function<void()>) override {}
  bool is_current() const noexcept override { return true; }
  void set_turn_hook(void (*hook)(void*), void* argument) noexcept override {
    hook_ = hook;
    argument_ = argument;
  }
  void wake() override { ++wakes; }
  bool is_in_round() const noexcept override { return in_round; }
  void turn() { hook_(argument_); }

  clock_time time{std::chrono::hours{1}};
  bool in_round = false;
  std::atomic<int> wakes{0};

private:
  void (*hook_)(void*) = nullptr;
  void* argument_ = nullptr;
};

class UnitInRounds : public testing::Test {
protected:
  UnitInRounds() { l.turn(); }
  ~UnitInRounds() override {
    static_cast<actors::loop_actor*>(actor->get())->quit();
    l.in_round = false;
    l.turn(); // the unit holds an actor that has mail
  }

  void mail_by_another_thread() {
    std::thread{[this] {
      actors::send_function<actors::loop_actor>(actor, [this](actors::loop_actor&) { ++handled; });
    }}.join();
  }

  caf::actor_system_config config;
  caf::actor_system system{config};
  turning_loop l;
  actors::unit u{system, l, 1};
  const caf::strong_actor_ptr actor = actors::spawn_in<actors::loop_actor>(system, u);
  int handled = 0;
};

TEST_F(UnitInRounds, HandlesTheMailOfOtherThreadsTogetherAfterTheRound) {
  l.in_round = true;
  for (int i = 0; i < 3; ++i) {
    l.time += 10us;
    mail_by_another_thread();
    l.turn();
    EXPECT_EQ(handled, 0);
  }
  EXPECT_EQ(l.wakes, 1);

  l.in_round = false;
  l.turn();

  EXPECT_EQ(handled, 3);
}

TEST_F(UnitInRounds, DoesNotLetMailWaitForALongRound) {
  l.in_round = true;
  mail_by_another_thread();
  l.time += 99us;
  l.turn();
  EXPECT_EQ(handled, 0);

  l.time += 1us;
  l.turn();
  EXPECT_EQ(handled, 1);

  mail_by_another_thread();
  l.turn();
  EXPECT_EQ(handled, 1);
}

} // namespace
} // namespace swill
