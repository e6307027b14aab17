#include "libswill/logging/logging.hpp"

#include "libswill/base/await.hpp"
#include "libswill/server/test_client.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace swill {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;

/// A directory of this test's own.
class directory {
public:
  directory() {
    std::string name = (std::filesystem::temp_directory_path() / "swill-log-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no directory for the test");
    path_ = name;
  }
  directory(const directory&) = delete;
  directory& operator=(const directory&) = delete;
  ~directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string read(const std::string& name) const {
    std::ifstream in{*this / name};
    std::ostringstream all;
    all << in.rdbuf();
    return all.str();
  }

private:
  std::filesystem::path path_;
};

/// An app whose log is lines of JSON in a file.
struct served {
  directory where;
  app a;
  std::shared_ptr<logging> log;

  explicit served(logging_options o) {
    o.format = log_format::json;
    o.file = where / "log";
    log = std::make_shared<logging>(std::move(o));
    a.use(log);
    a.handle("add", [](request<std::vector<int>> r) { return r.data().at(0) + r.data().at(1); });
    a.handle("count", [](request<int> r) -> stream<int> {
      for (int i = 0; i < r.data(); ++i) co_yield i;
    });
    a.handle("sum", [](streaming_request<int> in) -> task<int> {
      int sum = 0;
      while (auto n = co_await in.next()) sum += *n;
      co_return sum;
    });
  }
  std::vector<json> lines(const std::string& text) {
    EXPECT_TRUE(flush_log(10s));
    std::vector<json> out;
    std::istringstream in{where.read("log")};
    for (std::string line; std::getline(in, line);) {
      json l = json::parse(line);
      if (l["text"] == text) out.push_back(std::move(l));
    }
    return out;
  }
};

logging_options with_access() {
  logging_options o;
  o.levels.set(log_room::access, log_level::debug);
  return o;
}

TEST(Logging, WritesLinesOfTextAtTheEndOfItsFile) {
  directory d;
  std::ofstream{d / "log"} << "before\n";
  const logging log{{.file = d / "log"}};

  logger{&log.sink()}.write(log_level::info, "said", {{"n", 1}});
  logger{&log.sink()}.write(log_level::debug, "not said");

  EXPECT_TRUE(flush_log(10s));
  EXPECT_THAT(d.read("log"), testing::MatchesRegex("before\n20.*Z info said n=1\n"));
}

TEST(Logging, RenamesAFileThatIsFullAndKeepsAFew) {
  directory d;
  const logging log{{.file = d / "a/log.txt", .file_size = 1000, .old_files = 2}};

  for (int i = 0; i < 100; ++i) logger{&log.sink()}.write(log_level::info, "line " + std::to_string(i));

  EXPECT_TRUE(flush_log(10s));
  EXPECT_EQ(log.dropped(), 0U);
  EXPECT_THAT(d.read("a/log.txt"), HasSubstr("line 99\n"));
  EXPECT_NE(d.read("a/log.1.txt"), "");
  EXPECT_NE(d.read("a/log.2.txt"), "");
  EXPECT_FALSE(std::filesystem::exists(d / "a/log.3.txt"));
}

TEST(Logging, RefusesWhatCannotBeALog) {
  directory d;
  ASSERT_EQ(::mkfifo((d / "pipe").c_str(), 0600), 0);

  EXPECT_THROW(logging({.file = d / "pipe"}), std::invalid_argument); // to open it would wait for a reader
  EXPECT_THROW(logging({.file = d / "log", .file_size = 0}), std::invalid_argument);
  EXPECT_THROW(logging({.file = d / "log", .old_files = 1'000'000}), std::invalid_argument);
  EXPECT_THROW(logging({.file = "/proc/nobody/log"}), std::invalid_argument);
  std::filesystem::create_symlink(d / "loop", d / "loop");
  EXPECT_THROW(logging({.file = d / "loop"}), std::invalid_argument);
  std::filesystem::create_directory(d / "directory");
  EXPECT_THROW(logging({.file = d / "directory"}), std::invalid_argument);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

TEST(Logging, KeepsWhatItHasWhereTheFileCannotBeRenamed) {
  directory d;
  std::filesystem::create_directory(d / "log.2"); // no file can have its name
  const logging log{{.file = d / "log", .file_size = 200, .old_files = 2}};
  const auto write = [&log](const std::string& text) {
    logger{&log.sink()}.write(log_level::info, text);
    EXPECT_TRUE(flush_log(10s));
  };

  testing::internal::CaptureStderr();
  for (int i = 0; i < 50; ++i) write("line " + std::to_string(i));
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::MatchesRegex("the log cannot be written to " + std::string{d / "log"} +
                                    " \\([^\n]+\\); its lines are lost until it can\n"))
      << "once";
  const std::string first = d.read("log.1"), second = d.read("log");
  EXPECT_THAT(first, HasSubstr("line 0\n"));
  EXPECT_LE(second.size(), 200U);
  EXPECT_EQ(log.dropped(), 50 - lines_of(first).size() - lines_of(second).size()) << "what is written is never lost";

  std::filesystem::remove(d / "log.2");
  for (int i = 0; d.read("log.2").empty() && i < 500; ++i) {
    std::this_thread::sleep_for(10ms);
    write("again");
  }
  EXPECT_EQ(d.read("log.2"), first);
  EXPECT_EQ(d.read("log.1"), second);
  EXPECT_THAT(d.read("log"), HasSubstr("again\n"));
}

