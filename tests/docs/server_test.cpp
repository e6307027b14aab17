// The code of docs/server.md and docs/limits.md, compiled and run over a socket. See handlers_test.cpp.
#include "libswill/api/app.hpp"
#include "libswill/client/blocking_client.hpp"
#include "libswill/server/server.hpp"
#include "libswill/transport/statistics.hpp"
#include "tests/support/certificates.hpp"

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

TEST(ServerPage, IsTrueOfTls) {
  const swill::test::certificate_authority authority{"authority"};
  const auto own = authority.issue("shop", {"DNS:localhost"});
  const auto billing = authority.issue("billing");
  const std::string authority_file = authority.file();
  swill::app app;
  // [client_certificate]
  app.before_connection([](swill::connection& c) {
    const swill::peer_certificate* who = c.client_certificate();
    if (who != nullptr) c.set_user(who->subject); // "CN=billing"
  });
  // [/client_certificate]
  app.handle("whoami", [](swill::request<> r) { return r.context().connection().user(); });
  // [tls]
  swill::tls_server_options tls;
  tls.identities = {{own.certificate, own.key}}; // PEM files
  tls.client_authority = authority_file;         // who signs the certificates of clients, if they are to have any
  tls.clients = swill::client_certificates::optional;
  swill::server server{app, {.listen = {{"127.0.0.1:0", tls}, "127.0.0.1:0"}, .io_threads = 1}};
  // [/tls]
  server.start();

  swill::client_options o;
  o.tls.authority = authority_file;
  o.tls.server_name = "localhost";
  o.tls.identity = {billing.certificate, billing.key};
  swill::blocking_client by_tls{server.urls()[0], o};
  EXPECT_EQ(by_tls.call<std::string>("whoami"), "CN=billing");
  swill::blocking_client plain{server.urls()[1]};
  EXPECT_EQ(plain.call<std::string>("whoami"), "");
}

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
  const std::string url = server.urls().front();
  // [/embed]

  swill::blocking_client client{url};
  EXPECT_EQ(client.call<std::string>("ping"), "pong");
  EXPECT_EQ(numbers_of(server).rfind("1 open, 1 messages in, ", 0), 0U);
  // [stop]
  server.stop(); // lets open requests and answers finish for limits::drain_timeout, then closes all connections
  // [/stop]
}

} // namespace
