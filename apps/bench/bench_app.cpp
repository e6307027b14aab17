#include "apps/bench/bench_app.hpp"

#include "libswill/base/await.hpp"
#include "libswill/base/log.hpp"

#include <chrono>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace swill::bench {

swill::app make_bench_app() {
  swill::app app;
  app.set_log(stderr_log(log_level::warning)); // a line for each connection would be measured too
  app.handle("add",
             [](swill::request<std::pair<std::int64_t, std::int64_t>> r) { return r.data().first + r.data().second; });
  app.handle("sum", [](swill::request<std::vector<std::int64_t>> r) {
    return std::accumulate(r.data().begin(), r.data().end(), std::int64_t{0});
  });
  app.handle("burst", [](swill::request<std::int64_t> r) -> swill::stream<std::int64_t> {
    for (std::int64_t i = 0; i < r.data(); ++i) co_yield i;
  });
  app.handle("sum_stream", [](swill::streaming_request<std::int64_t> items) -> swill::task<std::int64_t> {
    std::int64_t sum = 0;
    while (const auto item = co_await items.next()) sum += *item;
    co_return sum;
  });
  app.handle("sleep0", [](swill::request<std::int64_t> r) -> swill::task<std::int64_t> {
    co_await swill::sleep_for(std::chrono::milliseconds(0));
    co_return r.data();
  });
  app.handle("sleep", [](swill::request<std::int64_t> r) -> swill::task<std::int64_t> {
    co_await swill::sleep_for(std::chrono::milliseconds(r.data()));
    co_return r.data();
  });
  return app;
}

} // namespace swill::bench
