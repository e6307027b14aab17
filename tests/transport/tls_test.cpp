#include "libswill/transport/listener.hpp"

#include "tests/support/certificates.hpp"
#include "tests/transport/fixture.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <thread>

// WebSockets over TLS, on real sockets. tests/net/tls_test.cpp has TLS without them.

namespace swill::test {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class TlsServer : public testing::Test {
protected:
  using changer = std::function<void(transport::server_settings&)>;

  std::function<void(transport::server_settings&)> by_tls(const changer& more = {}) const {
    return [=, this](transport::server_settings& s) {
      s.listen = {{"127.0.0.1:0", tls_server_options{.identities = {{own.certificate, own.key}}}}};
      if (more) more(s);
    };
  }
  tls_line::options trusting() const { return {.authority = authority.file()}; }
  raw_client secure(const test_server& s) const {
    raw_client c = s.connect();
    c.secure(trusting());
    return c;
  }
  raw_client open(const test_server& s) const {
    raw_client c = secure(s);
    if (c.upgrade().status != 101) throw std::runtime_error("upgrade refused");
    return c;
  }

  certificate_authority authority{"authority"};
  issued own = authority.issue("localhost", {"DNS:localhost"});
};

TEST_F(TlsServer, CarriesMessages) {
  std::atomic<bool> told{false};
  script does;
  test_server* server = nullptr;
  does.on_handshake = [&](const std::shared_ptr<handshake>& h) {
    told = h->request.tls;
    server->accept(*h);
  };
  test_server s{does, by_tls()};
  server = &s;
  auto c = open(s);

  c.send_message("hello");
  EXPECT_EQ(c.read_message(), "hello");

  EXPECT_TRUE(told);
  const auto stats = s.statistics();
  EXPECT_EQ(stats.tls_handshakes, 1U);
  EXPECT_EQ(stats.tls_resumed, 0U);
  EXPECT_GT(stats.tls_nanoseconds, 0U);
  EXPECT_EQ(stats.tls_failures, 0U);
  EXPECT_GT(stats.bytes_in, 100U);
  EXPECT_GT(stats.bytes_out, 100U);
}

TEST_F(TlsServer, CarriesMessagesOfManyRecords) {
  test_server s{{}, by_tls()};
  auto c = open(s);
  std::string large(1'000'000, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7);

  c.send_message(large);

  EXPECT_EQ(c.read_message(), large);
}

TEST_F(TlsServer, TakesItsInputHoweverItIsCut) {
  test_server s{{}, by_tls()};
  auto c = open(s);
  tls_line& line = const_cast<tls_line&>(c.tls());
  line.write(raw_client::encode(2, "one") + raw_client::encode(2, "two"));

  for (const char byte : line.take()) c.send_ciphertext({&byte, 1});

  EXPECT_EQ(c.read_message(), "one");
  EXPECT_EQ(c.read_message(), "two");
}

TEST_F(TlsServer, AnswersWhatCameBeforeThePeersEnd) {
  test_server s{{}, by_tls()};
  auto c = open(s);
  tls_line& line = const_cast<tls_line&>(c.tls());
  line.write(raw_client::encode(2, "last"));
  line.end();

  c.send_ciphertext(line.take());

  EXPECT_EQ(c.read_message(), "last");
  EXPECT_TRUE(c.at_end());
  EXPECT_TRUE(line.has_ended()) << "the server has said so, too";
}

TEST_F(TlsServer, AnswersManyThatCameBeforeThePeersEndAndItsCloseFrame) {
  constexpr int count = 1'000; // more than a turn takes
  test_server s{{}, by_tls()};
  auto c = open(s);
  tls_line& line = const_cast<tls_line&>(c.tls());
  for (int i = 0; i < count; ++i) line.write(raw_client::encode(2, std::to_string(i)));
  line.write(raw_client::close_frame(1000));
  line.end();

  c.send_ciphertext(line.take());

  for (int i = 0; i < count; ++i) ASSERT_EQ(c.read_message(), std::to_string(i));
  EXPECT_EQ(c.read_frame().close_code(), 1000);
  EXPECT_TRUE(c.at_end());
  ASSERT_TRUE(eventually([&] { return s.closed().size() == 1; }));
  EXPECT_EQ(s.closed()[0].code, 1000);
}

TEST_F(TlsServer, AnswersWhatCameWithTheRequestAndThePeersEnd) {
  test_server s{{}, by_tls()};
  auto c = secure(s);
  tls_line& line = const_cast<tls_line&>(c.tls());
  line.write(raw_client::upgrade_request());
  for (int i = 0; i < 20; ++i) line.write(raw_client::encode(2, std::to_string(i)));
  line.end();

  c.send_ciphertext(line.take());

  EXPECT_EQ(c.read_response().status, 101);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(c.read_message(), std::to_string(i));
  EXPECT_TRUE(c.at_end());
}

TEST_F(TlsServer, EndsByCloseNotify) {
  test_server s{{}, by_tls()};
  auto c = open(s);
  c.send_frame(8, raw_client::close_payload(1000));

  EXPECT_EQ(c.read_frame().close_code(), 1000);
  EXPECT_TRUE(c.at_end());
  EXPECT_TRUE(c.tls().has_ended());
}

TEST_F(TlsServer, WaitsForAPeerThatDoesNotRead) {
  script does;
  const std::string item(100'000, 'x');
  does.on_message = [&](message_port& port, bytes_view) {
    for (int i = 0; i < 100; ++i) send(port, item);
  };
  test_server s{does, by_tls([](auto& settings) { settings.kernel_unsent = 16 * 1024; })};
  auto c = open(s);

  c.send_message("all of it");
  ASSERT_TRUE(eventually([&] { return s.statistics().kept > 5'000'000; })) << "it waits, and is counted";

  for (int i = 0; i < 100; ++i) ASSERT_EQ(c.read_message(), item);
  EXPECT_TRUE(eventually([&] { return s.statistics().kept == 0; }));
}

TEST_F(TlsServer, RefusesByHttp) {
  test_server s{{}, by_tls()};
  auto c = secure(s);

  const auto r = c.upgrade({.path = "/elsewhere"});

  EXPECT_EQ(r.status, 404);
  EXPECT_TRUE(c.at_end());
  EXPECT_TRUE(c.tls().has_ended());
}

TEST_F(TlsServer, SaysWhoSpeaksNoTls) {
  test_server s{{}, by_tls()};
  auto c = s.connect();
  c.send(raw_client::upgrade_request());

  ASSERT_TRUE(eventually([&] { return !s.log().empty(); })); // which is written after the failure is counted
  EXPECT_EQ(s.statistics().tls_failures, 1U);
  EXPECT_THAT(s.log(),
              Contains("TLS with 127.0.0.1 failed: it speaks HTTP without TLS; wss:// or https:// would be right"));
  c.shut_down_sending();
  EXPECT_TRUE(eventually([&] { return s.statistics().open == 0; }));
}

TEST_F(TlsServer, SaysSoOnceASecond) {
  test_server s{{}, by_tls()};
  for (int i = 0; i < 50; ++i) s.connect().send("garbage, and enough of it");

  ASSERT_TRUE(eventually([&] { return s.statistics().tls_failures == 50; }));
  EXPECT_LE(s.log().size(), 10U);
}

TEST_F(TlsServer, TurnsAwayWhoNeverShakesHands) {
  test_server s{{}, by_tls([](auto& settings) { settings.limits.handshake_timeout = milliseconds{50}; })};
  auto silent = s.connect();
  auto slow = s.connect();
  slow.send_ciphertext(tls_line{trusting()}.take().substr(0, 100));

  EXPECT_TRUE(silent.at_end());
  EXPECT_TRUE(slow.at_end());
  EXPECT_EQ(s.statistics().turned_away, 2U);
}

TEST_F(TlsServer, EndsAConnectionWhoseRecordIsBroken) {
  test_server s{{}, by_tls()};
  auto c = open(s);
  c.send_ciphertext(std::string{"\x17\x03\x03\x00\x20", 5} + std::string(32, 'x'));

  ASSERT_TRUE(eventually([&] { return !s.closed().empty(); }));
  EXPECT_EQ(s.closed().front().code, 1006);
  EXPECT_EQ(s.statistics().tls_failures, 1U);
}

TEST_F(TlsServer, ShowsClientCertificatesToTheGate) {
  std::mutex mutex;
  std::string subject;
  script does;
  test_server* server = nullptr;
  does.on_handshake = [&](const std::shared_ptr<handshake>& h) {
    const std::lock_guard lock{mutex};
    subject = h->request.certificate->subject;
    server->accept(*h);
  };
  test_server s{does,
                by_tls([&](auto& settings) { settings.listen.front().tls->client_authority = authority.file(); })};
  server = &s;
  const issued me = authority.issue("me");
  auto c = s.connect();
  auto o = trusting();
  o.certificate = me.certificate;
  o.key = me.key;
  c.secure(o);

  EXPECT_EQ(c.upgrade().status, 101);
  const std::lock_guard lock{mutex};
  EXPECT_EQ(subject, "CN=me");
}

TEST_F(TlsServer, SaysWhichListenerHasReadWhichFilesAgain) {
  const issued other = authority.issue("other", {"DNS:localhost"}), next = authority.issue("next", {"DNS:localhost"});
  test_server s{{}, by_tls([&](auto& settings) {
                  settings.listen.push_back({"127.0.0.1:0", {.identities = {{other.certificate, other.key}}}});
                })};
  const std::string first = s.server().addresses()[0], second = s.server().addresses()[1];
  std::filesystem::rename(next.key, other.key);
  std::filesystem::rename(next.certificate, other.certificate);

  EXPECT_TRUE(s.server().reload());

  EXPECT_THAT(s.log(),
              ElementsAre("TLS files of " + first + " are read again; none has changed",
                          "TLS files of " + second + " are read again; new connections get what has changed: \"" +
                              other.certificate + "\", \"" + other.key + '"'));
}

TEST_F(TlsServer, SaysWhichListenerCannotUseItsFiles) {
  test_server s{{}, by_tls([](auto& settings) { settings.listen.front().tls->look_interval = milliseconds{20}; })};
  authority.write_file("localhost.pem", "half a certificate");

  ASSERT_TRUE(eventually([&] { return !s.log().empty(); }));
  EXPECT_THAT(s.log(),
              ElementsAre("TLS files of " + s.address() + " cannot be used, so what was read before stays: \"" +
                          own.certificate + "\" has no certificate in PEM that TLS could use"));
}

TEST_F(TlsServer, SaysWhichListenerHasACertificateThatIsTooOld) {
  const issued old = authority.issue("old", {}, std::chrono::seconds{-60});
  test_server s{{}, by_tls([&](auto& settings) {
                  settings.listen.front().tls->identities = {{old.certificate, old.key}};
                })};

  EXPECT_THAT(s.log(),
              ElementsAre("TLS files of " + s.address() + ": the certificate " + old.certificate + " has expired"));
}

TEST_F(TlsServer, GetsANewCertificateUnderLoad) {
  test_server s{{}, by_tls([](auto& settings) { settings.listen.front().tls->look_interval = milliseconds{20}; }), 2};
  std::atomic<bool> over{false};
  std::atomic<int> failed{0}, done{0};
  std::vector<std::thread> clients;
  auto staying = open(s);
  for (int i = 0; i < 2; ++i) {
    clients.emplace_back([&] {
      while (!over) {
        try {
          auto c = open(s);
          c.send_message("x");
          if (c.read_message() != "x") ++failed;
          ++done;
        } catch (const std::exception&) {
          ++failed;
        }
      }
    });
  }
  ASSERT_TRUE(eventually([&] { return done > 5; }));

  const issued next = authority.issue("next", {"DNS:localhost"});
  std::filesystem::rename(next.key, own.key);
  std::filesystem::rename(next.certificate, own.certificate);
  ASSERT_TRUE(eventually([&] { return secure(s).tls().server() == "next"; }));
  const int before = done;
  ASSERT_TRUE(eventually([&] { return done > before + 5; }));
  over = true;
  for (auto& t : clients) t.join();

  EXPECT_EQ(failed, 0);
  staying.send_message("still here");
  EXPECT_EQ(staying.read_message(), "still here");
}

} // namespace
} // namespace swill::test
