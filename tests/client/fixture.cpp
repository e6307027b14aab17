#include "tests/client/fixture.hpp"

#include <atomic>
#include <cstdio>

#include <unistd.h>

namespace swill::test {

namespace {

/// Says so when the coroutine it stands in is unwound.
struct on_unwind {
  events& to;
  std::string what;
  ~on_unwind() { to.add(what); }
};

} // namespace

void events::add(const std::string& what) {
  const std::lock_guard lock{mutex_};
  ++counts_[what];
  changed_.notify_all();
}

bool events::wait(const std::string& what, int times) {
  std::unique_lock lock{mutex_};
  return changed_.wait_for(lock, std::chrono::seconds{10}, [&] { return counts_[what] >= times; });
}

int events::count(const std::string& what) {
  const std::lock_guard lock{mutex_};
  return counts_[what];
}

call_server::call_server() {
  static std::atomic<int> number{0};
  socket_path_ = "/tmp/swill-client-test-" + std::to_string(::getpid()) + "-" + std::to_string(number++);
  app_.set_log([](const log_entry&) {});
  app_.limits().requests_per_connection = 20000;
  app_.limits().queued_bytes = 64 * 1024 * 1024;
  app_.limits().drain_timeout = std::chrono::milliseconds{0};
  add_unary();
  add_streams();
  add_hooks();
  server_options options;
  options.listen = {"127.0.0.1:0", unix_url()};
  options.io_threads = 2;
  server_ = std::make_unique<server>(app_, options);
  server_->start();
}

call_server::~call_server() {
  server_->stop();
  std::remove(socket_path_.c_str());
}

void call_server::add_unary() {
  app_.handle("add", [](request<std::pair<int, int>> r) { return r.data().first + r.data().second; });
  app_.handle("echo", [](request<value> r) { return r.data(); });
  app_.handle("nop", [](request<>) {});
  app_.handle("metadata", [](request<> r) {
    value all = value::map({});
    for (const auto& [k, v] : r.metadata()) all.set(k, v);
    return all;
  });
  app_.handle("both_metadata", [](request<> r) {
    r.context().set_leading({{"lead", 1}});
    r.context().trailing().set("trail", 2);
    return 3;
  });
  app_.handle("fail", [](request<int> r) -> int {
    throw error{r.data(), "as asked", value::map({{"why", "because"}})};
  });
  app_.handle("close", [](request<int> r) -> int { throw close_connection{r.data(), "as asked"}; });
  app_.handle("hang", [this](request<> r) -> task<void> {
    const on_unwind end{events_, "hang.end"};
    events_.add("hang.begin");
    co_await sleep_for(std::chrono::hours{1});
    (void)r;
  });
  app_.handle("blob", [](request<int> r) { return std::string(static_cast<std::size_t>(r.data()), 'x'); });
}

void call_server::add_streams() {
  app_.handle("count", [](request<int> r) -> stream<int> {
    for (int i = 1; i <= r.data(); ++i) co_yield i;
  });
  app_.handle("count_and_fail", [](request<int> r) -> stream<int> {
    for (int i = 1; i <= r.data(); ++i) co_yield i;
    throw error{410, "gone"};
  });
  app_.handle("endless", [this](request<> r) -> stream<int> {
    const on_unwind end{events_, "endless.end"};
    for (int i = 0;; ++i) co_yield i;
    (void)r;
  });
  app_.handle("stream_metadata", [](request<int> r) -> stream<int> {
    metadata lead{{"lead", "now"}};
    co_await r.context().send_leading(std::move(lead));
    for (int i = 1; i <= r.data(); ++i) co_yield i;
    r.context().trailing().set("trail", "end");
  });
  app_.handle("sum", [](streaming_request<int> r) -> task<int> {
    int sum = 0;
    while (const auto item = co_await r.next()) sum += *item;
    co_return sum;
  });
  app_.handle("slow_count",
              [](streaming_request<std::string> r) -> task<int> {
                int count = 0;
                while (co_await r.next()) {
                  if (++count % 100 == 0) co_await sleep_for(std::chrono::milliseconds{1});
                  if (r.context().call().queued().held > 80 * 1024) throw error{500, "its client is not held back"};
                }
                co_return count;
              },
              {.queued_bytes = 64 * 1024});
  app_.handle("first_two", [](streaming_request<int> r) -> task<int> {
    const auto first = co_await r.next();
    const auto second = co_await r.next();
    co_return first.value_or(0) + second.value_or(0);
  });
  app_.handle("upload_hang", [this](streaming_request<int> r) -> task<int> {
    const on_unwind end{events_, "upload_hang.end"};
    events_.add("upload_hang.begin");
    while (co_await r.next()) {
    }
    co_await sleep_for(std::chrono::hours{1});
    co_return 0;
  });
  app_.handle("echo_stream", [](streaming_request<std::string> r) -> stream<std::string> {
    while (auto item = co_await r.next()) co_yield *item;
  });
  app_.handle("greet_first", [](streaming_request<int> r) -> stream<std::string> {
    co_yield "hello " + std::to_string(r.metadata().size());
    while (auto item = co_await r.next()) co_yield std::to_string(*item);
  });
}

void call_server::add_hooks() {
  app_.before_connection([](connection& c) {
    if (c.query() == "reject") throw rejection{418, "no tea"};
    c.set_response_header("X-Demo", "yes");
  });
}

} // namespace swill::test
