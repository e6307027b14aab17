#include "libswill/server/serve.hpp"

#include "tests/support/free_port.hpp"
#include "tests/support/raw_client.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace swill {
namespace {

using testing::HasSubstr;
using testing::Not;

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
                              ", where somebody listens already (end that program, or "
                              "choose another address): Address already in use\n"));
}

TEST(Serve, StartsNothingThatWouldHaveToEndWhereItCannotListen) {
  struct starting : plugin {
    bool has_started = false;
    void start(actors::runtime&) override { has_started = true; }
    void stop(std::function<void()> done) override { done(); }
  };
  app first, a;
  server other{first, {.listen = {"127.0.0.1:0"}, .io_threads = 1}};
  other.start();
  const auto p = a.use(std::make_shared<starting>());
  std::string lines;
  a.set_log([&lines](const log_entry& e) { lines += std::string{e.text} + "\n"; });

  EXPECT_THROW((server{a, {.listen = {other.addresses().front()}, .io_threads = 1}}.start()), std::system_error);

  EXPECT_FALSE(p->has_started);
  EXPECT_THAT(lines, Not(HasSubstr("drain")));
}

TEST(Serve, ListensWhereOneAddressSaysWithoutBraces) {
  app a;
  const std::string text = "127.0.0.1:0";
  for (const server_options& o :
       {server_options{.listen = "127.0.0.1:0", .io_threads = 1}, server_options{.listen = text, .io_threads = 1},
        server_options{.listen = listener{text}, .io_threads = 1}, server_options{.listen = {text}, .io_threads = 1}}) {
    server s{a, o};
    s.start();
    EXPECT_EQ(s.addresses().size(), 1U);
  }
  EXPECT_TRUE(server_options{.listen = {}}.listen.empty());
}

TEST(Serve, TakesAnInternalListenerWithTls) {
  const listener l = internal_listener("127.0.0.1:1", {.identities = {{"cert.pem", "key.pem"}}});
  EXPECT_TRUE(l.is_internal);
  ASSERT_TRUE(l.tls.has_value());
  EXPECT_EQ(l.tls->identities.front().key, "key.pem");
}

TEST(Serve, TakesAddressesThatAProgramHasRead) {
  const std::vector<std::string> read{"127.0.0.1:1", "127.0.0.1:2"};
  const server_options all{.listen = read};
  ASSERT_EQ(all.listen.size(), 2U);
  EXPECT_EQ(all.listen.back().address, "127.0.0.1:2");
  EXPECT_EQ(server_options{.listen = std::string_view{"127.0.0.1:3"}}.listen.front().address, "127.0.0.1:3");

  // Such as std::getenv() returns where nothing is set.
  const char* const nothing = nullptr;
  const server_options none{.listen = nothing};
  mistake_list wrong;
  check(none, wrong);
  ASSERT_FALSE(wrong.empty());
  EXPECT_EQ(wrong.all().front().path, "server_options.listen[0]");
}

TEST(Serve, RefusesWhoConnectsWhilePluginsStart) {
  struct looking : plugin {
    explicit looking(std::string a) : address(std::move(a)) {}
    void start(actors::runtime&) override {
      try {
        const test::raw_client early{address};
      } catch (const std::runtime_error& e) {
        met = e.what();
      }
    }
    void stop(std::function<void()> done) override { done(); }
    std::string address;
    std::string met;
  };
  const std::string address = "127.0.0.1:" + std::to_string(test::free_port());
  app a;
  const auto p = a.use(std::make_shared<looking>(address));
  server s{a, {.listen = {address}, .io_threads = 1}};

  s.start();

  EXPECT_THAT(p->met, HasSubstr("refused"));
  test::raw_client c{address};
  EXPECT_EQ(c.upgrade().status, 101);
}

TEST(Serve, SaysWhereItListens) {
  EXPECT_EQ(listening_line({"ws://127.0.0.1:8080/ws", "wss://[::1]:80/ws", "unix:/run/shop"}),
            "Swill listens on ws://127.0.0.1:8080/ws, wss://[::1]:80/ws, unix:/run/shop\n");
}

TEST(Serve, NamesInternalListenersAfterTheOthers) {
  EXPECT_EQ(listening_line({"ws://127.0.0.1:8080/ws"}, {"127.0.0.1:8081", "unix:/run/health"}),
            "Swill listens on ws://127.0.0.1:8080/ws, 127.0.0.1:8081 (internal), unix:/run/health (internal)\n");
  EXPECT_EQ(listening_line({}, {"127.0.0.1:8081"}), "Swill listens on 127.0.0.1:8081 (internal)\n");
}

TEST(Serve, PrintsItsInternalAddressesWithTheirPorts) {
  testing::internal::CaptureStdout();
  std::string address;
  const auto end = [&address](server& s) {
    address = s.internal_addresses().front();
    ::pthread_kill(::pthread_self(), SIGTERM); // which waits until the line is printed
  };

  EXPECT_EQ(serve(app{}, {.listen = {internal_listener("127.0.0.1:0")}, .io_threads = 1}, end), 0);

  EXPECT_THAT(address, Not(HasSubstr(":0")));
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "Swill listens on " + address + " (internal)\n");
}

TEST(Serve, PrintsNothingWhereItListensNowhere) { EXPECT_EQ(listening_line({}), ""); }

TEST(Serve, NamesAPathWhereThereIsSomethingElse) {
  const std::string path = testing::TempDir() + "swill-no-socket-" + std::to_string(::getpid());
  std::ofstream{path} << "precious";
  testing::internal::CaptureStderr();
  EXPECT_EQ(serve(app{}, {.listen = {"unix:" + path}, .io_threads = 1}), 1);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr(", where there is something that is no socket (remove it, or choose another path)"));
  std::string kept;
  std::ifstream in{path};
  std::getline(in, kept);
  EXPECT_EQ(kept, "precious");
  std::filesystem::remove(path);
}

TEST(Serve, CallsWhatWantsARunningServer) {
  app a;
  std::string address;
  testing::internal::CaptureStderr();
  const auto fails = [&address](server& s) {
    address = s.addresses().front();
    throw std::runtime_error("this will do");
  };
  EXPECT_EQ(serve(a, {.listen = {"127.0.0.1:0"}, .io_threads = 1}, fails), 1);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr(": this will do\n"));
  EXPECT_THAT(address, HasSubstr("127.0.0.1:"));
}

} // namespace
} // namespace swill
