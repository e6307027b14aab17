#include "actors/connections/connections.hpp"

#include "libswill/client/blocking_client.hpp"
#include "tests/connections/world.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/patience.hpp"
#include "tests/support/redis_server.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <optional>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace swill::test {
namespace {

constexpr const char* token = "a token of some length";

/// The program swill-gateway beside this one, on a free port.
class gateway {
public:
  gateway(const std::string& redis, const std::string& token_file) {
    const std::string program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "swill-gateway";
    std::vector<std::string> arguments{program,   "--listen", "127.0.0.1:0",        "--io-threads", "1",
                                       "--redis", redis,      "--admin-token-file", token_file};
    std::array<int, 2> out{};
    if (::pipe2(out.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    process_.emplace(std::move(arguments), child_streams{.out = out[1]});
    ::close(out[1]);
    try {
      url_ = read_url(out[0]);
    } catch (...) {
      ::close(out[0]);
      throw;
    }
    ::close(out[0]);
  }

  const std::string& url() const noexcept { return url_; }
  void kill() { process_.reset(); }
  /// Returns when all its threads stand still: the signal alone does not wait for them.
  void stop() const {
    process_->signal(SIGSTOP);
    int status = 0;
    ::waitpid(process_->pid(), &status, WUNTRACED);
  }
  void go_on() const { process_->signal(SIGCONT); }

private:
  /// What it says once it listens.
  static std::string read_url(int fd) {
    std::string text;
    for (;;) {
      const std::size_t at = text.find("ws://");
      const std::size_t end = at == std::string::npos ? at : text.find_first_of(" \n", at);
      if (end != std::string::npos) return text.substr(at, end - at);
      pollfd p{fd, POLLIN, 0};
      std::array<char, 4096> chunk{};
      const ssize_t n = ::poll(&p, 1, 20000) > 0 ? ::read(fd, chunk.data(), chunk.size()) : 0;
      if (n <= 0) throw std::runtime_error("the gateway does not start: " + text);
      text.append(chunk.data(), static_cast<std::size_t>(n));
    }
  }
  std::optional<child_process> process_;
  std::string url_;
};

struct KilledNode : testing::Test {
  KilledNode() { std::ofstream{token_file} << token << "\n"; }
  ~KilledNode() override { std::filesystem::remove(token_file); }
  static value ask(blocking_client& c, const std::string& rpc) {
    return c.call<value>("swill.connections." + rpc, value::map({}), metadata{"admin_token", token});
  }
  static std::size_t size_of(const value& v, const char* field) {
    const value* list = v.find(field);
    if (const auto* items = list->get_if<value_array>()) return items->size();
    return list->get_if<value_map>()->size();
  }
  template <class F>
  static bool within(std::chrono::seconds most, F f) {
    const auto end = std::chrono::steady_clock::now() + most;
    while (!f()) {
      if (std::chrono::steady_clock::now() > end) return false;
      ::poll(nullptr, 0, 50);
    }
    return true;
  }

  const std::string token_file = std::filesystem::temp_directory_path() / ("swill-token-" + std::to_string(::getpid()));
  redis_server redis;
};

TEST_F(KilledNode, IsGoneFromTheListsWithin15Seconds) {
  gateway one{redis.address(), token_file};
  gateway two{redis.address(), token_file};
  blocking_client boss{one.url()};
  blocking_client victim{two.url()};
  ASSERT_TRUE(within(20s, [&] { return size_of(ask(boss, "count"), "nodes") == 2; }));
  ASSERT_EQ(size_of(ask(boss, "list"), "connections"), 2U);

  two.kill();
  const auto begin = std::chrono::steady_clock::now();
  const value at_once = ask(boss, "list");
  const auto waited = std::chrono::steady_clock::now() - begin;

  EXPECT_LT(waited, patient(2s)); // never waited for
  EXPECT_EQ(size_of(at_once, "connections"), 1U);
  EXPECT_TRUE(within(15s, [&] {
    const value now = ask(boss, "list");
    return size_of(now, "missing") == 0 && size_of(now, "connections") == 1;
  }));
}

TEST_F(KilledNode, ThatIsOnlyStoppedIsMissingAndComesBack) {
  gateway one{redis.address(), token_file};
  gateway two{redis.address(), token_file};
  blocking_client boss{one.url()};
  ASSERT_TRUE(within(20s, [&] { return size_of(ask(boss, "count"), "nodes") == 2; }));

  two.stop();
  const auto begin = std::chrono::steady_clock::now();
  const value stopped = ask(boss, "count");
  const auto waited = std::chrono::steady_clock::now() - begin;
  two.go_on();

  EXPECT_EQ(size_of(stopped, "missing"), 1U);
  EXPECT_GE(waited, 900ms);
  EXPECT_LT(waited, patient(3s));
  EXPECT_TRUE(within(20s, [&] { return size_of(ask(boss, "count"), "nodes") == 2; }));
}

TEST_F(KilledNode, GatewayLetsNobodyInWithoutItsToken) {
  gateway one{redis.address(), token_file};
  blocking_client c{one.url()};
  client_options with_header;
  with_header.headers.emplace_back("Authorization", std::string{"Bearer "} + token);
  blocking_client boss{one.url(), with_header};
  const auto code = [](blocking_client& from, const metadata& m) {
    const auto r = from.try_call<value>("swill.connections.count", value::map({}), m);
    return r ? 0 : r.error().code;
  };

  EXPECT_EQ(code(c, {}), 403);
  EXPECT_EQ(code(c, metadata{"admin_token", "a token of some lengtH"}), 403);
  EXPECT_EQ(code(c, metadata{"admin_token", "a token"}), 403);
  EXPECT_EQ(code(c, metadata{"admin_token", token}), 0);
  EXPECT_EQ(code(boss, {}), 0);
}

} // namespace
} // namespace swill::test
