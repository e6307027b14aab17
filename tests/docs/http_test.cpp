// The code of docs/http.md, compiled and run over a socket. See handlers_test.cpp.
#include "libswill/api/app.hpp"
#include "libswill/server/server.hpp"
#include "tests/support/raw_client.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace {

std::string body_of(const std::string& address, const std::string& path) {
  swill::test::raw_client c{address};
  c.send("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
  return c.read_response().body;
}

TEST(HttpPage, IsTrue) {
  char name[] = "/tmp/swill_page_XXXXXX";
  const std::string directory = ::mkdtemp(name);
  std::ofstream{directory + "/index.html"} << "<p>shop";
  std::filesystem::create_directory(directory + "/assets");
  std::ofstream{directory + "/assets/shop.js"} << "shop()";
  swill::app app;
  // [use]
  app.files("/", directory, {.fallback = "index.html"}); // a page, and what it needs
  app.files("/assets", directory + "/assets", {.cache_control = "max-age=31536000, immutable"}); // whose names change
  app.http("/version", [](const swill::http_request&) { return swill::http_response{.body = "7\n"}; });
  // [/use]

  // [listen]
  swill::server server{app, {.listen = {"127.0.0.1:0", swill::internal_listener("127.0.0.1:0")}, .health = true}};
  server.start();
  // [/listen]

  const std::string address = server.addresses().front();
  EXPECT_EQ(body_of(address, "/"), "<p>shop");
  EXPECT_EQ(body_of(address, "/orders/7"), "<p>shop");
  EXPECT_EQ(body_of(address, "/assets/shop.js"), "shop()");
  EXPECT_EQ(body_of(address, "/version"), "7\n");
  EXPECT_EQ(body_of(server.internal_addresses().front(), "/readyz"), "{\"ready\":true}\n");
  EXPECT_EQ(body_of(address, "/readyz"), "{\"ready\":true}\n");
  std::filesystem::remove_all(directory);
}

} // namespace
