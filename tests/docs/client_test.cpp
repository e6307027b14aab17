// The code of docs/client.md, compiled and run over a socket. See handlers_test.cpp.
#include "libswill/api/app.hpp"
#include "libswill/client/blocking_client.hpp"
#include "libswill/client/client.hpp"
#include "libswill/client/run.hpp"
#include "libswill/net/event_loop.hpp"
#include "libswill/server/server.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace {

// [blocking]
double ask(const std::string& url) { // such as "ws://127.0.0.1:8080/ws"
  swill::blocking_client c{url};
  double sum = c.call<int>("math.add", std::pair{1, 2});
  for (const int item : c.stream<int>("math.count", 3)) sum += item;
  auto u = c.upload<double, double>("math.sum");
  u.write(20);
  u.write(22);
  return sum + u.finish();
}
// [/blocking]

// [coroutine]
swill::task<int> work(std::string url) {
  swill::client c = co_await swill::client::connect(url);
  int sum = co_await c.call<int>("math.add", std::pair{1, 2});
  auto items = c.stream<int>("math.count", 3);
  while (auto item = co_await items.next()) sum += *item;
  co_return sum;
}

int ask_on_a_loop(const std::string& url) { // a main() does the same
  swill::net::event_loop loop;
  return swill::run_client(loop, work(url));
}
// [/coroutine]

swill::app make_math() {
  swill::app a;
  a.handle("math.add", [](swill::request<std::pair<int, int>> r) { return r.data().first + r.data().second; });
  a.handle("math.count", [](swill::request<int> r) -> swill::stream<int> {
    for (int i = 1; i <= r.data(); ++i) co_yield i;
  });
  a.handle("math.sum", [](swill::streaming_request<double> in) -> swill::task<double> {
    double sum = 0;
    while (const auto n = co_await in.next()) sum += *n;
    co_return sum;
  });
  return a;
}

TEST(ClientPage, IsTrue) {
  swill::app app = make_math();
  swill::server server{app, {.listen = {"127.0.0.1:0"}, .io_threads = 1}};
  server.start();
  const std::string url = "ws://" + server.addresses().front() + "/ws";

  EXPECT_EQ(ask(url), 3 + 6 + 42);
  EXPECT_EQ(ask_on_a_loop(url), 3 + 6);
}

} // namespace
