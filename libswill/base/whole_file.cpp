#include "libswill/base/whole_file.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace swill {

namespace {

constexpr std::size_t piece = 4096; ///< by which room is made for what comes of a pipe

error unusable(std::string why) { return {error_code::bad_request, std::move(why)}; }
error unreadable(int number) { return unusable("cannot be read: " + std::generic_category().message(number)); }

std::string in_words(std::size_t bytes) {
  constexpr std::size_t kib = 1024, mib = kib * kib;
  if (bytes % mib == 0) return std::to_string(bytes / mib) + " MiB";
  if (bytes % kib == 0) return std::to_string(bytes / kib) + " KiB";
  return std::to_string(bytes) + " bytes";
}

/// A descriptor that is closed again.
class opened_file {
public:
  // O_NONBLOCK: opening a FIFO that nobody writes, or a device, must not wait before it is known what it is.
  explicit opened_file(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) {}
  opened_file& operator=(opened_file&&) = delete;
  ~opened_file() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const noexcept { return fd_; }

private:
  int fd_;
};

/// What poll(2) says of a pipe once it can be read or has been closed; 0 when the time is over.
short wait_to_read(int fd, std::chrono::steady_clock::time_point until) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd what{fd, POLLIN, 0};
    const int n = ::poll(&what, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (n >= 0 || errno != EINTR) return what.revents;
  }
}

} // namespace

result<std::string> read_whole_file(const std::string& path, std::size_t most, pipes p) {
  const opened_file from{path};
  const int fd = from.fd();
  struct stat what {};
  if (fd < 0) {
    const int why = errno;
    const bool is_missing = why == ENOENT && ::lstat(path.c_str(), &what) != 0;
    return is_missing ? error{error_code::not_found, unreadable(why).message} : unreadable(why);
  }
  if (::fstat(fd, &what) != 0) return unreadable(errno);
  const bool is_pipe = p == pipes::read && S_ISFIFO(what.st_mode);
  if (!S_ISREG(what.st_mode) && !is_pipe)
    return unusable(p == pipes::read ? "is neither a regular file nor a pipe" : "is no regular file");
  const std::size_t likely = is_pipe ? piece : std::min(static_cast<std::size_t>(what.st_size), most);
  std::string text(likely + 1, '\0');
  std::size_t size = 0;
  const auto until = std::chrono::steady_clock::now() + pipe_patience;
  const auto late = [] {
    return unusable("is a pipe that nobody has written and closed within " + std::to_string(pipe_patience.count()) +
                    " s");
  };
  while (size <= most) {
    if (size == text.size())
      text.resize(std::min(most + 1, 2 * size + piece)); // a pipe, or a file that has grown meanwhile
    const ssize_t n = ::read(fd, text.data() + size, text.size() - size);
    if (n > 0) {
      size += static_cast<std::size_t>(n);
    } else if (n == 0) {
      // The end of a FIFO is also read while nobody has opened its other side: poll(2) waits for that.
      if (size == 0 && is_pipe) {
        const short seen = wait_to_read(fd, until);
        if (seen == 0) return late();
        if ((seen & POLLIN) != 0) continue;
      }
      text.resize(size);
      return text;
    } else if (errno == EAGAIN && !is_pipe) {
      return unusable("is no file with an end: it would have to be waited for"); // such as /proc/kmsg
    } else if (errno == EAGAIN) {
      if (wait_to_read(fd, until) == 0) return late();
    } else if (errno != EINTR) {
      return unreadable(errno);
    }
  }
  return unusable("is larger than " + in_words(most));
}

} // namespace swill
