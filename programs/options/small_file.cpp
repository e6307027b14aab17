#include "programs/options/small_file.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace swill::programs {

namespace {

/// The one who reads, and the names that errors say.
class small_file_reader {
public:
  small_file_reader(const std::string& option, const std::string& path) : option_(option), path_(path) {
    // O_NONBLOCK: opening a FIFO that nobody writes, or a device, must not wait before it is known what it is.
    fd_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd_ < 0 && errno != ENOENT) fail(errno);
    struct stat link {};
    if (fd_ < 0 && ::lstat(path.c_str(), &link) == 0) fail(ENOENT);
  }
  small_file_reader& operator=(small_file_reader&&) = delete;
  ~small_file_reader() {
    if (fd_ >= 0) ::close(fd_);
  }

  bool is_open() const noexcept { return fd_ >= 0; }

  std::string read(pipes p) const {
    struct stat what {};
    if (::fstat(fd_, &what) != 0) fail(errno);
    const bool is_pipe = p == pipes::read && S_ISFIFO(what.st_mode);
    if (!S_ISREG(what.st_mode) && !is_pipe)
      fail(p == pipes::read ? "is neither a regular file nor a pipe" : "is no regular file");
    std::string text(largest_small_file + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
      const ssize_t n = ::read(fd_, text.data() + size, text.size() - size);
      if (n > 0) {
        size += static_cast<std::size_t>(n);
      } else if (n == 0 && size == 0 && is_pipe && wait_for_writer()) {
        continue;
      } else if (n == 0) {
        text.resize(size);
        return text;
      } else if (errno == EAGAIN) {
        wait();
      } else if (errno != EINTR) {
        fail(errno);
      }
    }
    fail("is larger than 64 KiB");
  }

private:
  [[noreturn]] void fail(const std::string& why) const { throw file_error(option_ + ": " + path_ + " " + why); }
  [[noreturn]] void fail(int number) const { fail("cannot be read: " + std::generic_category().message(number)); }

  short wait() const {
    pollfd what{fd_, POLLIN, 0};
    if (::poll(&what, 1, -1) < 0 && errno != EINTR) fail(errno);
    return what.revents;
  }
  /// read() sees the end of a FIFO also when nobody has opened the other side yet; poll() waits for that. False: it was written and closed.
  bool wait_for_writer() const { return (wait() & POLLIN) != 0; }

  const std::string& option_;
  const std::string& path_;
  int fd_ = -1;
};

} // namespace

std::optional<std::string> read_small_file(const std::string& option, const std::string& path, pipes p) {
  const small_file_reader from{option, path};
  if (!from.is_open()) return std::nullopt;
  return from.read(p);
}

std::string read_secret(const std::string& option, const std::string& path, std::size_t least,
                        std::string_view trimmed) {
  auto text = read_small_file(option, path, pipes::read);
  if (!text) throw file_error(option + ": there is no file " + path);
  text->erase(text->find_last_not_of(trimmed) + 1);
  if (text->size() < least)
    throw file_error(option + ": " + path + " holds no secret of at least " + std::to_string(least) +
                     (least == 1 ? " byte" : " bytes"));
  return std::move(*text);
}

} // namespace swill::programs
