#include "libswill/net/address.hpp"

#include <gtest/gtest.h>

namespace swill::net {
namespace {

TEST(ListenAddress, ReadsWhatItWrites) {
  for (const auto* text : {"127.0.0.1:8080", "0.0.0.0:0", "[::1]:65535", "[::]:1", "unix:/tmp/x.sock", "unix:relative"})
    EXPECT_EQ(listen_address::parse(text).text(), text);
  EXPECT_EQ(listen_address::parse("localhost:1").text(), "127.0.0.1:1");
}

TEST(ListenAddress, KnowsItsKind) {
  EXPECT_TRUE(listen_address::parse("[::1]:80").v6);
  EXPECT_FALSE(listen_address::parse("1.2.3.4:80").v6);
  EXPECT_TRUE(listen_address::parse("unix:/a:1").is_unix());
  EXPECT_EQ(listen_address::parse("1.2.3.4:80").port, 80);
}

TEST(ListenAddress, RefusesWhatIsNone) {
  for (const auto* text : {"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:8x",
                           "example.com:80", "::1:80", "[::1]", "[]:1", "[127.0.0.1]:1", "unix:", ":80", "1.2.3:80"})
    EXPECT_THROW(listen_address::parse(text), std::invalid_argument) << text;
  EXPECT_THROW(listen_address::parse("unix:" + std::string(108, 'x')), std::invalid_argument);
  EXPECT_NO_THROW(listen_address::parse("unix:" + std::string(107, 'x')));
  for (const std::string& text : {std::string("unix:a\0b", 8), std::string("unix:a\nb")}) {
    try {
      listen_address::parse(text);
      ADD_FAILURE() << text;
    } catch (const std::invalid_argument& e) {
      EXPECT_EQ(std::string{e.what()}.find_first_of("\n"), std::string::npos);
    }
  }
}

TEST(ListenAddress, IsOneOfAString) {
  const auto said_of = [](const char* text) -> std::string {
    try {
      listen_address::parse(text);
      return "";
    } catch (const std::invalid_argument& e) {
      return e.what();
    }
  };

  EXPECT_EQ(said_of("0.0.0.0:80,127.0.0.1:81"),
            "listen address '0.0.0.0:80,127.0.0.1:81': one string is one address; {\"0.0.0.0:80\", \"127.0.0.1:81\"} "
            "would be right");
  EXPECT_EQ(
      said_of("[::1]:80 [::1]:81"),
      "listen address '[::1]:80 [::1]:81': one string is one address; {\"[::1]:80\", \"[::1]:81\"} would be right");
  EXPECT_EQ(said_of("unix:/a,127.0.0.1:1"), "");
}

} // namespace
} // namespace swill::net
