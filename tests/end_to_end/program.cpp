#include "tests/end_to_end/program.hpp"

#include <array>
#include <cerrno>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <unistd.h>

namespace swill::test {

namespace {

std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  return ends;
}

std::array<int, 2> make_terminal() {
  std::array<int, 2> ends{};
  if (::openpty(&ends[0], &ends[1], nullptr, nullptr, nullptr) != 0) throw std::runtime_error("openpty");
  ::fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  ::fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  return ends;
}

bool has_input(int fd, std::chrono::milliseconds patience) {
  pollfd p{fd, POLLIN, 0};
  return ::poll(&p, 1, static_cast<int>(patience.count())) > 0;
}

} // namespace

std::string program_directory() { return std::filesystem::read_symlink("/proc/self/exe").parent_path(); }

program::program(const std::string& name, const std::vector<std::string>& arguments, terminal t) {
  const std::string path = std::filesystem::path{program_directory()} / name;
  const auto in = make_pipe();
  const auto out = t == terminal::both || t == terminal::output ? make_terminal() : make_pipe();
  const auto errors = t == terminal::errors ? make_terminal() : t == terminal::both ? out : make_pipe();
  std::vector<std::string> command{path};
  command.insert(command.end(), arguments.begin(), arguments.end());
  process_.emplace(std::move(command), child_streams{in[0], out[1], errors[1]});
  ::close(in[0]);
  ::close(out[1]);
  in_ = in[1];
  out_ = out[0];
  if (t == terminal::both) return;
  ::close(errors[1]);
  errors_ = errors[0];
}

program::~program() {
  process_.reset();
  close_stdin();
  ::close(out_);
  if (errors_ >= 0) ::close(errors_);
}

void program::write(std::string_view text) const {
  if (::write(in_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    throw std::runtime_error("the program does not read");
}

void program::close_stdin() {
  if (in_ >= 0) ::close(in_);
  in_ = -1;
}

void program::close_errors() {
  if (errors_ >= 0) ::close(errors_);
  errors_ = -1;
}

bool program::read_some(int fd, std::string& to) {
  if (!has_input(fd, limit)) throw std::runtime_error("the program says nothing");
  std::array<char, 65536> chunk{};
  const ssize_t n = ::read(fd, chunk.data(), chunk.size());
  if (n > 0) to.append(chunk.data(), static_cast<std::size_t>(n));
  return n > 0;
}

std::string program::read_line() {
  while (buffered_.find('\n') == std::string::npos) {
    if (!read_some(out_, buffered_)) throw std::runtime_error("the program has ended");
  }
  const auto end = buffered_.find('\n');
  std::string line = buffered_.substr(0, end);
  buffered_.erase(0, end + 1);
  return line;
}

std::string program::read_errors(std::chrono::milliseconds patience) {
  const int fd = errors_ >= 0 ? errors_ : out_;
  std::string text;
  if (patience >= limit || has_input(fd, patience)) read_some(fd, text);
  return text;
}

program::ending program::finish() {
  close_stdin();
  return wait();
}

program::ending program::wait() {
  ending e;
  e.out = std::move(buffered_);
  while (read_some(out_, e.out)) {
  }
  while (errors_ >= 0 && read_some(errors_, e.errors)) {
  }
  e.code = process_->wait();
  return e;
}

program::ending run_cli(const std::vector<std::string>& arguments, std::string_view input) {
  program p{"swill", arguments};
  if (!input.empty()) p.write(input);
  return p.finish();
}

std::vector<std::string> read_urls(program& gateway) {
  constexpr std::string_view words = "Swill listens on ";
  const std::string line = gateway.read_line();
  if (!line.starts_with(words)) throw std::runtime_error("the gateway says: " + line);
  std::vector<std::string> urls;
  std::istringstream rest{line.substr(words.size())};
  for (std::string url; std::getline(rest >> std::ws, url, ',');) urls.push_back(url);
  return urls;
}

} // namespace swill::test
