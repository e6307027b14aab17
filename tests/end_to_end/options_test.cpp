#include "tests/end_to_end/program.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

// What programs say of options that make no sense: all at once, by the names that they have on the command line.

namespace swill::test {
namespace {

using testing::HasSubstr;

program::ending ended(const std::string& name, const std::vector<std::string>& options) {
  return program{name, options}.finish();
}

TEST(Options, OfAGatewayThatMakeNoSenseAreToldByTheirNames) {
  const auto end = ended("swill-gateway",
                         {"--port", "0", "--nesting", "300", "--send-buffer", "0", "--path", "ws", "--default-deadline",
                          "60000", "--maximum-deadline", "30000", "--topic-conflate-by", "share"});
  EXPECT_EQ(end.code, 2);
  EXPECT_EQ(end.out, "");
  EXPECT_EQ(
      end.errors,
      "swill-gateway: --path: is \"ws\"; a path begins with a slash: \"/ws\" would be right\n"
      "--nesting: is 300; 2 to 256 would be right\n"
      "--send-buffer: is 0; 1 or more would be right\n"
      "--default-deadline: is 1 min, longer than --maximum-deadline (30 s); at most that would be right\n"
      "--topic-conflate-by: has no effect: overflow is not conflate; overflow::conflate would be right, or no field\n");
}

TEST(Options, OfAGatewayThatHaveNoEffectAreRefused) {
  EXPECT_THAT(ended("swill-gateway", {"--port", "0", "--workers-tls-cert", "a.pem"}).errors,
              HasSubstr("--workers-listen: is missing"));
  EXPECT_THAT(ended("swill-gateway", {"--port", "0", "--redis-prefix", "shop:"}).errors,
              HasSubstr("--redis-prefix: has no effect without --redis"));
}

TEST(Options, OfAWorkerThatMakeNoSenseAreToldByTheirNames) {
  const auto end = ended("swill-worker", {"--gateway", "127.0.0.1:1", "--tls-cert", "a.pem", "--prefix", "swill"});
  EXPECT_EQ(end.code, 2);
  EXPECT_THAT(end.errors,
              HasSubstr("--tls-cert, --tls-key and --tls-ca: certificate, key and authority belong together"));
  EXPECT_THAT(end.errors,
              HasSubstr("--prefix: names that begin with \"swill.\" are the library's; any other would be right"));
}

} // namespace
} // namespace swill::test
