#include "libswill/server/server.hpp"
#include "libswill/wire/envelope.hpp"
#include "tests/end_to_end/program.hpp"
#include "tests/end_to_end/silent_server.hpp"
#include "tests/support/patience.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

// The tool beside servers that tell little of themselves, or nothing.

namespace swill::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// --- A server that does not describe itself

/// Introspection answers with this error, or does not exist.
program::ending without_introspection(int code, std::vector<std::string> arguments, std::string_view input = {}) {
  app a;
  a.set_log([](const log_entry&) {});
  a.handle("add", [](request<std::pair<int, int>> r) { return r.data().first + r.data().second; });
  a.handle("count", [](request<int> r) -> stream<int> {
    for (int i = 1; i <= r.data(); ++i) co_yield i;
  });
  a.handle("sum", [](streaming_request<int> r) -> task<int> {
    int sum = 0;
    while (const auto item = co_await r.next()) sum += *item;
    co_return sum;
  });
  a.handle("double", [](streaming_request<int> r) -> stream<int> {
    while (const auto item = co_await r.next()) co_yield 2 * *item;
  });
  if (code == 404) {
    a.introspection(introspect::off);
  } else {
    a.introspection([code](context& c) {
      (void)c;
      throw error{code, "not for you"};
    });
  }
  server s{a, server_options{.listen = {"127.0.0.1:0"}, .io_threads = 1}};
  s.start();
  arguments.insert(arguments.begin(), {"--url", "ws://127.0.0.1:" + std::to_string(s.port()) + "/ws"});
  auto end = run_cli(arguments, input);
  s.stop();
  return end;
}

TEST(CliShape, IsNotGuessedWhereIntrospectionIsRefused) {
  for (const int code : {401, 403, 404, 429, 501}) {
    for (const char* verb : {"call", "stream", "bench"}) {
      const auto end = without_introspection(code, {verb, "count", "2"}, "1\n");
      EXPECT_EQ(end.code, 1) << code << verb;
      EXPECT_EQ(end.out, "") << code << verb;
      EXPECT_THAT(end.errors, HasSubstr("the server does not tell whether count streams (" + std::to_string(code)))
          << code << verb;
      EXPECT_THAT(end.errors, HasSubstr("): pass --shape")) << code << verb;
    }
  }
  EXPECT_EQ(without_introspection(500, {"call", "count", "2"}).code, 9) << "it has failed, it does not refuse";
}

TEST(CliShape, IsTakenFromTheCommandLine) {
  EXPECT_EQ(without_introspection(404, {"call", "add", "[1, 2]", "--shape", "unary"}).out, "3\n");
  EXPECT_EQ(without_introspection(404, {"call", "count", "2", "--shape", "down"}).out, "1\n2\n");
  EXPECT_EQ(without_introspection(403, {"stream", "count", "2", "--shape", "down"}).out, "1\n2\n");
  EXPECT_EQ(without_introspection(429, {"stream", "sum", "--shape", "up"}, "1\n2\n3\n").out, "6\n");
  EXPECT_EQ(without_introspection(401, {"stream", "double", "--shape", "both"}, "1\n2\n").out, "2\n4\n");
  EXPECT_EQ(without_introspection(404, {"call", "sum", "--shape", "up"}).code, 1);
  EXPECT_EQ(without_introspection(404, {"call", "sum", "--shape", "round"}).code, 1);
}

// --- A server that has a page where the WebSocket was looked for

TEST(CliConnect, SaysThatAPageAnsweredAndNoWebSocket) {
  app a;
  a.set_log([](const log_entry&) {});
  a.http("/page", [](const http_request&) { return http_response{.body = "<html>"}; });
  server s{a, server_options{.listen = {"127.0.0.1:0"}, .io_threads = 1}};
  s.start();
  const std::string url = "ws://127.0.0.1:" + std::to_string(s.port()) + "/page";

  const auto end = run_cli({"--url", url, "ls"});
  EXPECT_EQ(end.code, 2);
  EXPECT_EQ(end.errors, "swill: the server answered HTTP 200 at /page, and not with a WebSocket; another path may be "
                        "right, such as /ws\n");
  EXPECT_THAT(run_cli({"--url", url, "--json", "ls"}).errors, HasSubstr("\"http_status\":200"));
  s.stop();
}

// --- A server that says nothing

struct request_seen {
  std::uint64_t seq;
  wire::request_type type;
};

request_seen read_request(silent_server& from) {
  const auto frame = from.read_frame();
  EXPECT_EQ(frame.op, 2);
  const auto decoded = wire::decode_request(as_bytes(frame.payload), limits{});
  EXPECT_EQ(decoded.status, wire::decode_status::ok);
  return {decoded.envelope.seq, decoded.envelope.type};
}

TEST(CliInterrupt, SendsCancelThenCloses) {
  silent_server server;
  program p{"swill", {"--url", server.url(), "call", "swill.introspect"}};
  server.accept();
  const auto opening = read_request(server);
  EXPECT_EQ(opening.type, wire::request_type::message);

  p.interrupt();

  const auto second = read_request(server);
  EXPECT_EQ(second.type, wire::request_type::cancel);
  EXPECT_EQ(second.seq, opening.seq);
  EXPECT_EQ(server.read_frame().op, 8);
  EXPECT_EQ(p.finish().code, 130);
}

TEST(CliIntrospection, OfAServerThatNeverEndsItEnds) {
  silent_server server;
  program p{"swill", {"--url", server.url(), "ls"}};
  server.accept();
  const std::uint64_t seq = read_request(server).seq;
  ASSERT_LT(seq, 128U);
  const std::string record{"\x82\x06\x95\x01\x80\x00\xc0\xc0", 8}; // a frame of [seq, {}, MESSAGE, nil, nil]
  std::string some;
  for (int i = 0; i < 10'001; ++i) some += record;
  for (std::size_t at = 3; at < some.size(); at += record.size()) some[at] = static_cast<char>(seq);

  for (int i = 0; i < 10; ++i) server.write(some);

  const auto end = p.finish();
  EXPECT_EQ(end.code, 3);
  EXPECT_THAT(end.errors, HasSubstr("The server describes more than 100000 handlers"));
}

TEST(CliTimeout, IsAllThatASilentServerGets) {
  for (const std::vector<std::string>& verb : std::vector<std::vector<std::string>>{
           {"ls"}, {"call", "add", "[1,2]"}, {"stream", "swill.introspect"}, {"ping"}}) {
    silent_server server;
    std::vector<std::string> arguments{"--url", server.url(), "--timeout", "800ms"};
    arguments.insert(arguments.end(), verb.begin(), verb.end());
    program p{"swill", arguments};
    server.accept();
    const auto accepted = std::chrono::steady_clock::now();

    const auto end = p.finish();

    const auto took = std::chrono::steady_clock::now() - accepted;
    EXPECT_EQ(end.code, 6) << verb[0] << end.errors;
    EXPECT_THAT(end.errors, StartsWith("swill: error 408 ")) << verb[0];
    EXPECT_LT(took, patient(std::chrono::milliseconds{1400}))
        << verb[0]; // the close handshake would take as long again
  }
}

} // namespace
} // namespace swill::test
