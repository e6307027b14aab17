#include "tests/end_to_end/program.hpp"
#include "tests/support/raw_client.hpp"

#include <gmock/gmock.h>

#include <unistd.h>

// The page at /playground: who has it, and what it comes with. What it does is tested in a browser, by clients/playground.

namespace swill::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// A gateway with these options, and what it answers at a path.
class served_page {
public:
  explicit served_page(const std::vector<std::string>& options) : gateway_{"swill-gateway", options} {
    const std::string url = read_urls(gateway_).front();
    address_ = url.substr(url.find("://") + 3);
    address_.resize(address_.find('/'));
  }
  raw_client::response get(const std::string& more = {}, const std::string& path = "/playground") const {
    raw_client c{address_};
    c.send("GET " + path + " HTTP/1.1\r\nHost: x\r\n" + more + "\r\n");
    return c.read_response();
  }
  const std::string& address() const noexcept { return address_; }
  program& gateway() noexcept { return gateway_; }

private:
  program gateway_;
  std::string address_;
};

const std::vector<std::string> loopback{"--listen", "127.0.0.1:0"};

TEST(Playground, IsThereOnLoopbackAndItsAddressIsPrinted) {
  for (const auto& options : {loopback, std::vector<std::string>{"--listen", "[::1]:0"},
                              with(loopback, {"--internal-listen", "0.0.0.0:0"})}) {
    served_page served{options};

    EXPECT_EQ(served.gateway().read_line(), "Its playground is at http://" + served.address() + "/playground");
    const auto page = served.get();
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.header("Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(page.header("Content-Encoding"), "");
    EXPECT_THAT(page.body, StartsWith("<!doctype html>"));
    EXPECT_EQ(served.get({}, "/playground/").status, 404);
  }
}

TEST(Playground, IsNotThereWhereOthersMayReachIt) {
  const std::string socket = "unix:/tmp/swill-playground-" + std::to_string(::getpid());
  for (const auto& more : {std::vector<std::string>{"--listen", "0.0.0.0:0"},
                           {"--listen", "[::]:0"},
                           {"--listen", socket},
                           {"--trust-forwarded-for"},
                           {"--trust-forwarded-proto"},
                           {"--playground=off"}}) {
    served_page served{with(loopback, more)};

    EXPECT_EQ(served.get().status, 404) << more.back();
    served.gateway().interrupt();
    EXPECT_EQ(served.gateway().finish().out, "") << more.back();
  }
}

TEST(Playground, LeavesItsPathToOthers) {
  served_page endpoint{with(loopback, {"--path", "/playground"})};
  EXPECT_EQ(endpoint.get().status, 426);
  served_page files{with(loopback, {"--static", "/playground=/etc"})};
  EXPECT_EQ(files.get({}, "/playground/passwd").status, 200);

  const auto both = program("swill-gateway", with(loopback, {"--path", "/playground", "--playground"})).finish();
  EXPECT_EQ(both.code, 2);
  EXPECT_THAT(both.errors, testing::HasSubstr("--playground: --path has /playground already"));
}

TEST(Playground, IsNotSwitchedOnByNothing) {
  const auto empty = program("swill-gateway", with(loopback, {"--playground="})).finish();

  EXPECT_EQ(empty.code, 2);
  EXPECT_THAT(empty.errors, testing::HasSubstr("--playground: is empty; a value would be right, or no such option"));
}

TEST(Playground, IsThereWhereItIsAskedFor) {
  served_page served{{"--listen", "0.0.0.0:0", "--playground"}};

  EXPECT_EQ(served.gateway().read_line(), "Its playground is at http://" + served.address() + "/playground");
  EXPECT_EQ(served.get().status, 200);
}

TEST(Playground, ComesPackedToWhoTakesThat) {
  served_page served{loopback};

  const auto packed = served.get("Accept-Encoding: br, gzip\r\n");

  EXPECT_EQ(packed.header("Content-Encoding"), "gzip");
  EXPECT_EQ(packed.header("Vary"), "Accept-Encoding");
  EXPECT_THAT(packed.body, StartsWith("\x1f\x8b"));
  const auto plain = served.get();
  EXPECT_LT(packed.body.size(), plain.body.size() / 2);
  EXPECT_NE(packed.header("ETag"), plain.header("ETag"));
}

TEST(Playground, IsNotSentAgainToWhoHasIt) {
  served_page served{loopback};
  const std::string tag = served.get().header("ETag");

  const auto again = served.get("If-None-Match: " + tag + "\r\n");

  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(served.get("If-None-Match: \"other\"\r\n").status, 200);
}

TEST(Playground, MayRunItsOwnScriptAloneAndSpeakToItsOwnServerAlone) {
  served_page served{loopback};

  const auto page = served.get();
  const std::string policy = page.header("Content-Security-Policy");

  EXPECT_THAT(policy, StartsWith("default-src 'none'; script-src 'sha256-"));
  EXPECT_THAT(policy, HasSubstr("; style-src 'sha256-"));
  EXPECT_THAT(policy, HasSubstr("; connect-src 'self';"));
  EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
  EXPECT_THAT(policy, HasSubstr("require-trusted-types-for 'script'"));
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_EQ(page.header("X-Frame-Options"), "DENY");
  EXPECT_EQ(page.header("X-Content-Type-Options"), "nosniff");
}

TEST(Playground, SaysWhereTheEndpointIs) {
  served_page served{with(loopback, {"--path", "/rpc"})};

  EXPECT_EQ(served.gateway().read_line(), "Its playground is at http://" + served.address() + "/playground");
  EXPECT_EQ(served.get().header("Swill-Endpoint"), "/rpc");
}

} // namespace
} // namespace swill::test
