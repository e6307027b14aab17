#include "libswill/client/blocking_client.hpp"
#include "tests/end_to_end/program.hpp"
#include "tests/support/patience.hpp"
#include "tests/support/raw_client.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

// What a gateway makes of its surroundings: signals, descriptors that are closed, a log that nobody reads, few descriptors.

namespace swill::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// The first address of a gateway that has just started.
std::string url_of(program& gateway) { return read_urls(gateway).at(0); }

int sum_at(const std::string& url) { return blocking_client{url}.call<int>("math.add", std::pair{1, 2}); }

std::unique_ptr<program> gateway_in_shell(const std::string& before, const std::string& after = {}) {
  const std::string command =
      before + " exec '" + program_directory() + "/swill-gateway' --port 0 --io-threads 1 " + after;
  return std::make_unique<program>("/bin/sh", std::vector<std::string>{"-c", command});
}

TEST(Signals, OnlyThoseThatEndItDo) {
  program gateway{"swill-gateway", {"--port", "0"}};
  const std::string url = url_of(gateway);

  std::string log;
  for (const int s : {SIGUSR1, SIGUSR2, SIGPIPE, SIGHUP}) gateway.signal(s);
  while (log.find("SIGHUP") == std::string::npos) {
    const std::string more = gateway.read_errors();
    ASSERT_NE(more, "") << "it has ended";
    log += more;
  }
  gateway.signal(SIGHUP);
  EXPECT_EQ(sum_at(url), 3);
  gateway.signal(SIGTERM);
  const auto end = gateway.finish();

  EXPECT_EQ(end.code, 0);
  EXPECT_THAT(log, HasSubstr("info SIGHUP: there is nothing to reload room=server\n"));
  EXPECT_THAT(end.errors, testing::MatchesRegex(".* info SIGTERM: the server stops room=server\n"
                                                ".* info draining 0 connections with 0 open requests.*\n"
                                                ".* info drained in .* s room=actors\n"
                                                ".* info the server has stopped room=server\n"));
}

TEST(Signals, InterruptEndsASubscriptionAtOnce) {
  program gateway{"swill-gateway", {"--port", "0"}};
  blocking_client client{url_of(gateway)};
  auto inbox = client.stream<value>("swill.inbox", value{});
  EXPECT_EQ(client.call<int>("math.add", std::pair{1, 2}), 3);

  const auto before = std::chrono::steady_clock::now();
  gateway.interrupt();
  EXPECT_THROW(inbox.next(), std::exception);
  const auto end = gateway.finish();

  EXPECT_EQ(end.code, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - before, patient(3s)); // not the five of drain_timeout
}

/// How long a gateway takes to end when it is told to, having logged a line.
std::chrono::steady_clock::duration time_to_end(program& gateway) {
  const std::string url = url_of(gateway);
  gateway.signal(SIGHUP); // logs a line
  EXPECT_EQ(sum_at(url), 3);
  const auto before = std::chrono::steady_clock::now();
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.wait().code, 0);
  return std::chrono::steady_clock::now() - before;
}

TEST(Log, ThatNobodyReadsHoldsNothingUp) {
  const auto is_as_quick = [] { // but for what waits for the log, less than a second
    const auto has_room = gateway_in_shell("");
    const auto is_full = gateway_in_shell("head -c 65536 /dev/zero >&2;");
    const auto without = time_to_end(*has_room);
    return time_to_end(*is_full) < without + patient(1s);
  };

  EXPECT_TRUE(is_as_quick() || is_as_quick() || is_as_quick()); // the machine does something else, too
}

TEST(Signals, EndAServerWhoseStandardOutputNobodyReads) {
  const auto gateway = gateway_in_shell("head -c 65536 /dev/zero;", "--node-name x"); // the pipe is full
  std::string log;
  const auto read_until = [&](const char* text) {
    while (log.find(text) == std::string::npos) log += gateway->read_errors();
  };
  read_until("is called");

  gateway->signal(SIGTERM);
  read_until("the server has stopped");
  EXPECT_EQ(gateway->wait().code, 0);
}

TEST(Log, ThatIsJsonOnStandardOutputHasNoOtherLinesThere) {
  program gateway{"swill-gateway", {"--port", "0", "--log-format", "json", "--log-to", "stdout"}};
  for (std::string line; line.find("Swill listens on ws://") == std::string::npos;) {
    line = gateway.read_line();
    ASSERT_EQ(line.front(), '{') << line;
    ASSERT_EQ(line.back(), '}') << line;
  }
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.finish().code, 0);
}

TEST(Options, ThatAreWrongEndTheStartAlsoWhereNobodyReadsWhy) {
  const std::string gateway = "'" + program_directory() + "/swill-gateway' --nosuch";
  program all{
      "/bin/sh",
      {"-c", "exec 3>&1; { head -c 65536 /dev/zero >&2; " + gateway + "; echo $? >&3; } 2>&1 >/dev/null | sleep 15"}};
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(all.read_line(), "2");
  EXPECT_LT(std::chrono::steady_clock::now() - before, 10s); // the pipe's reader goes only after that
}

