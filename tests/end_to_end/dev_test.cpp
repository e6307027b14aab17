#include "tests/end_to_end/program.hpp"
#include "tests/support/patience.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include <poll.h>
#include <unistd.h>

// `swill dev` with a project whose program is a script: what is left of it when somebody kills it.

namespace swill::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

template <class F>
bool becomes_true(F holds, std::chrono::milliseconds most) {
  const auto end = std::chrono::steady_clock::now() + patient(most);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    ::poll(nullptr, 0, 10);
  }
  return true;
}

std::optional<pid_t> number_in(const fs::path& file) {
  pid_t n = 0;
  return std::ifstream{file} >> n ? std::optional{n} : std::nullopt;
}

/// Runs; one that has ended, and whose parent has not asked how, does not.
bool is_alive(pid_t p) {
  std::ifstream stat{"/proc/" + std::to_string(p) + "/stat"};
  std::string number, name, state;
  return stat >> number >> name >> state && state != "Z";
}

/// A project that is built by a copy; its program does not heed SIGTERM, nor does what that has started in a session of its own.
struct stubborn_project {
  stubborn_project() {
    fs::create_directories(directory / "build");
    std::ofstream{directory / "swill.json"} << R"({"program": "stubborn"})";
    std::ofstream{directory / "build/build.ninja"}
        << "rule copy\n  command = cp -p $in $out\nbuild stubborn: copy ../script\n";
    std::ofstream{directory / "script"}
        << "#!/bin/sh\ntrap '' TERM HUP INT\n"
           "setsid sh -c \"trap '' TERM HUP INT; echo \\$\\$ > other; while :; do sleep 1; done\" &\n"
           "echo $$ > one\nwhile :; do sleep 1; done\n";
    fs::permissions(directory / "script", fs::perms::owner_all);
  }
  ~stubborn_project() {
    for (const char* name : {"one", "other"}) {
      if (const auto p = number_in(directory / name); p && is_alive(*p)) ::kill(*p, SIGKILL);
    }
    fs::remove_all(directory);
  }
  const fs::path directory = fs::temp_directory_path() / ("swill-stubborn-" + std::to_string(::getpid()));
};

bool has(const char* program) {
  return std::system((std::string{"command -v "} + program + " > /dev/null").c_str()) == 0;
}

enum class killed { parent, child };

class KilledDev : public testing::TestWithParam<killed> {};

/// `swill dev` in it, once both programs run.
struct running_dev {
  explicit running_dev(const stubborn_project& p)
      : dev{"/bin/sh", {"-c", "cd '" + p.directory.string() + "' && exec '" + program_directory() + "/swill' dev"}} {
    if (!becomes_true([&] { return number_in(p.directory / "one") && number_in(p.directory / "other"); }, 20s))
      throw std::runtime_error("the project does not run");
    one = *number_in(p.directory / "one");
    other = *number_in(p.directory / "other");
    const std::string self = std::to_string(dev.pid());
    child = number_in("/proc/" + self + "/task/" + self + "/children").value();
  }
  program dev;
  pid_t one = 0, other = 0, child = 0;
};

TEST_P(KilledDev, LeavesNothing) {
  if (!has("ninja") || !has("cmake") || !has("setsid")) GTEST_SKIP() << "there is no ninja, cmake or setsid";
  const stubborn_project project;
  running_dev r{project};

  ::kill(GetParam() == killed::parent ? r.dev.pid() : r.child, SIGKILL);

  EXPECT_TRUE(becomes_true([&] { return !is_alive(r.one) && !is_alive(r.other) && !is_alive(r.child); }, 15s));
  EXPECT_EQ(r.dev.finish().code, 128 + SIGKILL);
}

TEST(StoppedDev, EndsWhenItIsToldToThoughItsChildStandsStill) {
  if (!has("ninja") || !has("cmake") || !has("setsid")) GTEST_SKIP() << "there is no ninja, cmake or setsid";
  const stubborn_project project;
  running_dev r{project};
  ::kill(r.child, SIGSTOP);

  ::kill(r.dev.pid(), SIGTERM);

  EXPECT_TRUE(becomes_true([&] { return !is_alive(r.one) && !is_alive(r.other); }, 15s));
  EXPECT_EQ(r.dev.finish().code, 130);
}

/// A project that is built by a copy; its program is what `script` says after the first line.
struct script_project {
  explicit script_project(const std::string& name)
      : directory(fs::temp_directory_path() / ("swill-" + name + std::to_string(::getpid()))) {
    fs::create_directories(directory / "build");
    std::ofstream{directory / "swill.json"} << R"({"program": "script"})";
    std::ofstream{directory / "build/build.ninja"}
        << "rule copy\n  command = cp -p $in $out\nbuild script: copy ../script.cpp\n";
  }
  ~script_project() {
    for (const char* name : {"one", "other"}) {
      if (const auto p = number_in(directory / name); p && is_alive(*p)) ::kill(*p, SIGKILL);
    }
    fs::remove_all(directory);
  }
  void write(const std::string& script) const {
    const fs::path file = directory / "script.cpp"; // which `swill dev` looks at
    std::ofstream{file} << "#!/bin/sh\n" << script;
    fs::permissions(file, fs::perms::owner_all);
  }
  std::vector<std::string> dev(const std::string& more = {}) const {
    return {"-c", "cd '" + directory.string() + "' && exec '" + program_directory() + "/swill' dev" + more};
  }
  const fs::path directory;
};

TEST(Dev, EndsWhatTheOldProgramHasStarted) {
  if (!has("ninja") || !has("cmake") || !has("setsid")) GTEST_SKIP() << "there is no ninja, cmake or setsid";
  const script_project p{"daemon"};
  p.write("(setsid sh -c \"trap '' TERM; echo \\$\\$ > other; while :; do sleep 1; done\" &)\nexec sleep 600\n");
  program dev{"/bin/sh", p.dev()};
  ASSERT_TRUE(becomes_true([&] { return number_in(p.directory / "other").has_value(); }, 20s));
  const pid_t other = *number_in(p.directory / "other"); // its parent has ended

  p.write("echo $$ > one\nexec sleep 600\n");

  EXPECT_TRUE(becomes_true([&] { return number_in(p.directory / "one").has_value(); }, 20s));
  EXPECT_FALSE(is_alive(other));
  dev.signal(SIGTERM);
  EXPECT_EQ(dev.finish().code, 130);
}

TEST(Dev, EndsWhereItsOutputIsNotTaken) {
  if (!has("ninja") || !has("cmake") || !has("bash")) GTEST_SKIP() << "there is no ninja, cmake or bash";
  const script_project p{"full"};
  p.write("echo $$ > one\necho hello\nexec sleep 600\n");

  for (const char* const where : {" > /dev/full", " | true"}) {
    fs::remove(p.directory / "one");
    program dev{"/usr/bin/env", {"bash", "-c", "set -o pipefail; " + p.dev(where)[1]}};
    const auto end = dev.finish();
    EXPECT_EQ(end.code, 12) << where << end.errors;
    EXPECT_TRUE(becomes_true([&] { return !is_alive(number_in(p.directory / "one").value_or(0)); }, 5s)) << where;
  }
}

INSTANTIATE_TEST_SUITE_P(Either, KilledDev, testing::Values(killed::parent, killed::child),
                         [](const auto& k) { return k.param == killed::parent ? "Parent" : "Child"; });

} // namespace
} // namespace swill::test
