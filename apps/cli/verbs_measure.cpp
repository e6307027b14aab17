#include "apps/cli/exit_codes.hpp"
#include "apps/cli/json.hpp"
#include "apps/cli/verbs.hpp"
#include "apps/common/latencies.hpp"
#include "libswill/base/await.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <deque>

namespace swill::cli {

using json = nlohmann::ordered_json;

namespace {

double microseconds(std::chrono::nanoseconds d) { return std::chrono::duration<double, std::micro>(d).count(); }
double rounded(double d) { return std::round(d * 10) / 10; }

template <class... Args>
std::string format(const char* pattern, Args... args) {
  std::array<char, 200> text{};
  const int n = std::snprintf(text.data(), text.size(), pattern, args...);
  return {text.data(), static_cast<std::size_t>(std::max(n, 0))};
}

/// `co_await first_of{std::move(tasks)}`: starts them all, goes on when the first of them ends, destroys the others where they are, and
/// throws what the first one threw. What when_any does, for a number of tasks that is known only when the program runs.
class first_of {
public:
  explicit first_of(std::vector<task<void>> tasks) : tasks_(std::move(tasks)) {}

  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> parent) {
    parent_ = parent;
    for (auto& t : tasks_) {
      // One that was started before may end while this one starts: on_final then leaves it to this loop.
      if (t.start_nested(*parent.promise().owner, &first_of::on_final, this)) has_ended_ = true;
      if (has_ended_) return false;
    }
    is_started_ = true;
    return true;
  }
  void await_resume() {
    for (auto& t : tasks_) {
      if (t.done()) return t.take();
    }
  }

private:
  static void on_final(void* self) {
    auto& all = *static_cast<first_of*>(self);
    if (std::exchange(all.has_ended_, true)) return;
    if (all.is_started_) all.parent_.resume();
  }

  std::vector<task<void>> tasks_;
  std::coroutine_handle<> parent_;
  bool has_ended_ = false;
  bool is_started_ = false;
};

/// What the calls of a bench share.
struct campaign {
  const options& given;
  value request;
  apps::latencies seen;
};

using seconds = std::chrono::duration<double>;

task<void> call_once(client& c, campaign& all) {
  const call_options with = all.given.call();
  const auto begin = std::chrono::steady_clock::now();
  co_await c.call<raw>(all.given.name, all.request, with);
  all.seen.add(std::chrono::steady_clock::now() - begin);
}

/// Ends only by a failure, or with its frame, which cancels the call that is open.
task<void> call_repeatedly(client& c, campaign& all) {
  for (;;) co_await call_once(c, all);
}

void print_bench(session s, const campaign& all, seconds took) {
  const double rate = static_cast<double>(all.seen.count()) / took.count();
  const double p50 = microseconds(all.seen.quantile(0.5));
  const double p99 = microseconds(all.seen.quantile(0.99));
  s.out.answer(json{{"calls", all.seen.count()},
                    {"seconds", rounded(took.count() * 100) / 100},
                    {"calls_per_second", rounded(rate)},
                    {"p50_us", rounded(p50)},
                    {"p99_us", rounded(p99)},
                    {"connections", s.given.connections},
                    {"depth", s.given.depth}},
               format("%llu calls in %.2f s: %.0f calls/s, p50 %.1f µs, p99 %.1f µs\n",
                      static_cast<unsigned long long>(all.seen.count()), took.count(), rate, p50, p99));
}

/// One round trip, in no more than the time that was given for it.
task<std::chrono::nanoseconds> ping_once(session s) {
  const auto limit = s.given.timeout;
  if (limit.count() == 0) co_return co_await s.server.ping();
  const auto first = co_await when_any(s.server.ping(), sleep_for(limit));
  if (const auto* took = std::get_if<0>(&first)) co_return *took;
  throw error{error_code::deadline_exceeded, "No answer to a ping within " + std::to_string(limit.count()) + " ms"};
}

task<void> measure(session s) {
  campaign all{s.given, s.given.message.value_or(value{}), {}};
  // The first call, alone, shows what is wrong before there is a crowd. It takes its part of the time.
  const seconds limit{s.given.seconds};
  const auto start = std::chrono::steady_clock::now();
  const auto first = co_await when_any(call_once(s.server, all), sleep_for(limit));
  if (first.index() == 1)
    throw error{error_code::deadline_exceeded,
                "'" + s.given.name + "' has not answered its first call in the time of the bench"};
  const seconds alone = std::chrono::steady_clock::now() - start;

  std::deque<client> more;
  std::vector<client*> clients{&s.server};
  while (clients.size() < s.given.connections) {
    const client_options how = s.given.client();
    more.push_back(co_await client::connect(s.given.url, how));
    clients.push_back(&more.back());
  }
  const auto begin = std::chrono::steady_clock::now();
  std::vector<task<void>> workers;
  for (client* c : clients) {
    for (std::size_t i = 0; i < s.given.depth; ++i) workers.push_back(call_repeatedly(*c, all));
  }
  // Whatever the handlers do: who still waits then is destroyed, and his call cancelled.
  co_await when_any(first_of{std::move(workers)}, sleep_for(limit - alone));
  print_bench(s, all, alone + (std::chrono::steady_clock::now() - begin));
}

} // namespace

task<void> ping(session s) {
  std::chrono::nanoseconds least = std::chrono::nanoseconds::max();
  std::chrono::nanoseconds most{0};
  std::chrono::nanoseconds sum{0};
  for (std::size_t i = 0; i < s.given.count; ++i) {
    const auto once = co_await ping_once(s);
    least = std::min(least, once);
    most = std::max(most, once);
    sum += once;
  }
  const double average = microseconds(sum) / static_cast<double>(s.given.count);
  const json result{{"count", s.given.count},
                    {"min_us", rounded(microseconds(least))},
                    {"avg_us", rounded(average)},
                    {"max_us", rounded(microseconds(most))}};
  s.out.answer(result, format("%zu round trips: min %.1f µs, avg %.1f µs, max %.1f µs\n", s.given.count,
                              microseconds(least), average, microseconds(most)));
}

task<void> bench(session s) {
  const shape kind = co_await shape_of(s);
  if (kind.request_streams || kind.response_streams)
    throw usage_error("'" + s.given.name + "' streams: bench calls handlers of one message and one answer");
  auto run = measure(s);
  co_await with_suggestion(std::move(run), kind.suggestion);
}

} // namespace swill::cli
