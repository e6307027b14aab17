#include "tests/support/redis_server.hpp"

#include "tests/support/free_port.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace swill::test {

namespace {

using clock = std::chrono::steady_clock;
constexpr std::chrono::seconds patience{10};

/// Runs in a child: starts redis-server, reports its pid, and ends it when the other end of the life line closes. Only what is safe
/// after a fork in a program with threads.
[[noreturn]] void keep(char* const* arguments, int life_line, int report) {
  for (int fd = 3; fd < 1024; ++fd) {
    if (fd != life_line && fd != report) ::close(fd);
  }
  const pid_t pid = ::fork();
  if (pid == 0) {
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execvp(arguments[0], arguments);
    ::_exit(127);
  }
  if (::write(report, &pid, sizeof pid) != sizeof pid) ::_exit(1);
  ::close(report);
  for (;;) {
    pollfd p{life_line, POLLIN, 0};
    const int ready = ::poll(&p, 1, 20);
    if (ready > 0) ::kill(pid, SIGKILL);
    int status = 0;
    if (::waitpid(pid, &status, ready > 0 ? 0 : WNOHANG) == pid) ::_exit(0);
  }
}

void wait_for_end(pid_t keeper) {
  const auto deadline = clock::now() + patience;
  while (::waitpid(keeper, nullptr, WNOHANG) == 0) {
    if (clock::now() > deadline) throw std::runtime_error("redis-server does not end");
    ::usleep(1000);
  }
}

} // namespace

redis_server::redis_server(redis_options o) : options_(std::move(o)) {
  std::string pattern = (std::filesystem::temp_directory_path() / "swill-redis-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
  directory_ = pattern;
  socket_path_ = directory_ + "/redis.sock";
  for (int attempts = 0; attempts < 5; ++attempts) { // somebody else may take the port between its choice and its use
    port_ = options_.tcp ? free_port() : std::uint16_t{0};
    if (launch()) return;
  }
  throw std::runtime_error("redis-server does not start; is it installed?");
}

redis_server::~redis_server() {
  try {
    kill();
  } catch (const std::exception&) {
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::string redis_server::address() const {
  return "redis://" + (options_.password.empty() ? "" : ":" + options_.password + "@") +
         "127.0.0.1:" + std::to_string(port_);
}

std::string redis_server::unix_address() const { return "unix://" + socket_path_; }

bool redis_server::launch() {
  std::vector<std::string> words{"redis-server",
                                 "--port",
                                 std::to_string(port_),
                                 "--bind",
                                 "127.0.0.1",
                                 "--unixsocket",
                                 socket_path_,
                                 "--dir",
                                 directory_,
                                 "--save",
                                 "",
                                 "--logfile",
                                 directory_ + "/log",
                                 "--appendonly",
                                 options_.append_only ? "yes" : "no",
                                 "--appendfsync",
                                 "always",
                                 "--daemonize",
                                 "no"};
  if (!options_.password.empty()) words.insert(words.end(), {"--requirepass", options_.password});
  if (!options_.users.empty()) {
    std::ofstream acl{directory_ + "/users.acl"};
    for (const std::string& line : options_.users) acl << line << '\n';
    words.insert(words.end(), {"--aclfile", directory_ + "/users.acl"});
  }
  words.insert(words.end(), options_.more.begin(), options_.more.end());
  std::vector<char*> arguments;
  for (std::string& w : words) arguments.push_back(w.data());
  arguments.push_back(nullptr);

  int life[2];
  int report[2];
  if (::pipe2(life, O_CLOEXEC) != 0 || ::pipe2(report, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  std::filesystem::remove(socket_path_);
  keeper_ = ::fork();
  if (keeper_ == 0) {
    keep(arguments.data(), life[0], report[1]);
  }
  ::close(life[0]);
  ::close(report[1]);
  life_line_ = life[1];
  const bool reported = ::read(report[0], &pid_, sizeof pid_) == sizeof pid_;
  ::close(report[0]);
  if (!reported) throw std::runtime_error("cannot start redis-server");

  const auto deadline = clock::now() + patience;
  while (!answers()) {
    if (clock::now() > deadline) throw std::runtime_error("redis-server does not answer");
    if (::waitpid(keeper_, nullptr, WNOHANG) == keeper_) { // it ended by itself
      ::close(std::exchange(life_line_, -1));
      keeper_ = pid_ = 0;
      return false;
    }
    ::usleep(2000);
  }
  return true;
}

int redis_server::connect() const {
  const int s = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un a{};
  a.sun_family = AF_UNIX;
  socket_path_.copy(a.sun_path, sizeof a.sun_path - 1);
  if (::connect(s, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0) return s;
  ::close(s);
  return -1;
}

bool redis_server::answers() {
  const int s = connect();
  if (s < 0) return false;
  char got[64] = {};
  pollfd p{s, POLLIN, 0};
  bool yes =
      ::send(s, "PING\r\n", 6, MSG_NOSIGNAL) == 6 && ::poll(&p, 1, 1000) == 1 && ::read(s, got, sizeof got - 1) > 0;
  ::close(s);
  const std::string text = got;
  yes = yes && (text.rfind("+PONG", 0) == 0 || text.rfind("-NOAUTH", 0) == 0 || text.rfind("-NOPERM", 0) == 0);
  return yes;
}

std::string redis_server::ask(const std::string& command) {
  const int s = connect();
  if (s < 0) throw std::runtime_error("redis-server is not there");
  const bool login = !options_.password.empty();
  const std::string all = (login ? "AUTH " + options_.password + "\r\n" : "") + command + "\r\nECHO the-end\r\n";
  std::string got;
  const std::string end = "$7\r\nthe-end\r\n";
  const auto deadline = clock::now() + patience;
  if (::send(s, all.data(), all.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(all.size())) {
    while (got.size() < end.size() || got.compare(got.size() - end.size(), end.size(), end) != 0) {
      pollfd p{s, POLLIN, 0};
      char more[4096];
      if (::poll(&p, 1, 100) != 1) {
        if (clock::now() > deadline) break;
        continue;
      }
      const ssize_t n = ::read(s, more, sizeof more);
      if (n <= 0) break;
      got.append(more, static_cast<std::size_t>(n));
    }
  }
  ::close(s);
  if (got.size() < end.size()) throw std::runtime_error("redis-server does not answer");
  got.resize(got.size() - end.size());
  if (login) got.erase(0, got.find('\n') + 1);
  return got;
}

void redis_server::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::close(std::exchange(life_line_, -1));
  pid_ = 0;
  wait_for_end(std::exchange(keeper_, 0));
}

void redis_server::restart() {
  kill();
  if (!launch()) throw std::runtime_error("redis-server does not start again");
}

void redis_server::stop_process() { ::kill(pid_, SIGSTOP); }
void redis_server::continue_process() { ::kill(pid_, SIGCONT); }

void redis_server::wipe() {
  kill();
  for (const char* name : {"appendonlydir", "appendonly.aof", "dump.rdb"})
    std::filesystem::remove_all(directory_ + "/" + name);
}

} // namespace swill::test
