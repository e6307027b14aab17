#include "tests/chaos/process.hpp"

#include "tests/chaos/scale.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace swill::chaos {

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(port);
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return a;
}

int append_to(const std::filesystem::path& file) {
  const int out = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (out < 0) throw std::runtime_error("cannot write " + file.string());
  return out;
}

} // namespace

process::process(std::vector<std::string> command, std::filesystem::path output)
    : process(std::move(command), output, append_to(output)) {}

process::process(std::vector<std::string> command, std::filesystem::path output, int out)
    : child_process(std::move(command), {.out = out, .errors = out}), output_(std::move(output)) {
  ::close(out);
}

void process::kill() {
  if (!is_running()) return;
  signal(SIGKILL);
  wait();
}

int process::terminate() {
  if (is_running()) signal(SIGTERM);
  return wait();
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
