#include "libswill/client/options.hpp"

#include "tests/client/fixture.hpp"
#include "tests/support/certificates.hpp"

#include <gmock/gmock.h>

#include <thread>

namespace swill::test {
namespace {

using testing::HasSubstr;

/// A server by TLS that says who its client is.
class ClientTls : public testing::Test {
protected:
  ClientTls() {
    app_.set_log([](const log_entry&) {});
    app_.handle("whoami", [](request<> r) {
      const connection& c = r.context().connection();
      const peer_certificate* who = c.client_certificate();
      return std::string{c.is_tls() ? "tls " : "plain "} + (who != nullptr ? who->subject : "nobody");
    });
    app_.handle("echo", [](request<std::string> r) { return r.data(); });
    tls_server_options tls{.identities = {{own.certificate, own.key}}};
    tls.client_authority = authority.file();
    tls.clients = client_certificates::optional;
    server_ = std::make_unique<server>(app_, server_options{.listen = {{"127.0.0.1:0", tls}}, .io_threads = 1});
    server_->start();
  }

  client_options trusting() const {
    client_options o;
    o.tls.authority = authority.file();
    o.tls.server_name = "localhost";
    return o;
  }
  /// What it says, or the kind and text of the connect_error.
  std::string call(const client_options& o) const {
    try {
      return run([&]() -> task<std::string> {
        const client c = co_await client::connect(server_->urls().front(), o);
        co_return co_await c.call<std::string>("whoami");
      });
    } catch (const connect_error& e) {
      return (e.why == connect_error::kind::tls ? "tls: " : "another: ") + e.message;
    }
  }

  certificate_authority authority{"authority"};
  issued own = authority.issue("localhost", {"DNS:localhost"});
  app app_;
  std::unique_ptr<server> server_;
};

TEST_F(ClientTls, Calls) {
  EXPECT_THAT(server_->urls().front(), testing::StartsWith("wss://127.0.0.1:"));
  EXPECT_EQ(call(trusting()), "tls nobody");
}

TEST_F(ClientTls, CarriesLargeMessages) {
  const std::string large(900'000, 'x');
  const auto back = run([&]() -> task<std::string> {
    const client c = co_await client::connect(server_->urls().front(), trusting());
    co_return co_await c.call<std::string>("echo", large);
  });

  EXPECT_EQ(back, large);
}

TEST_F(ClientTls, ShowsItsCertificate) {
  const issued me = authority.issue("me");
  auto o = trusting();
  o.tls.identity = {me.certificate, me.key};

  EXPECT_EQ(call(o), "tls CN=me");
}

TEST_F(ClientTls, SaysWhyItDoesNotTrust) {
  auto o = trusting();
  o.tls.server_name.clear();
  EXPECT_EQ(call(o), "tls: TLS with 127.0.0.1 failed: its certificate is not trusted: IP address mismatch: "
                     "\"127.0.0.1\" was asked for, and it is the certificate of CN=localhost (DNS:localhost)");
  o = trusting();
  o.tls.authority.clear();
  EXPECT_THAT(call(o), HasSubstr("tls: TLS with 127.0.0.1 failed: its certificate is not trusted: "));
  o.tls.authority = "/no/file";
  EXPECT_THAT(call(o), HasSubstr("tls: TLS with 127.0.0.1 failed: \"/no/file\" cannot be read"));
}

TEST_F(ClientTls, SaysThatTheServerRefusesIt) {
  const certificate_authority other{"other"};
  const issued stranger = other.issue("stranger");
  auto o = trusting();
  o.tls.identity = {stranger.certificate, stranger.key};

  EXPECT_THAT(call(o), HasSubstr("tls: TLS with 127.0.0.1 failed: it refuses: "));
}

TEST_F(ClientTls, SaysThatTheServerSpeaksNone) {
  app a;
  server plain{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1}};
  plain.start();
  const std::string url = "wss://" + plain.addresses().front();
  try {
    run([&]() -> task<void> { const client c = co_await client::connect(url, trusting()); });
    ADD_FAILURE();
  } catch (const connect_error& e) {
    EXPECT_EQ(e.why, connect_error::kind::tls);
    EXPECT_THAT(e.message, HasSubstr("it does not speak TLS; a URL of ws:// may be right"));
  }
}

TEST_F(ClientTls, HearsOfTheServersEnd) {
  run([&]() -> task<void> {
    const client c = co_await client::connect(server_->urls().front(), trusting());
    std::thread stops{[&] { server_->stop(); }};
    const close_reason why = co_await c.closed();
    EXPECT_EQ(why.code, 1001);
    stops.join();
  });
}

} // namespace
} // namespace swill::test
