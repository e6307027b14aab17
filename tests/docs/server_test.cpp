// The code of docs/server.md and docs/limits.md, compiled and run over a socket. See handlers_test.cpp.
#include "libswill/api/app.hpp"
#include "libswill/client/blocking_client.hpp"
#include "libswill/server/server.hpp"
#include "libswill/transport/statistics.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace {

using namespace std::chrono_literals;

// [numbers]
std::string numbers_of(const swill::server& server) {
  const swill::transport::statistics now = server.statistics();
  return std::to_string(now.open) + " open, " + std::to_string(now.messages_in) + " messages in, " +
         std::to_string(now.bytes_out) + " bytes out, " + std::to_string(now.slow_readers) + " slow readers";
}
// [/numbers]

TEST(ServerPage, IsTrue) {
  swill::app app;
  app.handle("ping", [](swill::request<>) { return std::string{"pong"}; });
  // [limits]
  app.limits().message_size = 4 * 1024 * 1024;
  app.limits().default_deadline = 30s;
  // [/limits]
  // [embed]
  swill::server server{app, {.listen = {"127.0.0.1:0"}, .path = "/rpc", .io_threads = 1}};
  server.start(); // throws what keeps it from listening; its threads serve from now on
  const std::string url = "ws://" + server.addresses().front() + "/rpc"; // with the port that it got
  // [/embed]

  swill::blocking_client client{url};
  EXPECT_EQ(client.call<std::string>("ping"), "pong");
  EXPECT_EQ(numbers_of(server).rfind("1 open, 1 messages in, ", 0), 0U);
  // [stop]
  server.stop(); // lets open requests finish for limits::drain_timeout, then closes all connections
  // [/stop]
}

} // namespace