TEST(Logging, GoesOnWhereItsDirectoryWasAwayForAWhile) {
  directory d;
  const logging log{{.file = d / "in/log", .file_size = 200, .old_files = 1}};
  const auto write = [&log](const std::string& text) {
    logger{&log.sink()}.write(log_level::info, text);
    EXPECT_TRUE(flush_log(10s));
  };
  write("before");
  std::filesystem::rename(d / "in", d / "away");
  std::ofstream{d / "in"}; // a file: no directory can be made

  for (int i = 0; i < 20; ++i) write("meanwhile");
  EXPECT_GT(log.dropped(), 0U);
  std::filesystem::remove(d / "in");
  for (int i = 0; d.read("in/log").empty() && i < 500; ++i) {
    std::this_thread::sleep_for(10ms);
    write("again");
  }
  EXPECT_THAT(d.read("in/log"), HasSubstr("again\n"));
  EXPECT_THAT(d.read("away/log"), HasSubstr("before\n"));
}

/// Files cannot grow beyond so many bytes while it lives.
class full_disk {
public:
  explicit full_disk(std::uintmax_t size) {
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before_), 0);
    const ::rlimit full{size, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
  }
  full_disk& operator=(full_disk&&) = delete;
  ~full_disk() {
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &before_), 0);
    std::signal(SIGXFSZ, handler_);
  }

private:
  ::rlimit before_{};
  void (*handler_)(int) = std::signal(SIGXFSZ, SIG_IGN);
};

/// A log as JSON, whose lines are in its file when write() returns.
struct written_log {
  directory d;
  const logging log{{.format = log_format::json, .file = d / "log"}};

  void write(const std::string& text, int times = 1) const {
    for (int i = 0; i < times; ++i) {
      logger{&log.sink()}.write(log_level::info, text);
      EXPECT_TRUE(flush_log(10s));
    }
  }
  std::uintmax_t size() const { return std::filesystem::file_size(d / "log"); }
  std::vector<std::string> texts() const {
    std::vector<std::string> out;
    for (const std::string& line : lines_of(d.read("log"))) out.push_back(json::parse(line).at("text"));
    return out;
  }
};

TEST(Logging, HasWholeLinesOnlyWhereTheDiskWasFull) {
  const written_log l;
  l.write("before");
  {
    const full_disk full{l.size() + 10};
    l.write("lost", 3);
  }
  l.write("after");

  EXPECT_THAT(l.texts(), testing::ElementsAre("before", "after", HasSubstr("dropped")));
  EXPECT_EQ(l.log.dropped(), 3U);
}

TEST(Logging, FindsTheEndOfAFileThatWasCutWhileTheDiskWasFull) {
  const written_log l;
  l.write("before", 3);
  {
    const full_disk full{l.size() / 2};
    l.write("lost");
    std::filesystem::resize_file(l.d / "log", 0);
    l.write("cut", 3);
  }
  l.write("after");

  EXPECT_THAT(l.texts(), testing::ElementsAre("cut", "after", HasSubstr("dropped")));
}

