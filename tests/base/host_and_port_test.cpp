#include "libswill/base/host_and_port.hpp"

#include <gtest/gtest.h>

namespace swill {
namespace {

/// The parts, each between bars; "-" for no port, "none" for what cannot be taken apart.
std::string parts_of(std::string_view text) {
  const auto parts = split_host_and_port(text);
  if (!parts) return "none";
  return std::string{parts->host} + "|" + std::string{parts->port.value_or("-")} + (parts->in_brackets ? "|v6" : "");
}

TEST(HostAndPort, TakesApart) {
  EXPECT_EQ(parts_of("host:80"), "host|80");
  EXPECT_EQ(parts_of("host"), "host|-");
  EXPECT_EQ(parts_of("host:"), "host|");
  EXPECT_EQ(parts_of(":80"), "|80");
  EXPECT_EQ(parts_of(""), "|-");
  EXPECT_EQ(parts_of("[::1]:80"), "::1|80|v6");
  EXPECT_EQ(parts_of("[::1]"), "::1|-|v6");
  EXPECT_EQ(parts_of("[]:80"), "|80|v6");
  EXPECT_EQ(parts_of("::1:80"), "::1|80"); // at the last colon
}

TEST(HostAndPort, RefusesBracketsThatAreNone) {
  EXPECT_EQ(parts_of("[::1:80"), "none");
  EXPECT_EQ(parts_of("[::1]80"), "none");
  EXPECT_EQ(parts_of("[::1]x:80"), "none");
  EXPECT_EQ(parts_of("["), "none");
}

TEST(HostAndPort, KnowsPorts) {
  EXPECT_EQ(port_number("0"), 0);
  EXPECT_EQ(port_number("65535"), 65535);
  for (const char* const text : {"", "65536", "-1", "+1", " 1", "1 ", "0x1", "http"})
    EXPECT_FALSE(port_number(text)) << text;
}

TEST(HostAndPort, KnowsWhatMayBeAHost) {
  for (const char* const text : {"localhost", "example.org", "10.0.0.1", "fe80::1%eth0", "a_b-c"})
    EXPECT_TRUE(may_be_host(text)) << text;
  for (const char* const text : {"", "a b", "a/b", "a@b", "[::1]", "b\xc3\xbc"})
    EXPECT_FALSE(may_be_host(text)) << text;
}

TEST(HostAndPort, PutsTogether) {
  EXPECT_EQ(host_and_port("host", "80"), "host:80");
  EXPECT_EQ(host_and_port("::1", "80"), "[::1]:80");
}

} // namespace
} // namespace swill
