#include "tests/chaos/process.hpp"

#include "tests/chaos/scale.hpp"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace swill::chaos {

namespace {

/// Runs in the child: only what is safe after a fork in a program with threads.
[[noreturn]] void become(char* const* arguments, int output, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127); // it died before the line above
  const int null = ::open("/dev/null", O_RDONLY);
  ::dup2(null, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  for (int fd = 3; fd < 1024; ++fd) ::close(fd); // a socket kept open here would hide the end of the one who owns it
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execvp(arguments[0], arguments);
  ::_exit(127);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(port);
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return a;
}

int exit_code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

} // namespace

process::process(std::vector<std::string> command, std::filesystem::path output) : output_(std::move(output)) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int out = ::open(output_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (out < 0) throw std::runtime_error("cannot write " + output_.string());
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(arguments.data(), out, parent);
  ::close(out);
  if (pid_ < 0) throw std::runtime_error("cannot start " + command.front());
}

process::~process() {
  try {
    kill();
  } catch (const std::exception&) {
  }
}

bool process::is_running() {
  if (pid_ > 0 && ::waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = 0;
  return pid_ > 0;
}

void process::kill() {
  if (!is_running()) return;
  ::kill(pid_, SIGKILL);
  if (!eventually([this] { return !is_running(); })) throw std::runtime_error("a process does not end");
}

int process::terminate() {
  if (is_running()) ::kill(pid_, SIGTERM);
  if (!eventually([this] { return !is_running(); })) throw std::runtime_error("a process does not end");
  return exit_code_of(status_);
}

void process::stop() const { ::kill(pid_, SIGSTOP); }
void process::resume() const { ::kill(pid_, SIGCONT); }

std::size_t process::memory() const {
  std::ifstream in{"/proc/" + std::to_string(pid_) + "/statm"};
  std::size_t all = 0;
  std::size_t resident = 0;
  in >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::string process::output() const {
  std::ifstream in{output_, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

temporary_directory::temporary_directory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "swill-chaos-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
  path_ = pattern;
}

temporary_directory::~temporary_directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

bool accepts_connections(std::uint16_t port) {
  const int s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in a = loopback(port);
  const bool yes = ::connect(s, reinterpret_cast<const sockaddr*>(&a), sizeof a) == 0;
  ::close(s);
  return yes;
}

int run(std::vector<std::string> command) {
  process p{std::move(command), "/dev/null"};
  if (!eventually([&p] { return !p.is_running(); })) return -1;
  return p.terminate();
}

} // namespace swill::chaos
