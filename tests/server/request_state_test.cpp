#include "libswill/api/detail/state_set.hpp"

#include "tests/server/calls.hpp"

#include <latch>
#include <thread>

// context::state: one object per type and request.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;

struct notes {
  notes() { ++alive; }
  notes(const notes&) = delete;
  notes& operator=(const notes&) = delete;
  ~notes() { --alive; }
  std::string text;
  static inline int alive = 0;
};

TEST(RequestState, IsOneObjectForHooksHandlerAndAfterRequest) {
  std::string after;
  int alive_after = 0;
  app a;
  a.before_request([](context& c) { c.state<notes>().text = "hook"; });
  a.handle("f", [](request<> r) -> task<std::string> {
    co_await sleep_for(1ms);
    notes& n = r.context().state<notes>();
    n.text += " handler";
    co_return n.text;
  });
  a.after_request([&](context& c, const outcome&) {
    after = c.state<notes>().text + " after";
    alive_after = notes::alive;
  });
  test_server s{a};
  test_client c{s};
  const auto seq = c.open("f", nothing{});
  s.advance(1ms);

  EXPECT_EQ(c.receive(seq)->as<std::string>(), "hook handler");
  EXPECT_EQ(after, "hook handler after");
  EXPECT_EQ(alive_after, 1);
  EXPECT_EQ(notes::alive, 0) << "destroyed with its request";
}

TEST(RequestState, BelongsToOneRequestAlone) {
  app a;
  a.handle("plain", [](request<std::string> r) {
    notes& n = r.context().state<notes>();
    n.text += r.data();
    return n.text;
  });
  a.handle("stream", [](streaming_request<std::string> in) -> stream<std::string> {
    while (auto v = co_await in.next()) {
      notes& n = in.context().state<notes>();
      n.text += *v;
      co_yield n.text;
    }
  });
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(c.call<std::string>("plain", std::string{"a"}), "a");
  EXPECT_EQ(c.call<std::string>("plain", std::string{"b"}), "b");
  const auto one = c.open("stream", std::string{"a"});
  const auto two = c.open("stream", std::string{"x"});
  c.send(one, std::string{"b"});
  EXPECT_EQ(c.receive(one)->as<std::string>(), "a");
  EXPECT_EQ(c.receive(one)->as<std::string>(), "ab");
  EXPECT_EQ(c.receive(two)->as<std::string>(), "x");
  EXPECT_EQ(notes::alive, 2);
  c.cancel(one);
  c.cancel(two);
  EXPECT_EQ(notes::alive, 0);
}

TEST(RequestState, IsFoundWhereThereIsOne) {
  app a;
  a.handle("f", [](request<bool> r) {
    if (r.data()) r.context().state<notes>().text = "made";
    const notes* found = r.context().find_state<notes>();
    r.context().state<int>() = 5; // another type, another object
    return found != nullptr ? found->text : std::string{"none"};
  });
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(c.call<std::string>("f", true), "made");
  EXPECT_EQ(c.call<std::string>("f", false), "none");
}

TEST(RequestState, IsSeenByBlockingHandlers) {
  app a;
  a.before_request([](context& c) { c.state<notes>().text = "hook"; });
  a.handle("f", blocking([](request<> r) { return r.context().state<notes>().text + " pool"; }));
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(c.call<std::string>("f"), "hook pool");
  EXPECT_EQ(notes::alive, 0);
}

TEST(RequestState, IsMadeOnceByThreadsThatAskAtTheSameTime) {
  for (int round = 0; round < 100; ++round) {
    detail::state_set states;
    std::latch begin{2};
    int* seen[2] = {};
    const auto ask = [&](int i) {
      begin.arrive_and_wait();
      states.get<std::string>();
      seen[i] = &states.get<int>();
    };
    std::thread other{ask, 1};
    ask(0);
    other.join();

    EXPECT_EQ(seen[0], seen[1]);
    EXPECT_EQ(seen[0], states.find_object<int>());
  }
}

} // namespace
} // namespace swill
