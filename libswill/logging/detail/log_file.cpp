#include "libswill/logging/detail/log_file.hpp"

#include "libswill/base/line_writer.hpp"

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace swill::detail {

namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

constexpr std::size_t most_files = 10'000;
constexpr std::chrono::seconds between_tries{1};

/// True also where there is nothing to rename.
bool renamed(const fs::path& from, const fs::path& to) {
  return ::rename(from.c_str(), to.c_str()) == 0 || errno == ENOENT;
}

[[noreturn]] void fail(const fs::path& path, const std::string& why) {
  throw std::runtime_error("the log cannot be written to " + path.string() + ": " + why);
}

} // namespace

log_file::log_file(fs::path path, std::size_t size, std::size_t old_files)
    : path_(std::move(path)), most_(size), old_files_(old_files) {
  std::error_code ec;
  if (const auto there = fs::status(path_, ec); fs::exists(there) && !fs::is_regular_file(there))
    throw std::invalid_argument("the log cannot be written to " + path_.string() + ": it is no regular file");
  if (size == 0) throw std::invalid_argument("the size of the log's file is 0");
  if (old_files > most_files)
    throw std::invalid_argument("more than " + std::to_string(most_files) + " old files of the log");
  if (!open()) fail(path_, std::generic_category().message(errno));
  const fs::path in = path_.has_parent_path() ? path_.parent_path() : fs::path{"."};
  if (old_files != 0 && ::access(in.c_str(), W_OK) != 0) {
    const std::string why = std::generic_category().message(errno);
    close();
    fail(path_, "when it is full it could not be renamed in " + in.string() + " (" + why +
                    "); a directory of its own, or no old files, would be right");
  }
}

log_file::~log_file() { close(); }

void log_file::close() noexcept {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

/// Directories that are missing are made. What does not open at once is no file: a pipe without a reader.
bool log_file::open() {
  std::error_code ec;
  if (path_.has_parent_path()) fs::create_directories(path_.parent_path(), ec);
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0666);
  if (descriptor_ < 0) return false;
  struct stat s {};
  if (::fstat(descriptor_, &s) != 0 || !S_ISREG(s.st_mode)) {
    close();
    errno = EINVAL;
    return false;
  }
  size_ = static_cast<std::size_t>(s.st_size);
  return true;
}

bool log_file::write(const std::string& line) {
  if (!has_room_for(line)) return false;
  if (line_output{descriptor_}.write(line)) {
    size_ += line.size();
    return true;
  }
  // The half that the disk had room for goes again. Where even that fails, the next line tells where the file ends.
  struct stat s {};
  if (::ftruncate(descriptor_, static_cast<off_t>(size_)) != 0 && ::fstat(descriptor_, &s) == 0)
    size_ = static_cast<std::size_t>(s.st_size);
  return false;
}

bool log_file::has_room_for(const std::string& line) {
  const bool is_full = size_ != 0 && size_ + line.size() > most_;
  if (descriptor_ >= 0 && !is_full) return true;
  const auto now = steady_clock::now();
  if (now < next_try_) return false;
  next_try_ = now + between_tries;
  if (descriptor_ >= 0) {
    if (old_files_ == 0 && is_in_place()) {
      if (::ftruncate(descriptor_, 0) != 0) return false;
      size_ = 0;
      next_try_ = {};
      return true;
    }
    // Somebody else has moved or removed it: then there is nothing to rename.
    if (is_in_place() && !rename_all()) return false;
    close();
  }
  if (!open()) return false;
  next_try_ = {};
  return size_ == 0 || size_ + line.size() <= most_;
}

bool log_file::is_in_place() const noexcept {
  struct stat mine {
  }, there{};
  return ::fstat(descriptor_, &mine) == 0 && ::stat(path_.c_str(), &there) == 0 && mine.st_ino == there.st_ino &&
         mine.st_dev == there.st_dev;
}

/// From the oldest on, so that nothing is lost where one cannot be renamed.
bool log_file::rename_all() const {
  for (std::size_t n = old_files_ - 1; n > 0; --n)
    if (!renamed(old(n), old(n + 1))) return false;
  return renamed(path_, old(1));
}

fs::path log_file::old(std::size_t number) const {
  fs::path name = path_.stem();
  name += "." + std::to_string(number);
  name += path_.extension();
  return path_.parent_path() / name;
}

} // namespace swill::detail
