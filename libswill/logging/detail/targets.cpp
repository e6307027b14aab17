#include "libswill/logging/detail/targets.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>

#include <memory>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace swill::detail {

namespace {

class copied_descriptor {
public:
  explicit copied_descriptor(int of) noexcept : number_(::fcntl(of, F_DUPFD_CLOEXEC, 3)) {}
  copied_descriptor(const copied_descriptor&) = delete;
  copied_descriptor& operator=(const copied_descriptor&) = delete;
  ~copied_descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const noexcept { return number_; }

private:
  int number_;
};

constexpr std::size_t most_files = 10'000;

/// To open a pipe would wait for its reader, and spdlog renames what it is given.
void check_file(const std::string& path, std::size_t size, std::size_t old_files) {
  struct stat s {};
  if (::stat(path.c_str(), &s) == 0 && !S_ISREG(s.st_mode))
    throw std::invalid_argument("the log cannot be written to " + path + ": it is no regular file");
  if (size == 0) throw std::invalid_argument("the size of the log's file is 0");
  if (old_files > most_files)
    throw std::invalid_argument("more than " + std::to_string(most_files) + " old files of the log");
}

} // namespace

line_writer::target descriptor_target(int descriptor) {
  return [copy = std::make_shared<copied_descriptor>(descriptor)](const std::string& line) {
    return write_line(copy->number(), line);
  };
}

line_writer::target file_target(const std::string& path, std::size_t size, std::size_t old_files) {
  check_file(path, size, old_files);
  std::shared_ptr<spdlog::sinks::sink> file;
  try {
    file = std::make_shared<spdlog::sinks::rotating_file_sink_st>(path, size, old_files); // one thread writes
  } catch (const spdlog::spdlog_ex& e) {
    throw std::runtime_error(std::string{"the log: "} + e.what());
  }
  // The line is whole already; spdlog escapes nothing.
  file->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::utc, ""));
  return [file](const std::string& line) {
    try {
      file->log({spdlog::string_view_t{}, spdlog::level::info, line});
      file->flush(); // or nobody would know that the disk is full
      return true;
    } catch (...) {
      return false;
    }
  };
}

} // namespace swill::detail
