#include "libswill/logging/detail/targets.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
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

/// Of what goes by without anybody's doing at the path itself: the disk is full, or there are no descriptors.
bool may_pass(int number) noexcept {
  return number == ENOSPC || number == EDQUOT || number == EMFILE || number == ENFILE || number == ENOMEM ||
         number == EIO;
}

[[noreturn]] void fail(const fs::path& path, int number, const std::string& why) {
  const std::string text = "the log cannot be written to " + path.string() + ": " + why;
  if (may_pass(number)) throw std::runtime_error(text);
  throw std::invalid_argument(text);
}

/// A file of lines that is renamed when it is full: "a.log" to "a.1.log", that to "a.2.log", and so on. For one thread.
///
/// Lines that cannot be written are lost, those that were written never: where the file cannot be renamed it stays as it is, and what would
/// make it too large is dropped until it can be. Whatever fails is tried again, renaming and opening once a second at most.
class log_file {
public:
  /// Opens it, for its end. Throws std::invalid_argument for what cannot be, also when the path is none that can be written to, or renamed;
  /// std::runtime_error for what may pass, such as a full disk.
  log_file(fs::path path, std::size_t size, std::size_t old_files)
      : path_(std::move(path)), most_(size), old_files_(old_files) {
    std::error_code ec;
    if (const auto there = fs::status(path_, ec); fs::exists(there) && !fs::is_regular_file(there))
      throw std::invalid_argument("the log cannot be written to " + path_.string() + ": it is no regular file");
    if (size == 0) throw std::invalid_argument("the size of the log's file is 0");
    if (old_files > most_files)
      throw std::invalid_argument("more than " + std::to_string(most_files) + " old files of the log");
    if (!open()) fail(path_, errno, std::generic_category().message(errno));
    const fs::path in = path_.has_parent_path() ? path_.parent_path() : fs::path{"."};
    if (old_files != 0 && ::access(in.c_str(), W_OK) != 0) {
      const int number = errno;
      const std::string why = std::generic_category().message(number);
      close();
      fail(path_, number,
           "when it is full it could not be renamed in " + in.string() + " (" + why +
               "); a directory of its own, or no old files, would be right");
    }
  }
  log_file& operator=(log_file&&) = delete;
  ~log_file() { close(); }

  /// False when the line is lost; nothing of it is in the file then.
  bool write(const std::string& line) {
    if (!has_room_for(line)) return false;
    line_output to{descriptor_};
    if (to.write(line)) {
      size_ += line.size();
      return true;
    }
    // The half that the disk had room for goes again, from where the file ends now: somebody else may have cut it meanwhile.
    struct stat s {};
    if (::fstat(descriptor_, &s) != 0) return false;
    const auto end = static_cast<std::size_t>(s.st_size);
    const std::size_t whole = end - std::min(end, to.torn());
    size_ = whole == end || ::ftruncate(descriptor_, static_cast<off_t>(whole)) == 0 ? whole : end;
    return false;
  }

private:
  /// Directories that are missing are made. What does not open at once is no file: a pipe without a reader.
  bool open() {
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
  void close() noexcept {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }
  bool has_room_for(const std::string& line) {
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
  /// From the oldest on, so that nothing is lost where one cannot be renamed.
  bool rename_all() const {
    for (std::size_t n = old_files_ - 1; n > 0; --n)
      if (!renamed(old(n), old(n + 1))) return false;
    return renamed(path_, old(1));
  }
  bool is_in_place() const noexcept {
    struct stat mine {
    }, there{};
    return ::fstat(descriptor_, &mine) == 0 && ::stat(path_.c_str(), &there) == 0 && mine.st_ino == there.st_ino &&
           mine.st_dev == there.st_dev;
  }
  fs::path old(std::size_t number) const {
    fs::path name = path_.stem();
    name += "." + std::to_string(number);
    name += path_.extension();
    return path_.parent_path() / name;
  }

  const fs::path path_;
  const std::size_t most_;
  const std::size_t old_files_;
  int descriptor_ = -1;
  std::size_t size_ = 0;
  steady_clock::time_point next_try_{};
};

class copied_descriptor {
public:
  explicit copied_descriptor(int of) noexcept : number_(::fcntl(of, F_DUPFD_CLOEXEC, 3)), lines_(number_) {}
  copied_descriptor& operator=(copied_descriptor&&) = delete;
  ~copied_descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  bool write(const std::string& line) noexcept { return lines_.write(line); }

private:
  int number_;
  line_output lines_;
};

void tell_of_loss(const std::string& path, int why) noexcept {
  try {
    print_in_time(STDERR_FILENO, "the log cannot be written to " + path + " (" + std::generic_category().message(why) +
                                     "); its lines are lost until it can\n");
  } catch (...) { // nor the memory to say so
  }
}

} // namespace

line_writer::target descriptor_target(int descriptor) {
  return
      [copy = std::make_shared<copied_descriptor>(descriptor)](const std::string& line) { return copy->write(line); };
}

line_writer::target file_target(const std::string& path, std::size_t size, std::size_t old_files) {
  return [file = std::make_shared<log_file>(path, size, old_files), path,
          is_told = false](const std::string& line) mutable {
    bool is_written = false;
    int why = ENOMEM;
    try {
      errno = 0;
      is_written = file->write(line);
      if (errno != 0) why = errno;
    } catch (...) { // without memory there is no line
    }
    // Whoever looks at the file sees nothing, and what is lost is told there only when there is room again.
    if (!is_written && !std::exchange(is_told, true)) tell_of_loss(path, why);
    if (is_written) is_told = false;
    return is_written;
  };
}

} // namespace swill::detail
