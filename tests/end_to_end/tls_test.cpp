#include "tests/end_to_end/program.hpp"
#include "tests/support/certificates.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

// A gateway by TLS, and who connects to it.

namespace swill::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class TlsPrograms : public testing::Test {
protected:
  std::vector<std::string> with_tls(std::vector<std::string> more = {}) const {
    std::vector<std::string> all{"--listen-tls",     "127.0.0.1:0", "--listen-tls-cert", own.certificate,
                                 "--listen-tls-key", own.key,       "--io-threads",      "1"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  program::ending call(const std::string& url, std::vector<std::string> more = {}) const {
    std::vector<std::string> all{"--url", url};
    if (url.starts_with("wss:")) all.insert(all.end(), {"--tls-ca", authority.file()});
    all.insert(all.end(), more.begin(), more.end());
    all.insert(all.end(), {"call", "math.add", "[1, 2]"});
    return run_cli(all);
  }

  certificate_authority authority{"authority"};
  issued own = authority.issue("own", {"IP:127.0.0.1"});
};

TEST_F(TlsPrograms, CallEachOther) {
  program gateway{"swill-gateway", with_tls({"--listen", "127.0.0.1:0"})};
  const auto urls = read_urls(gateway);

  ASSERT_THAT(urls, ElementsAre(StartsWith("ws://127.0.0.1:"), StartsWith("wss://127.0.0.1:")));
  for (const std::string& url : urls) EXPECT_EQ(call(url).out, "3\n") << url;
  // The environment may have files for wss:// alone, here one that is not there.
  ASSERT_EQ(::setenv("SWILL_CLIENT_TLS_CA", "/no/file", 1), 0);
  EXPECT_EQ(run_cli({"--url", urls[0], "call", "math.add", "[1, 2]"}).out, "3\n");
  EXPECT_EQ(run_cli({"--url", urls[1], "call", "math.add", "[1, 2]"}).code, 1);
  ::unsetenv("SWILL_CLIENT_TLS_CA");
}

TEST_F(TlsPrograms, SayWhatIsWrongBetweenThem) {
  program gateway{"swill-gateway", with_tls({"--listen-tls-client-ca", authority.file()})};
  const std::string url = read_urls(gateway).front();
  const issued me = authority.issue("me");

  const auto without = call(url);
  EXPECT_EQ(without.code, 2);
  EXPECT_THAT(without.errors, HasSubstr("TLS with 127.0.0.1 failed: it refuses: "));
  EXPECT_EQ(call(url, {"--tls-cert", me.certificate, "--tls-key", me.key}).out, "3\n");
  const auto untrusting = run_cli({"--url", url, "call", "math.add", "[1, 2]"});
  EXPECT_THAT(untrusting.errors, StartsWith("swill: TLS with 127.0.0.1 failed: its certificate is not trusted: "));
  EXPECT_THAT(untrusting.errors, HasSubstr(" (without --tls-ca FILE, the system's authorities are trusted)\n"));
  const auto half = call(url, {"--tls-cert", me.certificate});
  EXPECT_THAT(half.errors, StartsWith("swill: --tls-cert and --tls-key belong together\n"));
  const auto nowhere = run_cli({"--url", url, "--tls-ca", "/no/file", "ls"});
  EXPECT_EQ(nowhere.code, 1);
  EXPECT_THAT(nowhere.errors, StartsWith("swill: --tls-ca: \"/no/file\" cannot be read: No such file or directory\n"));
  for (const std::string bad : {"a.test:443", "wss://a.test", "a test"}) {
    const auto end = run_cli({"--url", url, "--tls-server-name", bad, "ls"});
    EXPECT_EQ(end.code, 1);
    EXPECT_THAT(end.errors,
                StartsWith("swill: --tls-server-name: is \"" + bad + "\"; a name or an address would be right"));
  }
}

TEST_F(TlsPrograms, SayWhichSchemeTheServerSpeaks) {
  program gateway{"swill-gateway", with_tls({"--listen", "127.0.0.1:0"})};
  const auto urls = read_urls(gateway);
  const auto said = [](const std::string& scheme, const std::string& url) {
    return run_cli({"--url", scheme + url.substr(url.find(':')), "ls"}).errors;
  };

  EXPECT_THAT(said("wss", urls[0]), StartsWith("swill: TLS with 127.0.0.1 failed: it does not speak TLS; a URL of "
                                               "ws:// may be right\n"));
  EXPECT_THAT(said("ws", urls[1]), HasSubstr("a URL of wss:// is right\n"));
}

TEST_F(TlsPrograms, TakeACertificateOfTheNameThatTheyAreTold) {
  const issued named = authority.issue("named", {"DNS:gateway.test"});
  program gateway{
      "swill-gateway",
      {"--listen-tls", "127.0.0.1:0", "--listen-tls-cert", named.certificate, "--listen-tls-key", named.key}};
  const std::string url = read_urls(gateway).front();

  EXPECT_EQ(call(url, {"--tls-server-name", "gateway.test"}).out, "3\n");
  const auto without = call(url);
  EXPECT_EQ(without.code, 2);
  EXPECT_THAT(without.errors,
              HasSubstr("--tls-server-name NAME says which name it must have, instead of the URL's host"));
  const auto other = call(url, {"--tls-server-name", "other.test"});
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.errors, HasSubstr("CN=named (DNS:gateway.test) (--tls-server-name is other.test)"));
}

TEST_F(TlsPrograms, AreRefusedWhatDoesNotFit) {
  const auto said = [](const std::vector<std::string>& given) {
    program gateway{"swill-gateway", given};
    const auto end = gateway.finish();
    EXPECT_EQ(end.code, 2);
    return end.errors;
  };

  EXPECT_EQ(said({"--listen-tls-cert", own.certificate}),
            "swill-gateway: --listen-tls-cert: has no effect without --listen-tls\n");
  EXPECT_EQ(said({"--listen-tls", "127.0.0.1:0", "--listen-tls-cert", own.certificate}),
            "swill-gateway: --listen-tls-key: each --listen-tls-cert needs its own, in the same order\n");
  EXPECT_EQ(said({"--listen-tls", "127.0.0.1:0", "--listen-tls-cert", "/no/file", "--listen-tls-key", own.key}),
            "swill-gateway: --listen-tls-cert and --listen-tls-key: \"/no/file\" cannot be read: No such file or "
            "directory\n");
  EXPECT_EQ(said(with_tls({"--listen-tls-client-optional"})),
            "swill-gateway: --listen-tls-client-optional: has no effect without --listen-tls-client-ca\n");
  EXPECT_EQ(said({"--redis-tls-ca", authority.file(), "--redis", "redis://h"}),
            "swill-gateway: --redis-tls-ca: has no effect without --redis rediss://…\n");
  EXPECT_EQ(said({"--redis-tls-server-name", "redis.test", "--redis", "redis://h"}),
            "swill-gateway: --redis-tls-server-name: has no effect without --redis rediss://…\n");
}

TEST_F(TlsPrograms, ReadTheirFilesAgainAtSighup) {
  program gateway{"swill-gateway", with_tls()};
  const std::string url = read_urls(gateway).front();
  const certificate_authority later{"later"};
  const issued next = later.issue("next", {"IP:127.0.0.1"});
  std::filesystem::copy_file(next.certificate, own.certificate, std::filesystem::copy_options::overwrite_existing);
  std::filesystem::copy_file(next.key, own.key, std::filesystem::copy_options::overwrite_existing);

  gateway.signal(SIGHUP);
  std::string log;
  for (int reads = 0; reads < 100 && log.find("read again") == std::string::npos; ++reads) log += gateway.read_errors();
  EXPECT_THAT(log, HasSubstr("info TLS files of 127.0.0.1:"));
  EXPECT_THAT(log, HasSubstr(" are read again; new connections get what has changed: \"" + own.certificate + "\", \"" +
                             own.key + "\" room=transport"));

  EXPECT_THAT(call(url).errors, HasSubstr("its certificate is not trusted: "));
  EXPECT_EQ(run_cli({"--url", url, "--tls-ca", later.file(), "call", "math.add", "[1, 2]"}).out, "3\n");
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.finish().code, 0);
}

} // namespace
} // namespace swill::test