TEST(Logging, SaysHowManyLinesWereDropped) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  ::fcntl(ends[1], F_SETPIPE_SZ, 4096);
  std::string read;
  {
    const logging log{{.format = log_format::json, .descriptor = ends[1], .waiting = 16 * 1024}};
    ::close(ends[1]); // it has a copy
    for (int i = 0; i < 2000; ++i) logger{&log.sink()}.write(log_level::info, std::string(100, 'x'));
    EXPECT_GT(log.dropped(), 1000U);
    logger{&log.sink()}.write(log_level::info, "the newest");
    std::array<char, 4096> some{};
    while (read.find("the newest") == std::string::npos) {
      const ssize_t n = ::read(ends[0], some.data(), some.size());
      ASSERT_GT(n, 0);
      read.append(some.data(), static_cast<std::size_t>(n));
    }
  }
  ::close(ends[0]);

  std::size_t dropped = 0, kept = 0;
  std::istringstream in{read};
  for (std::string line; std::getline(in, line);) {
    const json l = json::parse(line);
    if (l.contains("fields")) {
      dropped += l["fields"]["lines"].get<std::size_t>();
    } else {
      ++kept;
    }
  }
  EXPECT_EQ(dropped + kept, 2001U);
}

// --- Access

TEST(Access, IsOffByDefault) {
  served s{{}};
  test_server server{s.a};
  test_client c{server};

  EXPECT_EQ(c.call<int>("add", std::vector{1, 2}), 3);
  EXPECT_EQ(s.lines("request").size(), 0U);
}

TEST(Access, IsALineForEachRequest) {
  served s{with_access()};
  test_server server{s.a};
  test_client c{server};
  metadata parent{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"};

  EXPECT_EQ(c.call<int>("add", std::vector{1, 2}, parent), 3);
  EXPECT_EQ(c.collect<int>("count", 1000).size(), 1000U);
  const auto sum = c.open_stream("sum");
  for (int i = 0; i < 5; ++i) c.send(sum, 1000);
  c.end(sum);
  EXPECT_EQ(c.receive(sum)->as<int>(), 5000);
  EXPECT_THROW(c.call<int>("add", std::vector{1}), std::exception);

  const auto lines = s.lines("request");
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0]["room"], "access");
  EXPECT_EQ(lines[0]["rpc"], "add");
  EXPECT_EQ(lines[0]["seq"], 1);
  EXPECT_EQ(lines[0]["trace"], "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(lines[0]["connection"].get<std::string>().size(), 32U);
  json f = lines[0]["fields"];
  EXPECT_EQ(f["outcome"], "ok");
  EXPECT_EQ(f["items_in"], 1);
  EXPECT_EQ(f["items_out"], 1);
  EXPECT_EQ(f["bytes_in"], 3);
  EXPECT_GT(f["bytes_out"], 3);
  EXPECT_GE(f["ms"].get<double>(), 0);
  f = lines[1]["fields"];
  EXPECT_EQ(f["items_in"], 1);
  EXPECT_EQ(f["items_out"], 1000);
  f = lines[2]["fields"];
  EXPECT_EQ(f["items_in"], 5);
  EXPECT_EQ(f["items_out"], 1);
  EXPECT_EQ(f["bytes_in"], 15);
  f = lines[3]["fields"];
  EXPECT_EQ(f["outcome"], "error");
  EXPECT_EQ(f["code"], 500);
  EXPECT_FALSE(lines[3].contains("trace"));
}

TEST(Access, CountsBytesAsTheConnectionDoes) {
  std::uint64_t counted = 0, items = 0;
  app a;
  a.limits().send_buffer = 4096; // its budget ends in the midst of turns
  a.handle("much", [](request<int> r) -> stream<std::string> {
    for (int i = 0; i < r.data(); ++i) co_yield std::string(static_cast<std::size_t>(i % 700), 'x');
  });
  a.after_request([&](context&, const outcome& o) {
    counted = o.bytes_out;
    items = o.items_out;
  });
  test_server server{a};
  test_client c{server};

  c.open("much", 2000);
  std::uint64_t arrived = 0;
  for (bool more = true; more; server.run()) {
    more = false;
    while (const auto message = c.pipe().receive()) {
      arrived += message->size();
      more = true;
    }
  }

  EXPECT_EQ(items, 2000U);
  EXPECT_EQ(counted, arrived);
}

TEST(Access, IsALineForEachConnection) {
  served s{with_access()};
  test_server server{s.a};
  {
    test_client c{server};
    c.pipe().close(4001, "going home");
    server.run();
  }
  server.run();

  const auto lines = s.lines("connection");
  ASSERT_EQ(lines.size(), 1U);
  const json& f = lines[0]["fields"];
  EXPECT_EQ(f["path"], "/ws");
  EXPECT_EQ(f["code"], 4001);
  EXPECT_EQ(f["reason"], "going home");
  EXPECT_EQ(f["by_peer"], true);
  EXPECT_TRUE(f.contains("address"));
  EXPECT_TRUE(f.contains("subprotocol"));
}

