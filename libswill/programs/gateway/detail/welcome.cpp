#include "libswill/programs/gateway/detail/welcome.hpp"

#include "libswill/server/serve.hpp"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <utility>

#include <unistd.h>

namespace swill::programs {

namespace fs = std::filesystem;

namespace {

/// One to connect to: an address that stands for all of the machine's becomes the loopback.
std::string reachable(std::string url) {
  for (const auto& [any, loopback] : {std::pair{"://0.0.0.0:", "://127.0.0.1:"}, std::pair{"://[::]:", "://[::1]:"}}) {
    if (const auto at = url.find(any); at != std::string::npos) url.replace(at, std::strlen(any), loopback);
  }
  return url;
}

/// As one word of a shell.
std::string quoted(const std::string& word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%"; // to every shell
  if (word.find_first_not_of(plain) == std::string::npos) return word;
  std::string out = "'";
  for (const char c : word) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

/// What a shell runs that is told `name`; empty when it finds nothing, or depends on its directory.
fs::path in_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream directories{path != nullptr ? path : ""};
  std::error_code problem;
  for (std::string directory; std::getline(directories, directory, ':');) {
    const fs::path candidate = fs::path{directory} / name;
    if (!fs::is_regular_file(candidate, problem) || ::access(candidate.c_str(), X_OK) != 0) continue;
    return candidate.is_absolute() ? candidate : fs::path{};
  }
  return {};
}

/// The command line tool beside this program, as a shell finds it from anywhere.
std::string tool() {
  std::string name = "swill";
  std::error_code problem;
  const fs::path beside = fs::read_symlink("/proc/self/exe", problem).parent_path() / name;
  if (problem || !fs::exists(beside, problem) || fs::equivalent(beside, in_path(name), problem)) return name;
  return quoted(beside);
}

} // namespace

std::string address_lines(const places& where) {
  const std::string page = where.playground.empty() ? "" : "Its playground is at " + where.playground + "\n";
  return listening_line(where.urls, where.internal) + page;
}

std::string welcome(const places& where, const std::vector<std::string>& examples) {
  std::string text = "Swill listens on\n";
  for (const auto& url : where.urls) text += "  " + reachable(url) + "\n";
  for (const auto& address : where.internal) text += "  " + address + " (internal)\n";

  if (!where.playground.empty()) text += "Its playground is at\n  " + reachable(where.playground) + "\n";

  std::string call = tool();
  if (const auto url = reachable(where.urls.front()); url != "ws://127.0.0.1:8080/ws") call += " --url " + quoted(url);
  if (!examples.empty()) text += "Try\n";
  for (const std::string& example : examples) text += "  " + call + " " + example + "\n";
  text += "Ctrl-C ends it.\n";
  return text;
}

} // namespace swill::programs
