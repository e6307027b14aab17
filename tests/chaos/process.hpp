#pragma once

#include "tests/support/child_process.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace swill::chaos {

/// A program that runs beside the test, with its output in a file. Make it on the test's main thread: it ends with the thread that made it.
/// Functions that wait throw std::runtime_error after 20 s.
class process : public test::child_process {
public:
  /// Its output is appended to the file.
  process(std::vector<std::string> command, std::filesystem::path output);

  /// SIGKILL, and waits for its end. Of one that has ended: nothing.
  void kill();
  /// SIGTERM, and waits for its end; its exit code.
  int terminate();
  /// SIGSTOP and SIGCONT.
  void stop() const { signal(SIGSTOP); }
  void resume() const { signal(SIGCONT); }

  /// Resident memory in bytes.
  std::size_t memory() const { return test::memory_of(pid()); }
  /// What it has said until now.
  std::string output() const;

private:
  process(std::vector<std::string> command, std::filesystem::path output, int out);

  std::filesystem::path output_;
};

/// A directory that ends with this object.
class temporary_directory {
public:
  temporary_directory();
  ~temporary_directory();
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }

private:
  std::filesystem::path path_;
};

bool accepts_connections(std::uint16_t port);

/// Runs a command to its end, at most 20 s; its exit code. What it says goes nowhere.
int run(std::vector<std::string> command);

} // namespace swill::chaos
