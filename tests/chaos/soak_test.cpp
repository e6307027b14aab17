#include "tests/chaos/scale.hpp"
#include "tests/workers/world.hpp"

#include <array>
#include <iostream>
#include <random>
#include <thread>
#include <vector>

// Calls of all shapes at once and at random, in the gateway and at a worker behind it, through windows so small that everybody waits for
// everybody all the time: each has to end, with what it should. A second, or a minute.

namespace swill {
namespace {

using namespace worker_tests;

using order = std::pair<std::uint64_t, std::uint64_t>; // items, bytes of each

/// One in seven makes its handler wait.
task<void> work_on(const bytes& item) {
  if (item.size() % 7 == 0) co_await sleep_for(1ms);
}

void serve_under(app& a, const std::string& prefix) {
  a.handle(prefix + "same", [](request<bytes> r) { return r.data(); });
  a.handle(prefix + "count", [](request<order> r) -> stream<bytes> {
    for (std::uint64_t i = 0; i < r.data().first; ++i) co_yield bytes(r.data().second);
  });
  a.handle(prefix + "sum", [](streaming_request<bytes> in) -> task<std::uint64_t> {
    std::uint64_t sum = 0;
    while (const auto item = co_await in.next()) {
      co_await work_on(*item);
      sum += item->size();
    }
    co_return sum;
  });
  a.handle(prefix + "echo", [](streaming_request<bytes> in) -> stream<bytes> {
    while (auto item = co_await in.next()) {
      co_await work_on(*item);
      co_yield std::move(*item);
    }
  });
}

/// What one thread does, one call after the other.
class caller {
public:
  caller(blocking_client& c, std::uint32_t seed) : client_(c), random_(seed) {}

  void run_until(std::chrono::steady_clock::time_point end) {
    static constexpr std::array<void (caller::*)(const std::string&), 6> shapes{
        &caller::same, &caller::count, &caller::count_and_leave, &caller::sum, &caller::sum_and_leave, &caller::echo};
    while (std::chrono::steady_clock::now() < end && !testing::Test::HasFailure()) {
      const std::string where = up_to(1) == 0 ? "here." : "there.";
      const std::size_t shape = up_to(shapes.size() - 1);
      try {
        (this->*shapes[shape])(where);
        ++done;
      } catch (const error& e) {
        if (e.code == 429) { // the link's window is full
          ++refused;
          continue;
        }
        ADD_FAILURE() << where << " shape " << shape << ": " << e.code << " " << e.message;
      }
    }
  }

  std::size_t done = 0;
  std::size_t refused = 0;

private:
  std::size_t up_to(std::size_t most) { return std::uniform_int_distribution<std::size_t>{0, most}(random_); }
  /// Most are small, some larger than a window.
  std::size_t size() { return up_to(19) == 0 ? up_to(100'000) : up_to(200); }
  static call_options patiently() { return {patient(20s)}; } // it fails with 408 when it stands still

  void same(const std::string& where) {
    const bytes data(size());
    EXPECT_EQ(client_.call<bytes>(where + "same", data, patiently()).size(), data.size());
  }
  void count(const std::string& where) {
    const order wanted{up_to(300), up_to(2000)};
    std::uint64_t items = 0;
    for (const bytes& b : client_.stream<bytes>(where + "count", wanted, patiently())) {
      EXPECT_EQ(b.size(), wanted.second);
      ++items;
    }
    EXPECT_EQ(items, wanted.first);
  }
  void count_and_leave(const std::string& where) {
    auto items = client_.stream<bytes>(where + "count", order{1000, 1000}, patiently());
    for (std::size_t i = up_to(50); i > 0; --i) EXPECT_TRUE(items.next());
  }
  void sum(const std::string& where) {
    auto up = client_.upload<bytes, std::uint64_t>(where + "sum", patiently());
    std::uint64_t written = 0;
    for (std::size_t i = up_to(100); i > 0; --i) {
      const bytes item(size());
      if (!up.write(item)) break; // it has ended: finish() says why
      written += item.size();
    }
    EXPECT_EQ(up.finish(), written);
  }
  void sum_and_leave(const std::string& where) {
    auto up = client_.upload<bytes, std::uint64_t>(where + "sum", patiently());
    for (std::size_t i = up_to(50); i > 0 && up.write(bytes(size())); --i) {
    }
  }
  void echo(const std::string& where) {
    auto both = client_.duplex<bytes, bytes>(where + "echo", patiently());
    for (std::size_t i = up_to(20); i > 0; --i) {
      std::vector<std::size_t> sizes(1 + up_to(7));
      for (std::size_t& n : sizes) both.write(bytes(n = size()));
      for (const std::size_t n : sizes) {
        const auto back = both.next();
        ASSERT_TRUE(back);
        EXPECT_EQ(back->size(), n);
      }
    }
    both.close_writing();
    EXPECT_EQ(both.next(), std::nullopt);
  }

  blocking_client& client_;
  std::mt19937 random_;
};

void soak(std::size_t connections, std::size_t callers_of_each) {
  gateway_options narrow;
  narrow.upload_items = 4;
  narrow.upload_bytes = 16 * 1024;
  narrow.link_window = 256 * 1024;
  narrow.silence = 20s; // a machine that stands still is not what this is about
  gateway_world g{narrow, 2, [](app& a) { serve_under(a, "here."); }};
  worker_world w{
      [](app& a) { serve_under(a, "there."); },
      {.gateways = {g.worker_address()}, .silence = 20s, .stream_window = 64 * 1024, .link_window = 128 * 1024}};
  std::vector<std::unique_ptr<blocking_client>> clients;
  for (std::size_t i = 0; i < connections; ++i) clients.push_back(std::make_unique<blocking_client>(g.url()));
  ASSERT_TRUE(serves(*clients.front(), "there.echo"));

  const auto end = std::chrono::steady_clock::now() + chaos::scaled(1s, 60s);
  std::vector<caller> callers;
  for (std::uint32_t i = 0; i < connections * callers_of_each; ++i)
    callers.emplace_back(*clients[i % clients.size()], i);
  std::vector<std::thread> threads;
  for (caller& c : callers) threads.emplace_back([&c, end] { c.run_until(end); });
  for (std::thread& t : threads) t.join();

  std::size_t done = 0, refused = 0;
  for (const caller& c : callers) {
    done += c.done;
    refused += c.refused;
  }
  EXPECT_GE(done, callers.size());
  std::cout << "[ measured ] " << done << " calls ended as they should, " << refused << " were refused with 429\n";
}

TEST(Soak, ManyCallsAtOnceEnd) { soak(3, 3); }
/// Nothing else is on the way that would wake what was forgotten.
TEST(Soak, OneCallAtATimeEnds) { soak(1, 1); }

} // namespace
} // namespace swill