TEST(Log, IsLinesOfJsonInAFileWhereThatIsAskedFor) {
  const std::string file = testing::TempDir() + "swill-log-" + std::to_string(::getpid());
  program gateway{"swill-gateway",
                  {"--port", "0", "--log-format", "json", "--log-file", file, "--log-room", "access=debug"}};
  EXPECT_EQ(sum_at(url_of(gateway)), 3);
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.finish().errors, "");

  std::ifstream in{file};
  std::string all{std::istreambuf_iterator<char>{in}, {}};
  std::filesystem::remove(file);
  EXPECT_THAT(all, HasSubstr(R"("text":"SIGTERM: the server stops")"));
  EXPECT_THAT(all, HasSubstr(R"("text":"request","connection":")"));
  EXPECT_THAT(all, HasSubstr(R"("rpc":"math.add")"));
}

TEST(Log, WhoseReaderHasGoneEndsNothing) {
  program gateway{"swill-gateway", {"--port", "0"}};
  const std::string url = url_of(gateway);
  gateway.close_errors();

  gateway.signal(SIGHUP);
  EXPECT_EQ(sum_at(url), 3);
  gateway.signal(SIGTERM);

  EXPECT_EQ(gateway.finish().code, 0);
}

TEST(Log, ShowsHandshakesThatAreRejectedAtTrace) {
  program gateway{"swill-gateway", {"--port", "0", "--log-level", "trace"}};
  const std::string url = url_of(gateway);
  raw_client client{url.substr(5, url.find('/', 5) - 5)};

  EXPECT_EQ(client.upgrade({.path = "/elsewhere"}).status, 404);
  std::string log;
  while (log.find("rejected") == std::string::npos) {
    const std::string more = gateway.read_errors();
    ASSERT_NE(more, "") << log;
    log += more;
  }
  EXPECT_THAT(log, testing::ContainsRegex(" trace a handshake is rejected room=transport status=404 .*path=/elsewhere "
                                          "address=127.0.0.1\n"));
}

TEST(Descriptors, StandardOnesThatAreClosedAreNeverSockets) {
  const auto gateway = gateway_in_shell("exec <&- 2>&-;");
  const std::string url = url_of(*gateway);

  EXPECT_EQ(sum_at(url), 3);
  for (const char* fd : {"0", "2"}) {
    std::string where = "/proc/" + std::to_string(gateway->pid()) + "/fd/" + fd;
    EXPECT_EQ(std::filesystem::read_symlink(where).string(), "/dev/null");
  }
  gateway->signal(SIGTERM);
  EXPECT_EQ(gateway->wait().code, 0);
}

TEST(Descriptors, SoftLimitIsRaisedAndFewerConnectionsAreTakenWhereItIsTooLow) {
  const auto gateway = gateway_in_shell("ulimit -Sn 300 && ulimit -Hn 900 &&");
  const std::string url = url_of(*gateway);

  const std::string log = gateway->read_errors();
  EXPECT_THAT(log,
              testing::ContainsRegex(" info connections: [45].. instead of 100000, because the process may open 900 "
                                     "descriptors \\(ulimit -n\\) room=server\n"));
  std::ifstream limits{"/proc/" + std::to_string(gateway->pid()) + "/limits"};
  std::string line;
  while (std::getline(limits, line) && line.find("open files") == std::string::npos) {
  }
  EXPECT_THAT(line, testing::MatchesRegex("Max open files +900 +900 .*"));

  // One more than fit is told so.
  std::vector<raw_client> clients;
  const std::size_t fitting = std::stoul(log.substr(log.find("connections: ") + 13));
  const std::string address = url.substr(5, url.find('/', 5) - 5);
  for (std::size_t i = 0; i < fitting; ++i) ASSERT_EQ(clients.emplace_back(address).upgrade().status, 101) << i;
  EXPECT_EQ(clients.emplace_back(address).upgrade().status, 503);
}

// Who reads a file slowly holds two descriptors.
TEST(Descriptors, SlowReadersOfFilesKeepNoProbeAway) {
  const auto www = std::filesystem::temp_directory_path() / ("swill_slow_" + std::to_string(::getpid()));
  std::filesystem::create_directory(www);
  std::ofstream{www / "big"}.close();
  std::filesystem::resize_file(www / "big", 64 << 20);
  const auto gateway = gateway_in_shell("ulimit -n 400 &&", "--internal-listen 127.0.0.1:0 --static /=" + www.string());
  const auto where = read_urls(*gateway);
  const std::string open = where.at(0).substr(5, where[0].find('/', 5) - 5);
  const std::string internal = where.at(1).substr(0, where[1].find(' '));
  const auto status_of = [](raw_client& c, const std::string& path) {
    c.send("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    return c.read_response_head().status;
  };

  std::vector<raw_client> clients;
  std::map<int, int> seen;
  for (int i = 0; i < 160; ++i) ++seen[status_of(clients.emplace_back(open), "/big")];
  EXPECT_GT(seen[200], 50);
  EXPECT_GT(seen[503], 0);
  EXPECT_EQ(seen[200] + seen[503], 160);
  for (int i = 0; i < 300; ++i) clients.emplace_back(open); // who say nothing
  for (int i = 0; i < 5; ++i) EXPECT_EQ(status_of(clients.emplace_back(internal), "/livez"), 200) << i;
  clients.clear();
  std::filesystem::remove_all(www);
}

} // namespace
} // namespace swill::test
