#include "tests/end_to_end/program.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/free_port.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <sstream>

// A gateway by TLS, and programs of others that connect to it.

namespace swill::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// Where that program is; empty when it is missing.
std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream directories{(path != nullptr ? std::string{path} : std::string{}) + ":/usr/bin:/usr/sbin"};
  for (std::string directory; std::getline(directories, directory, ':');) {
    if (const auto at = directory + '/' + name; std::filesystem::exists(at)) return at;
  }
  return {};
}

class TlsPeers : public testing::Test {
protected:
  TlsPeers() {
    std::filesystem::create_directory(site);
    authority.write_file("site/hello.txt", "hello over TLS\n");
    gateway.emplace("swill-gateway", std::vector<std::string>{"--listen-tls", "127.0.0.1:0", "--listen-tls-cert",
                                                              own.certificate, "--listen-tls-key", own.key,
                                                              "--io-threads", "1", "--static", "/=" + site});
    url = read_urls(*gateway).front();
    place = url.substr(url.find("//") + 2);
    place = place.substr(0, place.find('/'));
  }

  /// Runs a program of others to its end.
  static program::ending run(const std::string& path, const std::vector<std::string>& arguments,
                             std::string_view input = {}) {
    program p{path, arguments};
    if (!input.empty()) p.write(input);
    return p.finish();
  }
  program::ending call(const std::string& to) const {
    std::vector<std::string> all{"--url", to, "call", "math.add", "[1, 2]"};
    if (to.starts_with("wss:")) all.insert(all.begin(), {"--tls-ca", authority.file()});
    return run_cli(all);
  }

  certificate_authority authority{"authority"};
  issued own = authority.issue("own", {"IP:127.0.0.1", "DNS:gateway.test"});
  std::string site = std::filesystem::path{authority.file()}.parent_path() / "site";
  std::optional<program> gateway;
  std::string url;   ///< wss://
  std::string place; ///< its host and port
};

TEST_F(TlsPeers, CurlGetsFilesAndAnUpgrade) {
  const std::string curl = find_program("curl");
  if (curl.empty()) GTEST_SKIP() << "curl is missing";
  const std::vector<std::string> trusting{"--silent", "--show-error", "--max-time", "10", "--cacert", authority.file()};
  const auto with = [&trusting](std::vector<std::string> more) {
    more.insert(more.begin(), trusting.begin(), trusting.end());
    return more;
  };

  // It offers HTTP/2 first.
  const auto files = run(curl, with({"--include", "https://" + place + "/hello.txt", "https://" + place + "/nothing"}));
  EXPECT_THAT(files.out, StartsWith("HTTP/1.1 200 OK\r\n")) << files.errors;
  EXPECT_THAT(files.out, HasSubstr("hello over TLS\n"));
  EXPECT_THAT(files.out, HasSubstr("HTTP/1.1 404 Not Found\r\n"));
  for (const char* version : {"1.2", "1.3"}) {
    const auto one =
        run(curl, with({std::string{"--tlsv"} + version, "--tls-max", version, "https://" + place + "/hello.txt"}));
    EXPECT_EQ(one.out, "hello over TLS\n") << version << one.errors;
  }
  const auto upgrade = run(curl, with({"--include", "--max-time", "1", "--header", "Connection: Upgrade", "--header",
                                       "Upgrade: websocket", "--header", "Sec-WebSocket-Version: 13", "--header",
                                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "--header",
                                       "Sec-WebSocket-Protocol: swill.v1", "--http1.1", "https://" + place + "/ws"}));
  EXPECT_THAT(upgrade.out, HasSubstr("HTTP/1.1 101 Switching Protocols\r\n")) << upgrade.errors;
  EXPECT_THAT(upgrade.out, HasSubstr("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")); // RFC 6455 §1.3

  const auto untrusting =
      run(curl, {"--silent", "--show-error", "--max-time", "10", "https://" + place + "/hello.txt"});
  EXPECT_EQ(untrusting.code, 60) << untrusting.errors; // the certificate cannot be trusted
  EXPECT_EQ(call(url).out, "3\n");
}

