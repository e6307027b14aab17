#include "libswill/redis/client.hpp"

#include "libswill/redis/outage_log.hpp"
#include "tests/redis/fixture.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/free_port.hpp"

#include <gmock/gmock.h>

// redis-server by TLS, on a port of its own.

namespace swill::redis {
namespace {

using test::redis_server;
using testing::HasSubstr;

class RedisTls : public testing::Test {
protected:
  options address() const {
    options o = *options::parse("rediss://localhost:" + std::to_string(port));
    o.tls->authority = authority.file();
    o.look_up = [](const std::string& name) { return std::vector{"127.0.0.1" + name.substr(name.rfind(':'))}; };
    return o;
  }

  test::certificate_authority authority{"authority"};
  test::issued own = authority.issue("localhost", {"DNS:localhost"});
  std::uint16_t port = test::free_port();
  redis_server server{{.more = {"--tls-port", std::to_string(port), "--tls-cert-file", own.certificate,
                                "--tls-key-file", own.key, "--tls-ca-cert-file", authority.file()}}};
  loop_thread t;
};

TEST_F(RedisTls, AsksAndIsAnswered) {
  auto o = address();
  const auto me = authority.issue("me");
  o.tls->identity = {me.certificate, me.key};
  driven_client c{t, o};
  const std::string large(300'000, 'x');

  EXPECT_EQ(c.up().ask({"SET", "a", large}), "OK");
  EXPECT_EQ(c.ask({"GET", "a"}), large);
}

TEST_F(RedisTls, SaysWhyItIsNotUp) {
  const test::certificate_authority other{"other"};
  auto o = address();
  o.tls->authority = other.file();
  driven_client c{t, o};

  EXPECT_FALSE(c.states.take());
  EXPECT_EQ(c.code_of({"GET", "a"}), 503);
}

TEST(RedisOptions, TellTls) {
  const auto o = options::parse("rediss://ann:pass@example.org");
  ASSERT_TRUE(o);
  EXPECT_TRUE(o->tls);
  EXPECT_EQ(o->text(), "rediss://example.org:6379/0");
  EXPECT_FALSE(options::parse("redis://example.org")->tls);

  mistake_list found;
  auto bad = *o;
  bad.tls->authority = "/no/file";
  check(bad, found);
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.all().front().path, "redis.tls.authority");
}

} // namespace
} // namespace swill::redis