TEST(Access, IsSampledByRate) {
  logging_options o = with_access();
  o.access_rate = 3;
  served s{o};
  test_server server{s.a};
  test_client c{server};

  for (int i = 0; i < 50; ++i) c.call<int>("add", std::vector{1, 2});

  const std::size_t seconds = 20; // that this may take
  EXPECT_LE(s.lines("request").size(), 3 * seconds);
  EXPECT_GE(s.lines("request").size(), 3U);
}

// --- What `trace` shows

TEST(Trace, ShowsWhatClientsAreRefused) {
  served s{{.levels = log_level::trace}};
  test_server server{s.a};
  test_client c{server};

  const metadata parent{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"};
  EXPECT_THROW(c.call("nobody serves this", nothing{}, parent), error);
  EXPECT_THROW(c.call("add", std::string{"no list"}), error);

  const auto refused = s.lines("a request is refused");
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0]["fields"]["code"], 404);
  EXPECT_EQ(refused[0]["rpc"], "nobody serves this");
  EXPECT_EQ(refused[0]["trace"], "4bf92f3577b34da6a3ce929d0e0e4736");
  const auto failed = s.lines("a request is answered with an error");
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0]["fields"]["code"], 422);
  EXPECT_EQ(failed[0]["rpc"], "add");
  EXPECT_EQ(failed[0]["seq"], 2);
}

TEST(Trace, ShowsWhatHooksReject) {
  served s{{.levels = log_level::trace}};
  s.a.before_connection([](connection& c) {
    c.log(log_level::info, "came");
    throw rejection{401, "who are you?"};
  });
  test_server server{s.a};
  test_client c{server};
  ASSERT_EQ(c.pipe().rejected()->status, 401);

  const auto rejected = s.lines("a hook rejects a connection");
  ASSERT_EQ(rejected.size(), 1U);
  EXPECT_EQ(rejected[0]["fields"]["status"], 401);
  EXPECT_EQ(rejected[0]["fields"]["path"], "/ws");
  ASSERT_EQ(s.lines("came").size(), 1U);
  EXPECT_EQ(s.lines("came")[0]["connection"], rejected[0]["connection"]);
}

// --- Whom a line is about

TEST(Lines, SayWhoseTheyAre) {
  served s{{}};
  s.a.after_accept([](connection& c) {
    c.set_user("ann");
    c.log(log_level::warning, "of a connection", {{"n", 1}});
  });
  s.a.handle("says", [](request<nothing> r) {
    EXPECT_FALSE(r.context().is_logged(log_level::debug));
    r.context().log(log_level::info, "of a request", {{"n", 2}});
  });
  test_server server{s.a};
  test_client c{server};
  c.call("says", nothing{}, metadata{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"});

  const auto of_connection = s.lines("of a connection"), of_request = s.lines("of a request");
  ASSERT_EQ(of_connection.size(), 1U);
  ASSERT_EQ(of_request.size(), 1U);
  EXPECT_EQ(of_connection[0]["user"], "ann");
  EXPECT_EQ(of_connection[0]["fields"]["n"], 1);
  EXPECT_EQ(of_request[0]["connection"], of_connection[0]["connection"]);
  EXPECT_EQ(of_request[0]["user"], "ann");
  EXPECT_EQ(of_request[0]["trace"], "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(of_request[0]["fields"]["n"], 2);
}

TEST(Lines, HaveNoTraceOfWhatIsNoTraceparent) {
  app a;
  a.handle("trace", [](request<nothing> r) { return std::string{r.context().trace()}; });
  test_server server{a};
  test_client c{server};
  const auto trace_of = [&c](const value& parent) {
    return c.call<std::string>("trace", nothing{}, metadata{"traceparent", parent});
  };
  const std::string id = "4bf92f3577b34da6a3ce929d0e0e4736", rest = "-00f067aa0ba902b7-01";

  EXPECT_EQ(trace_of("00-" + id + rest), id);
  EXPECT_EQ(trace_of("01-" + id + rest), id);
  EXPECT_EQ(trace_of("01-" + id + rest + "-more"), id);
  for (const std::string& bad : {"ff-" + id + rest, "00-" + id + rest + "-more", "00-" + std::string(32, '0') + rest,
                                 "00-" + id + "-0000000000000000-01", "00-" + std::string(32, 'A') + rest, "00-" + id,
                                 std::string{"x\nforged"}, "0x-" + id + rest, "01-" + id + rest + "x"})
    EXPECT_EQ(trace_of(bad), "") << bad;
  EXPECT_EQ(trace_of(7), "");
}

} // namespace
} // namespace swill
