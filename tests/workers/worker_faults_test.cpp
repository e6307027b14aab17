#include "actors/workers/remote_handlers.hpp"

#include "libswill/wire/envelope.hpp"
#include "tests/support/patience.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/workers/worker_process.hpp"
#include "tests/workers/world.hpp"

#include <future>
#include <unistd.h>

// Workers in processes of their own, that die, stand still, come back.

namespace swill {
namespace {

using namespace worker_tests;
using std::chrono::steady_clock;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t most_growth = 512U << 20; // freed memory is kept aside for a while
#else
constexpr std::size_t most_growth = 16U << 20;
#endif

template <class F>
std::int64_t code_of(F f) {
  try {
    f();
    return 0;
  } catch (const error& e) {
    return e.code;
  }
}

TEST(WorkerFaults, KilledWorkerEndsItsCallsAndComesBack) {
  gateway_world g;
  auto w = std::make_unique<worker_process>(g.worker_address(), "one");
  blocking_client c{g.url()};
  ASSERT_TRUE(answers(c, "one")) << g.log.text();

  auto unary = std::async(std::launch::async, [&] { return code_of([&] { c.call<int>("sleepy_once"); }); });
  auto items = c.stream<int>("forever");
  EXPECT_EQ(items.next(), 0);
  const auto killed = steady_clock::now();
  w->send(SIGKILL);

  EXPECT_EQ(unary.get(), 503);
  EXPECT_EQ(code_of([&] { items.next(); }), 503);
  EXPECT_LT(steady_clock::now() - killed, patient(2s));
  EXPECT_EQ(code_of([&] { c.call<std::string>("who"); }), 503); // known, and gone
  EXPECT_EQ(code_of([&] { c.call<std::string>("nobody"); }), 404);

  w = std::make_unique<worker_process>(g.worker_address(), "two");
  EXPECT_TRUE(answers(c, "two")) << g.log.text();
}

class WorkerOut : public testing::TestWithParam<int> {};

TEST_P(WorkerOut, EndsCallsOfEveryShapeAndJoinsAgain) {
  gateway_world g;
  worker_process w{g.worker_address(), "one"};
  blocking_client c{g.url()};
  ASSERT_TRUE(answers(c, "one"));

  auto unary = std::async(std::launch::async, [&] { return code_of([&] { c.call<int>("sleepy_once"); }); });
  auto down = c.stream<int>("forever");
  EXPECT_EQ(down.next(), 0);
  auto up = c.upload<int, int>("sum");
  up.write(1);
  auto both = c.duplex<int, int>("mirror");
  both.write(1);
  EXPECT_EQ(both.next(), 1);
  const auto begin = steady_clock::now();
  w.send(GetParam());

  EXPECT_EQ(unary.get(), 503);
  EXPECT_EQ(code_of([&] { down.next(); }), 503);
  EXPECT_EQ(code_of([&] { up.finish(); }), 503);
  EXPECT_EQ(code_of([&] { both.next(); }), 503);
  EXPECT_LT(steady_clock::now() - begin, patient(2s));

  if (GetParam() != SIGSTOP) return;
  w.send(SIGCONT);
  EXPECT_TRUE(answers(c, "one")) << g.log.text();
}

INSTANTIATE_TEST_SUITE_P(Ones, WorkerOut, testing::Values(SIGKILL, SIGSTOP),
                         [](const auto& s) { return s.param == SIGKILL ? "Killed" : "Stalled"; });

class IdempotentCalls : public testing::TestWithParam<int> {};

TEST_P(IdempotentCalls, GoElsewhere) {
  gateway_world g;
  worker_process one{g.worker_address(), "one"};
  blocking_client c{g.url()};
  ASSERT_TRUE(answers(c, "one"));
  auto waiting = std::async(std::launch::async, [&] { return c.call<std::string>("first_waits", std::string{"one"}); });
  worker_process two{g.worker_address(), "two"};
  ASSERT_TRUE(g.log.wait_for("worker two serves"));
  ASSERT_TRUE(answers(c, "two")); // the first has a call in flight

  one.send(GetParam());

  EXPECT_EQ(waiting.get(), "two");
}

INSTANTIATE_TEST_SUITE_P(OfA, IdempotentCalls, testing::Values(SIGKILL, SIGSTOP),
                         [](const auto& s) { return s.param == SIGKILL ? "KilledWorker" : "StalledWorker"; });

TEST(WorkerFaults, LeavingWorkerFinishesWhatRuns) {
  gateway_world g;
  worker_process one{g.worker_address(), "one"};
  blocking_client c{g.url()};
  ASSERT_TRUE(answers(c, "one"));
  auto nap = std::async(std::launch::async, [&] { return c.call<int>("short_nap", 700); });
  worker_process two{g.worker_address(), "two"};
  ASSERT_TRUE(answers(c, "two"));

  one.send(SIGTERM);

  ASSERT_TRUE(g.log.wait_for("worker one takes no new calls"));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(c.call<std::string>("who"), "two");
  EXPECT_EQ(nap.get(), 7);
  EXPECT_EQ(one.wait(), 0);
}

TEST(WorkerFaults, OtherTypesUnderANameAreRefused) {
  gateway_world g;
  auto one = std::make_unique<worker_process>(g.worker_address(), "one");
  blocking_client c{g.url()};
  ASSERT_TRUE(answers(c, "one"));
  worker_process other{g.worker_address(), "other", "other types"};

  EXPECT_TRUE(g.log.wait_for("handler who of worker other is refused: worker one serves that name with other types"));
  EXPECT_TRUE(serves(c, "own")); // the rest of its handlers is served
  EXPECT_EQ(c.call<std::string>("who"), "one");

  one.reset(); // once nobody serves it, the other may
  EXPECT_TRUE(eventually([&] { return c.try_call<int>("who", 5).has_value(); }));
}

TEST(WorkerFaults, EndlessStreamToAClientThatDoesNotReadStaysBounded) {
  gateway_world g;
  worker_process w{g.worker_address(), "one"};
  blocking_client other{g.url()};
  ASSERT_TRUE(answers(other, "one"));
  const std::size_t worker_before = w.memory(), gateway_before = memory_of(::getpid());

  test::raw_client silent{"127.0.0.1:" + std::to_string(g.host->port())};
  silent.upgrade();
  buffer request;
  wire::writer to{request};
  wire::write_request(to, 1, {}, "flood");
  silent.send_message(as_text(request.view()));

  // It stands still once everything between its handler and the client is full, and others are not held up.
  std::int64_t items = 0;
  auto since = steady_clock::now();
  EXPECT_TRUE(eventually(
      [&] {
        if (const auto now = other.call<std::int64_t>("flooded"); now != items) {
          items = now;
          since = steady_clock::now();
        }
        return items > 0 && steady_clock::now() - since > 500ms;
      },
      30s));
  EXPECT_LT(items * 1000, 32 * 1024 * 1024); // most of it in the kernel's buffers
  EXPECT_LT(memory_of(::getpid()), gateway_before + most_growth);
  EXPECT_LT(w.memory(), worker_before + most_growth);
}

TEST(WorkerFaults, WorkerFindsARestartedGateway) {
  std::uint16_t port = 0;
  std::unique_ptr<worker_process> w;
  {
    gateway_world g;
    port = g.gate->port();
    w = std::make_unique<worker_process>(g.worker_address(), "one");
    blocking_client c{g.url()};
    ASSERT_TRUE(answers(c, "one"));
  }
  gateway_world g{{.listen = "127.0.0.1:" + std::to_string(port)}};
  blocking_client c{g.url()};
  EXPECT_TRUE(answers(c, "one")) << g.log.text();
}

} // namespace
} // namespace swill
