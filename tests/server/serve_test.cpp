#include "libswill/server/serve.hpp"

#include <gmock/gmock.h>

#include <string>

namespace swill {
namespace {

using testing::HasSubstr;

TEST(Serve, SaysInOneLineWhyItCannotStart) {
  app a;
  server other{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1}};
  other.start();
  const std::string taken = other.addresses().front();

  testing::internal::CaptureStderr();
  const int code = serve(a, {.listen = {taken}, .io_threads = 1});
  const std::string said = testing::internal::GetCapturedStderr();

  EXPECT_EQ(code, 1);
  EXPECT_THAT(said, HasSubstr(": cannot listen on " + taken +
                              ", where another program listens (end that one, or "
                              "choose another address): Address already in use\n"));
}

TEST(Serve, SaysWhereItListens) {
  EXPECT_EQ(listening_line({"127.0.0.1:8080", "[::1]:80", "unix:/run/shop"}, "/ws"),
            "Swill listens on ws://127.0.0.1:8080/ws, ws://[::1]:80/ws, unix:/run/shop\n");
}

} // namespace
} // namespace swill
