#include "apps/cli/child.hpp"
#include "apps/cli/exit_codes.hpp"
#include "apps/cli/project.hpp"
#include "libswill/programs/options/small_file.hpp"
#include "libswill/programs/options/standard_output.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

namespace swill::cli {

namespace fs = std::filesystem;

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds look_interval{250};         ///< between two looks at the files of a project
constexpr milliseconds program_patience{3000};     ///< for the program after SIGTERM; then it is killed
constexpr std::chrono::seconds still_interval{15}; ///< between two lines that say that it still builds
constexpr std::size_t most_files = 20'000;         ///< that are looked at
constexpr std::size_t longest_line = 64 * 1024;    ///< of the program's output; longer ones are passed on in pieces

// --- what a project needs

bool is_in_path(const std::string& program) {
  if (program.find('/') != std::string::npos) return ::access(program.c_str(), X_OK) == 0;
  const char* path = std::getenv("PATH");
  std::istringstream directories{path != nullptr ? path : ""};
  for (std::string directory; std::getline(directories, directory, ':');) {
    if (::access((directory + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

bool has_header(const std::string& name) {
  std::string places = "/usr/include:/usr/local/include";
  for (const char* variable : {"CPATH", "CPLUS_INCLUDE_PATH"}) {
    if (const char* more = std::getenv(variable)) places += std::string{":"} + more;
  }
  if (const char* more = std::getenv("CMAKE_PREFIX_PATH")) places += std::string{":"} + more + "/include";
  std::istringstream directories{places};
  for (std::string directory; std::getline(directories, directory, ':');) {
    if (::access((directory + "/" + name).c_str(), R_OK) == 0) return true;
  }
  return false;
}

std::string compiler() {
  const char* chosen = std::getenv("CXX");
  return chosen != nullptr && *chosen != '\0' ? chosen : "c++";
}

std::vector<std::string> missing_names() {
  constexpr std::array<std::pair<const char*, const char*>, 8> headers{{{"libcaf-dev", "caf/all.hpp"},
                                                                        {"libboost-dev", "boost/version.hpp"},
                                                                        {"libmsgpack-cxx-dev", "msgpack.hpp"},
                                                                        {"libre2-dev", "re2/re2.h"},
                                                                        {"libhiredis-dev", "hiredis/hiredis.h"},
                                                                        {"libssl-dev", "openssl/ssl.h"},
                                                                        {"nlohmann-json3-dev", "nlohmann/json.hpp"},
                                                                        {"libgtest-dev", "gtest/gtest.h"}}};
  std::vector<std::string> all;
  if (!is_in_path(compiler())) all.emplace_back("g++");
  if (!is_in_path("cmake")) all.emplace_back("cmake");
  if (!is_in_path("ninja")) all.emplace_back("ninja-build");
  for (const auto& [package, header] : headers) {
    if (!has_header(header)) all.emplace_back(package);
  }
  return all;
}

// --- building

/// A file without a name, for what a program says.
class quiet_output {
public:
  quiet_output() : file_(std::tmpfile()) {
    if (file_ == nullptr) throw programs::output_error("no temporary file can be made");
  }
  ~quiet_output() { std::fclose(file_); }
  quiet_output& operator=(quiet_output&&) = delete;

  int descriptor() const { return ::fileno(file_); }
  void show() const {
    std::rewind(file_);
    std::array<char, 4096> piece{};
    for (std::size_t n = 0; (n = std::fread(piece.data(), 1, piece.size(), file_)) > 0;)
      std::fwrite(piece.data(), 1, n, stderr);
  }

private:
  std::FILE* file_;
};

/// Says what is missing, and what a program has said before it failed.
[[noreturn]] void fail_for_want(const std::string& why) {
  const std::string missing = missing_packages();
  throw usage_error(missing.empty() ? why : missing);
}

/// Configures what has not been configured. False when CMake has refused, which it has said then.
bool configure(children& all, const std::function<void()>& meanwhile) {
  for (const char* program : {"cmake", "ninja"}) {
    if (!is_in_path(program)) fail_for_want(std::string{"there is no "} + program);
  }
  if (fs::exists("build/build.ninja") || fs::exists("build/Makefile")) return true;
  const quiet_output said;
  const int code = all.run({.command = {"cmake", "-G", "Ninja", "-B", "build", "-D", "CMAKE_BUILD_TYPE=Debug", "-D",
                                        "CMAKE_PREFIX_PATH=" + install_prefix().string()},
                            .out = said.descriptor(),
                            .errors_too = true},
                           meanwhile);
  if (code == 0) return true;
  said.show();
  if (!missing_packages().empty()) fail_for_want("");
  if (fs::exists(install_prefix() / "CMakeCache.txt"))
    throw usage_error(
        "this `swill` belongs to a build, not to an installation: `./dev install PREFIX`, then PREFIX/bin/swill");
  return false;
}

/// One build of this project at a time, whoever else runs `swill dev` or `swill test` in it.
class build_turn {
public:
  build_turn(children& all, const std::function<void()>& meanwhile) : directory_(::open(".", O_RDONLY | O_CLOEXEC)) {
    while (::flock(directory_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      all.wait(milliseconds{100});
      if (meanwhile) meanwhile();
    }
  }
  ~build_turn() { ::close(directory_); }
  build_turn& operator=(build_turn&&) = delete;

private:
  int directory_;
};

/// A build that writes to a pipe which nobody reads is ended by that, and so is this program.
void require_reader() {
  pollfd out{STDOUT_FILENO, 0, 0};
  if (::poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0)
    throw programs::output_error("standard output: " + std::generic_category().message(EPIPE));
}

bool build(children& all, const std::vector<std::string>& targets, const std::function<void()>& meanwhile) {
  const build_turn alone{all, meanwhile};
  if (!configure(all, meanwhile)) return false;
  // Ninja itself where it is: it ends its compilers when it is told to end, and CMake would not tell it.
  const bool is_ninja = fs::exists("build/build.ninja");
  std::vector<std::string> command{"ninja", "-C", "build"};
  if (!is_ninja) command = {"cmake", "--build", "build"};
  if (!is_ninja && !targets.empty()) command.emplace_back("--target");
  command.insert(command.end(), targets.begin(), targets.end());
  const bool is_built = all.run({.command = std::move(command)}, meanwhile) == 0;
  if (!is_built) require_reader();
  return is_built;
}

// --- looking for changes

using stamp = std::pair<fs::file_time_type, std::uintmax_t>; ///< time and size
using stamps = std::map<std::string, stamp>;

stamp stamp_of(const fs::path& path) {
  std::error_code ignored;
  return {fs::last_write_time(path, ignored), fs::file_size(path, ignored)};
}

bool is_watched(const fs::path& path) {
  static constexpr std::array endings{".cpp", ".cc", ".cxx", ".c",   ".hpp",  ".hh",
                                      ".hxx", ".h",  ".inc", ".ipp", ".cmake"};
  const std::string ending = path.extension(), name = path.filename();
  return name == "CMakeLists.txt" || name == "swill.json" ||
         std::find(endings.begin(), endings.end(), ending) != endings.end();
}

/// The sources of the project: what a compiler or CMake reads. Not below hidden directories, build* and node_modules.
stamps look() {
  stamps all;
  std::error_code failed;
  std::size_t seen = 0;
  for (fs::recursive_directory_iterator i{".", fs::directory_options::skip_permission_denied, failed}, end;
       !failed && i != end; i.increment(failed)) {
    const std::string name = i->path().filename();
    if (i->is_directory(failed)) {
      if (name.starts_with('.') || name.starts_with("build") || name == "node_modules") i.disable_recursion_pending();
    } else if (is_watched(i->path())) {
      all.emplace(i->path(), stamp_of(i->path()));
    }
    if (++seen > most_files)
      throw usage_error("this directory has more than 20,000 files: not a project, or more than `swill dev` looks at");
  }
  return all;
}

// --- the program

/// Runs the program, and passes on what it prints. What its lines say of where it listens is taken from them.
class running_program {
public:
  explicit running_program(children& all) : all_(all) {}
  ~running_program() { close_output(); }
  running_program& operator=(running_program&&) = delete;

  void start(const project& p, const std::vector<std::string>& more) {
    end();
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error("no pipe can be made");
    ::fcntl(ends[1], F_SETFL, 0); // the program waits while nobody reads
    std::vector<std::string> command{"build/" + p.program};
    command.insert(command.end(), p.arguments.begin(), p.arguments.end());
    command.insert(command.end(), more.begin(), more.end());
    // Whoever edits shall not wait for streams that are open, and shall see what goes wrong.
    child_ = all_.start({.command = std::move(command),
                         .variables = {{"SWILL_DRAIN_TIMEOUT", "500"}, {"SWILL_DEBUG", "true"}},
                         .out = ends[1],
                         .keeps_nothing = program_patience});
    ::close(ends[1]);
    output_ = ends[0];
  }
  void end() {
    constexpr milliseconds more{1000}; // it ends what is left of the program
    if (is_running()) all_.end(child_, program_patience + more);
    pass_on();
    close_output();
    if (child_ > 0) all_.take_status(child_);
    child_ = 0;
    url_.clear();
    page_.clear();
  }

  bool is_running() const { return child_ > 0 && all_.is_running(child_); }
  /// It was started, and has ended by itself; with what. Once.
  std::optional<int> ended() {
    if (child_ <= 0 || is_running()) return std::nullopt;
    pass_on();
    return all_.take_status(std::exchange(child_, 0));
  }
  int output() const { return output_; }
  /// Where clients connect, and where its playground is; empty: it has not said so yet.
  const std::string& url() const { return url_; }
  const std::string& playground() const { return page_; }

  void pass_on() {
    std::array<char, 16384> piece{};
    for (ssize_t n = 0; output_ >= 0 && (n = ::read(output_, piece.data(), piece.size())) != 0;) {
      if (n < 0) return;
      programs::print({piece.data(), static_cast<std::size_t>(n)});
      line_.append(piece.data(), static_cast<std::size_t>(n));
      take_lines();
    }
    close_output();
  }

private:
  void take_lines() {
    programs::flush_output();
    for (std::size_t end = 0; (end = line_.find('\n')) != std::string::npos; line_.erase(0, end + 1)) {
      const std::string_view line{line_.data(), end};
      if (url_.empty()) url_ = address_after(line, "Swill listens on ");
      if (page_.empty()) page_ = address_after(line, "Its playground is at ");
    }
    if (line_.size() > longest_line) line_.clear();
  }
  /// The lines may stand in JSON.
  static std::string address_after(std::string_view line, std::string_view words) {
    const auto at = line.find(words);
    if (at == std::string_view::npos) return {};
    const std::string_view rest = line.substr(at + words.size());
    return std::string{rest.substr(0, rest.find_first_of(",\"\\ "))};
  }
  void close_output() {
    if (output_ >= 0) ::close(std::exchange(output_, -1));
  }

  children& all_;
  pid_t child_ = 0;
  int output_ = -1;
  std::string line_, url_, page_;
};

class developer {
public:
  developer(const options& o, output& out) : given_(o.project), out_(out), program_(all_) {}

  [[noreturn]] void work() {
    for (;;) {
      make();
      do {
        wait_for_next_look();
      } while (look() == seen_);
      say("something has changed");
    }
  }

private:
  void wait_for_next_look() {
    const auto next = steady_clock::now() + look_interval;
    for (auto left = look_interval; left.count() > 0;
         left = std::chrono::ceil<milliseconds>(next - steady_clock::now())) {
      all_.wait(left, program_.output());
      serve();
    }
  }
  void say(const std::string& text) { out_.note("swill dev: " + text + "\n"); }

  /// Builds, and runs what has come of it. What was there before goes on until then, and where the new one does not build.
  void make() {
    seen_ = look();
    try {
      project_ = read_project();
    } catch (const usage_error& e) {
      if (!project_) throw;
      return say(e.what());
    }
    const auto begin = steady_clock::now();
    if (!fs::exists("build/" + project_->program))
      say("builds " + project_->program +
          " for the first time: CMake, then all that it uses of Swill; that takes a minute or several");
    // On a terminal ninja says itself how far it is.
    auto next_line = ::isatty(STDOUT_FILENO) != 0 ? steady_clock::time_point::max() : begin + still_interval;
    const auto meanwhile = [&] {
      serve();
      if (steady_clock::now() < next_line) return;
      const auto so_far = std::chrono::duration_cast<std::chrono::seconds>(next_line - begin);
      say("still building " + project_->program + " after " + std::to_string(so_far.count()) + " s");
      next_line += still_interval;
    };
    if (!build(all_, {project_->program}, meanwhile)) {
      return say(program_.is_running() ? "it does not build; the program from before goes on"
                                       : "it does not build; an edit tries again");
    }
    const std::string file = "build/" + project_->program;
    const auto now = std::pair{stamp_of(file), project_->arguments};
    if (program_.is_running() && started_ == now) return say("nothing to do");
    started_ = now;
    const auto took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin).count();
    say("built in " + std::to_string(took / 1000) + "." + std::to_string(took / 100 % 10) + " s");
    program_.start(*project_, given_.arguments);
    is_announced_ = false;
  }

  /// What is due beside building and looking: the program's output, and the client once the program listens.
  void serve() {
    program_.pass_on();
    if (const auto code = program_.ended())
      say(project_->program + " has ended with " + std::to_string(*code) + "; an edit starts it again");
    if (is_announced_ || program_.url().empty()) return;
    is_announced_ = true;
    make_client();
    say(program_.playground().empty() ? "ready; Ctrl-C ends it"
                                      : "ready; the playground is at " + program_.playground() + "; Ctrl-C ends it");
  }

  void make_client() {
    const std::string& file = project_->client;
    if (file.empty()) return;
    const stamp before = stamp_of(file);
    const std::string self = fs::read_symlink("/proc/self/exe");
    const int code = all_.run({.command = {self, "gen", file.ends_with(".ts") ? "ts" : "js", program_.url(), "-o", file,
                                           "--timeout", "10s"}});
    if (code == 0 && stamp_of(file) != before) say(file + " is new");
    if (code != 0) say(file + " stays as it was");
  }

  const project_options& given_;
  output& out_;
  children all_;
  running_program program_;
  std::optional<project> project_;
  std::pair<stamp, std::vector<std::string>> started_;
  stamps seen_;
  bool is_announced_ = true;
};

} // namespace

std::string missing_packages() {
  std::string names;
  for (const std::string& name : missing_names()) names += " " + name;
  return names.empty() ? names : "packages are missing: sudo apt-get install --no-install-recommends" + names;
}

project read_project() {
  const auto text = programs::read_small_file("project", "swill.json", pipes::refused);
  if (!text)
    throw usage_error("there is no swill.json here: it is in the directory of a project, which `swill new NAME` makes");
  try {
    const auto j = nlohmann::json::parse(*text);
    project p{j.at("program"), j.value("arguments", std::vector<std::string>{}), j.value("client", std::string{})};
    if (p.program.empty() || p.program.find('/') != std::string::npos)
      throw usage_error("swill.json: 'program' is the name of a target of CMake");
    return p;
  } catch (const nlohmann::json::exception&) {
    throw usage_error(
        R"(swill.json is no JSON object with "program", a text, and perhaps "arguments", a list of texts, and "client", a text)");
  }
}

void develop(const options& o, output& out) { developer{o, out}.work(); }

exit_code test_project(const options& o, output& out) {
  static_cast<void>(read_project());
  children all;
  const auto fail = [&out](const std::string& why) {
    const std::string missing = missing_packages();
    out.note("swill test: " + why + (missing.empty() ? "" : "; " + missing) + "\n");
    return exit_code::usage;
  };
  if (!build(all, {}, {})) return fail("it does not build");
  std::vector<std::string> command{"ctest", "--test-dir", "build", "--output-on-failure", "--no-tests=error"};
  command.insert(command.end(), o.project.arguments.begin(), o.project.arguments.end());
  return all.run({.command = std::move(command)}) == 0 ? exit_code::ok : fail("a test has failed, or there is none");
}

} // namespace swill::cli
