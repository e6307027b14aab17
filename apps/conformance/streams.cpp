#include "apps/conformance/handlers.hpp"
#include "apps/conformance/types.hpp"

#include <chrono>
#include <stdexcept>

namespace swill::conformance {

namespace {

using namespace std::chrono_literals;

// --- Streams of the client

task<integer> sum_stream(streaming_request<integer> items) {
  integer sum = 0;
  while (const auto item = co_await items.next()) sum = sum_of(sum, *item);
  co_return sum;
}

task<integer> sum_stream_slow(streaming_request<integer> items) {
  const integer sum = co_await sum_stream(items);
  co_await sleep_for(200ms);
  co_return sum;
}

task<integer> first_only(streaming_request<integer> items) {
  const auto first = co_await items.next();
  co_return first.value_or(-1);
}

task<std::size_t> validated_stream(streaming_request<first_error> items) {
  std::size_t count = 0;
  while (co_await items.next()) ++count;
  co_return count;
}

void add_uploads(app& to, hook_log& log) {
  to.handle("sum_stream", sum_stream);
  to.handle("sum_stream_slow", sum_stream_slow);
  to.handle("first_only", first_only);
  to.handle("collect_catch", [&log](streaming_request<integer> items) -> task<std::vector<integer>> {
    std::vector<integer> all;
    try {
      while (const auto item = co_await items.next()) all.push_back(*item);
    } catch (const cancelled&) {
      log.append(items.context(), "handler.caught");
    }
    co_return all; // to a client that has cancelled nothing of it is sent
  });
  to.handle("validated_stream", validated_stream);
}

// --- Streams of the server

stream<integer> count(request<integer> n) {
  for (integer i = 1; i <= n.data(); ++i) co_yield i;
}

stream<integer> count_slow(request<integer> n) {
  for (integer i = 1; i <= n.data(); ++i) {
    co_yield i;
    co_await sleep_for(50ms);
  }
}

stream<std::string> sizes(request<std::vector<integer>> lengths) {
  for (const integer n : lengths.data()) co_yield std::string(static_cast<std::size_t>(n), 'x');
}

void add_downloads(app& to, hook_log& log) {
  to.handle("count", count);
  to.handle("count_slow", count_slow);
  to.handle("count_slow_catch", [&log](request<integer> n) -> stream<integer> {
    try {
      for (integer i = 1; i <= n.data(); ++i) {
        co_yield i;
        co_await sleep_for(50ms);
      }
      co_return;
    } catch (const cancelled&) {
      log.append(n.context(), "handler.caught");
    }
    co_yield -1; // throws `cancelled` once more: nothing follows a CANCEL
  });
  to.handle("stall", [&log](request<integer> r) -> stream<integer> {
    const end_of_handler end{log, r.context()};
    co_yield 1;
    co_await sleep_for(30s);
    co_yield 2;
  });
  to.handle("burst", [&log](request<integer> n) -> stream<integer> {
    const end_of_handler end{log, n.context()};
    for (integer i = 0; i < n.data(); ++i) co_yield i; // waits only while the client reads too slowly
  });
  to.handle("sizes", sizes);
}

// --- Streams on both sides

stream<integer> multiply(streaming_request<integer> factors) {
  integer product = 1;
  while (const auto factor = co_await factors.next()) {
    if (__builtin_mul_overflow(product, *factor, &product)) throw std::overflow_error{"the product leaves int"};
    co_yield product;
  }
}

stream<integer> jitter(streaming_request<integer> delays) {
  while (const auto ms = co_await delays.next()) {
    co_await sleep_for(std::chrono::milliseconds{*ms});
    co_yield *ms;
  }
}

stream<value> echo_stream(streaming_request<value> items) {
  while (auto item = co_await items.next()) co_yield std::move(*item);
}

stream<integer> take_two(streaming_request<integer> items) {
  for (int taken = 0; taken < 2; ++taken) {
    const auto item = co_await items.next();
    if (!item) co_return;
    co_yield *item;
  }
}

} // namespace

void add_stream_handlers(app& to, hook_log& log) {
  add_uploads(to, log);
  add_downloads(to, log);
  to.handle("multiply", multiply);
  to.handle("jitter", jitter);
  to.handle("echo_stream", echo_stream);
  to.handle("take_two", take_two);
}

} // namespace swill::conformance
