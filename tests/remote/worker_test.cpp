#include "actors/remote/worker.hpp"

#include "tests/remote/world.hpp"

namespace swill {
namespace {

using namespace remote_tests;

using numbers = std::pair<std::int64_t, std::int64_t>;

void serve_all_shapes(app& a) {
  a.handle("add", [](request<numbers> r) { return r.data().first + r.data().second; });
  a.handle("count", [](request<int> r) -> stream<int> {
    for (int i = 0; i < r.data(); ++i) co_yield i;
  });
  a.handle("sum", [](streaming_request<int> in) -> task<int> {
    int sum = 0;
    while (const auto i = co_await in.next()) sum += *i;
    co_return sum;
  });
  a.handle("echo", [](streaming_request<std::string> in) -> stream<std::string> {
    while (auto s = co_await in.next()) co_yield std::move(*s);
  });
}

TEST(Worker, ServesAllShapes) {
  gateway_world g;
  worker_world w{serve_all_shapes, {.gateways = {g.worker_address()}}};
  blocking_client c{g.url()};
  ASSERT_TRUE(serves(c, "echo")) << g.log.text() << w.log.text();

  EXPECT_EQ(c.call<std::int64_t>("add", numbers{2, 3}), 5);

  int next = 0;
  for (const int i : c.stream<int>("count", 10000)) EXPECT_EQ(i, next++);
  EXPECT_EQ(next, 10000);

  auto up = c.upload<int, int>("sum");
  for (int i = 1; i <= 1000; ++i) up.write(i);
  EXPECT_EQ(up.finish(), 500500);

  auto both = c.duplex<std::string, std::string>("echo");
  for (int i = 0; i < 100; ++i) {
    both.write("line " + std::to_string(i));
    EXPECT_EQ(both.next(), "line " + std::to_string(i));
  }
  both.close_writing();
  EXPECT_EQ(both.next(), std::nullopt);
}

} // namespace
} // namespace swill
