#include "libswill/client/blocking_client.hpp"
#include "libswill/server/server.hpp"
#include "tests/server/calls.hpp"

// Uploads faster than their handlers, over sockets.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;

TEST(UploadOverSockets, FasterThanItsHandlerIsHeldBackAndLosesNothing) {
  logged_app a;
  std::size_t most = 0; // on the one I/O thread until the server has stopped
  a.handle("count",
           [&most](streaming_request<std::string> in) -> task<int> {
             int n = 0;
             while (co_await in.next()) {
               most = std::max(most, in.context().call().queued().held);
               if (++n % 200 == 0) co_await sleep_for(1ms);
             }
             co_return n;
           },
           {.queued_bytes = 64 * 1024});
  server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1}};
  s.start();
  {
    blocking_client c{"ws://127.0.0.1:" + std::to_string(s.port()) + "/ws"};
    auto upload = c.upload<std::string, int>("count");
    const std::string item(1000, 'x');

    for (int i = 0; i < 20'000; ++i) ASSERT_TRUE(upload.write(item)) << i; // more than the kernel takes

    EXPECT_EQ(upload.finish(), 20'000);
  }
  s.stop();
  EXPECT_GT(most, 60'000U);
  EXPECT_LT(most, 70'000U);
}

} // namespace
} // namespace swill