TEST_F(TlsPeers, OpensslGetsAFileUpdatesKeysAndMayNotRenegotiate) {
  const std::string openssl = find_program("openssl");
  if (openssl.empty()) GTEST_SKIP() << "openssl is missing";
  const std::vector<std::string> trusting{
      "s_client",   "-connect",  place,         "-CAfile",     authority.file(), "-verify_return_error",
      "-verify_ip", "127.0.0.1", "-servername", "gateway.test"};
  const auto with = [&trusting](std::vector<std::string> more) {
    more.insert(more.begin(), trusting.begin(), trusting.end());
    return more;
  };
  const std::string get = "GET /hello.txt HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n";

  for (const char* version : {"-tls1_2", "-tls1_3"}) {
    const auto file = run(openssl, with({version, "-alpn", "h2,http/1.1", "-quiet"}), get);
    EXPECT_THAT(file.out, StartsWith("HTTP/1.1 200 OK\r\n")) << version << file.errors;
    EXPECT_THAT(file.out, HasSubstr("\r\n\r\nhello over TLS\n"));
  }
  for (const char* version : {"-tls1", "-tls1_1"})
    EXPECT_NE(run(openssl, with({version, "-cipher", "DEFAULT@SECLEVEL=0"}), get).code, 0) << version;

  // It takes a line of one letter for a command, when that is all that it reads at once.
  const auto read_until = [](program& client, const std::string& text) {
    while (client.read_line().find(text) == std::string::npos) continue;
  };
  { // New keys in both directions.
    program client{openssl, with({"-tls1_3"})};
    read_until(client, "Verify return code: 0");
    client.write("K\n");
    for (std::string said; said.find("KEYUPDATE") == std::string::npos;) said += client.read_errors();
    client.write(get);
    read_until(client, "HTTP/1.1 200 OK");
    read_until(client, "hello over TLS");
  }
  {
    program client{openssl, with({"-tls1_2"})};
    read_until(client, "Verify return code: 0");
    client.write("R\n");
    EXPECT_THAT(client.wait().errors, HasSubstr("no renegotiation"));
  }
  EXPECT_EQ(call(url).out, "3\n");
}

TEST_F(TlsPeers, NginxPassesWebSocketsAndFilesOnToAGatewayThatItVerifies) {
  const std::string nginx = find_program("nginx");
  if (nginx.empty()) GTEST_SKIP() << "nginx is missing";
  const std::string curl = find_program("curl");
  if (curl.empty()) GTEST_SKIP() << "curl is missing";
  const std::string top = std::filesystem::path{authority.file()}.parent_path();
  const certificate_authority stranger{"stranger"};
  const std::string trusting = "127.0.0.1:" + std::to_string(free_port());
  const std::string untrusting = "127.0.0.1:" + std::to_string(free_port());
  // Both know the gateway by one address, and would share what they resume.
  const auto server = [&](const std::string& where, const std::string& trusted, const std::string& resumes) {
    return "server { listen " + where + "; location / { proxy_pass https://" + place +
           "; proxy_ssl_verify on; proxy_ssl_session_reuse " + resumes +
           "; proxy_ssl_name gateway.test; proxy_ssl_server_name on; "
           "proxy_ssl_protocols TLSv1.2 TLSv1.3; proxy_ssl_trusted_certificate " +
           trusted +
           "; proxy_http_version 1.1; proxy_set_header Host $http_host; proxy_set_header Upgrade $http_upgrade; "
           "proxy_set_header Connection $connection_upgrade; } }\n";
  };
  std::string configuration = "daemon off; master_process off; pid TOP/nginx.pid; error_log TOP/nginx.log;\n"
                              "events { worker_connections 64; }\nhttp { access_log off;\n"
                              "client_body_temp_path TOP; proxy_temp_path TOP; fastcgi_temp_path TOP;\n"
                              "uwsgi_temp_path TOP; scgi_temp_path TOP;\n"
                              "map $http_upgrade $connection_upgrade { default upgrade; '' close; }\n";
  for (std::size_t at = 0; (at = configuration.find("TOP")) != std::string::npos;) configuration.replace(at, 3, top);
  configuration += server(trusting, authority.file(), "on") + server(untrusting, stranger.file(), "off") + "}\n";
  program proxy{nginx, {"-c", authority.write_file("nginx.conf", configuration)}};
  const auto get = [&](const std::string& from, std::vector<std::string> more = {}) {
    more.insert(more.end(),
                {"--silent", "--show-error", "--include", "--max-time", "10", "http://" + from + "/hello.txt"});
    return run(curl, more);
  };

  // Until nginx listens.
  const auto file =
      get(trusting, {"--retry", "50", "--retry-connrefused", "--retry-delay", "0", "--retry-max-time", "15"});
  EXPECT_THAT(file.out, StartsWith("HTTP/1.1 200 OK\r\n")) << file.errors;
  EXPECT_THAT(file.out, HasSubstr("hello over TLS\n"));
  for (int i = 0; i < 3; ++i) { // the later ones resume the session that nginx has kept
    const auto end = call("ws://" + trusting + "/ws");
    EXPECT_EQ(end.out, "3\n") << end.errors;
  }
  std::string lines;
  for (int i = 0; i < 5'000; ++i) lines += "\"line " + std::to_string(i) + "\"\n";
  const auto echoed = run_cli({"--url", "ws://" + trusting + "/ws", "stream", "chat.echo"}, lines);
  EXPECT_TRUE(echoed.out == lines) << echoed.errors << echoed.out.substr(0, 200);

  EXPECT_THAT(get(untrusting).out, StartsWith("HTTP/1.1 502 Bad Gateway\r\n"));
  EXPECT_THAT(call("ws://" + untrusting + "/ws").errors, HasSubstr("502"));
}

} // namespace
} // namespace swill::test
