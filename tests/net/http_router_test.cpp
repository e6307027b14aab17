#include "libswill/net/http/router.hpp"

#include "libswill/net/http/path.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace swill::net::http {
namespace {

class nobody final : public responder {
  void on_request(asked&&, std::shared_ptr<answer_port>) const override {}
};

TEST(HttpPath, IsDecodedOnce) {
  EXPECT_EQ(decoded_path("/"), "/");
  EXPECT_EQ(decoded_path("/a/b.txt?c=%2F"), "/a/b.txt");
  EXPECT_EQ(decoded_path("/a%20b/%C3%A4+%25"), "/a b/\u00e4+%");
  EXPECT_EQ(decoded_path("/a/"), "/a/");
  EXPECT_EQ(decoded_path("/a/..b/c.."), "/a/..b/c..");
  EXPECT_EQ(decoded_path("/%252e%252e/a"), "/%2e%2e/a"); // a name, if a strange one
}

TEST(HttpPath, IsNothingWhereItCanLeadNowhere) {
  for (const char* target :
       {"",        "a",      "*",         "?/",        "/%",     "/%4",       "/%4x",      "/%x4",
        "/a%2fb",  "/a%2Fb", "/a\\b",     "/a%5cb",    "/%00",   "/a%00.txt", "/%0a",      "/%7f",
        "/a//b",   "//a",    "//",        "/.",        "/..",    "/./a",      "/../a",     "/a/./b",
        "/a/../b", "/a/..",  "/a/.",      "/%2e%2e/a", "/%2E/a", "/.%2e/a",   "/a/%2e%2e", "/%c0%ae%c0%ae/a",
        "/%ff",    "/%c3",   "/%ed%a0%80"})
    EXPECT_FALSE(decoded_path(target)) << target;
}

TEST(HttpPath, IsEncodedForALocation) {
  EXPECT_EQ(encoded_path("/a b/\u00e4?#%\"<>"), "/a%20b/%C3%A4%3F%23%25%22%3C%3E");
  const std::string plain = "/-._~!$&'()*+,;=:@azAZ09";
  EXPECT_EQ(encoded_path(plain), plain);
  EXPECT_EQ(query_of("/a?b?c"), "b?c");
  EXPECT_EQ(query_of("/a"), "");
}

TEST(HttpRouter, PrefersTheLongestPath) {
  const auto to = std::make_shared<nobody>();
  const router r{{{.path = "/", .below = true, .to = to},
                  {.path = "/ws"},
                  {.path = "/static", .below = true, .to = to},
                  {.path = "/static/one", .to = to}}};
  const auto path_at = [&r](std::string_view target) {
    const auto match = r.find(target);
    return match.found != nullptr ? match.found->path : "none";
  };

  EXPECT_EQ(path_at("/"), "/");
  EXPECT_EQ(path_at("/ws?a=1"), "/ws");
  EXPECT_EQ(path_at("/%77s"), "/"); // an endpoint is what is written
  EXPECT_EQ(path_at("/static"), "/static");
  EXPECT_EQ(path_at("/st%61tic/a"), "/static");
  EXPECT_EQ(path_at("/statically"), "/");
  EXPECT_EQ(path_at("/static/one"), "/static/one");
  EXPECT_EQ(path_at("/static/one/more"), "/static");
  EXPECT_EQ(path_at("/static/../ws"), "none");
  EXPECT_EQ(r.find("/static/a%20b").path, "/static/a b");
  EXPECT_EQ(router{}.find("/").found, nullptr);
}

TEST(HttpRouter, KnowsWhatIsAbsent) {
  const auto to = std::make_shared<nobody>();
  const router r{{{.path = "/", .below = true, .to = to}, {.path = "/livez", .is_absent = true}}};

  for (const char* target : {"/livez", "/live%7a", "/livez?x"}) EXPECT_EQ(r.find(target).found, nullptr) << target;
  for (const char* target : {"/live", "/livez/", "/livez/a"}) EXPECT_NE(r.find(target).found, nullptr) << target;
}

TEST(HttpRouter, RefusesTwoOfOnePath) {
  EXPECT_THROW((router{{{.path = "/a"}, {.path = "/a", .to = std::make_shared<nobody>()}}}), std::invalid_argument);
  EXPECT_THROW((router{{{.path = "a"}}}), std::invalid_argument);
  EXPECT_THROW((router{{{.path = ""}}}), std::invalid_argument);
}

} // namespace
} // namespace swill::net::http
