#include "libswill/net/http/file_root.hpp"

#include "libswill/base/process.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace swill::net::http {

namespace {

// A pipe or device in the directory must neither hold the thread nor become our terminal.
constexpr int to_read = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
// What openat2 is asked again when a directory was renamed meanwhile (EAGAIN, openat2(2)).
constexpr int attempts = 8;

// Kernels before 5.6 do not know it, and containers may forbid it.
std::atomic<bool> has_openat2{true};

open_file failure(int error) noexcept {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case EINVAL:
    case ELOOP: // a link that may not be followed, or too many of them
    case EXDEV: // it leads out of the directory
    case ENXIO: // a socket
      return {open_file::kind::missing, error};
    case EACCES:
    case EPERM: return {open_file::kind::forbidden, error};
    default: return {open_file::kind::failed, error};
  }
}

/// -1 with errno; ENOSYS where there is no such call.
int open_beneath(int root, const char* name) noexcept {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(to_read);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  int fd = -1;
  for (int i = 0; i < attempts; ++i) {
    fd = static_cast<int>(::syscall(SYS_openat2, root, name, &how, sizeof how));
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) break;
  }
  return fd;
}

/// A file holds a descriptor for as long as its client takes to read it, and clients can have very many read.
open_file kept(int fd) noexcept {
  if (may_keep(fd, descriptor_use::file)) return open_file{fd};
  ::close(fd);
  return {open_file::kind::failed, EMFILE};
}

} // namespace

open_file::open_file(int fd) noexcept : fd_(fd) {
  struct stat s {};
  if (::fstat(fd, &s) != 0) {
    what_ = kind::failed;
    error_ = errno;
    return;
  }
  if (S_ISDIR(s.st_mode)) what_ = kind::directory;
  if (!S_ISREG(s.st_mode)) return;
  what_ = kind::regular;
  size_ = static_cast<std::uint64_t>(s.st_size);
  changed_ = s.st_mtim.tv_sec * nanoseconds + s.st_mtim.tv_nsec;
}

open_file& open_file::operator=(open_file&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(what_, other.what_);
  std::swap(error_, other.error_);
  std::swap(size_, other.size_);
  std::swap(changed_, other.changed_);
  return *this;
}

open_file::~open_file() {
  if (fd_ >= 0) ::close(fd_);
}

std::size_t open_file::read(std::uint64_t at, std::byte* to, std::size_t room) const noexcept {
  std::size_t have = 0;
  while (have < room) {
    const ssize_t n = ::pread(fd_, to + have, room - have, static_cast<off_t>(at + have));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    have += static_cast<std::size_t>(n);
  }
  return have;
}

int file_root::open_root() const noexcept { return ::open(directory_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); }

open_file file_root::open(const std::string& name) const {
  if (name.find('\0') != std::string::npos) return {};
  if (!has_openat2.load(std::memory_order_relaxed)) return open_by_parts(name);
  const int root = open_root();
  if (root < 0) return {open_file::kind::failed, errno};
  const int fd = open_beneath(root, name.empty() ? "." : name.c_str());
  const int error = errno;
  ::close(root);
  if (fd >= 0) return kept(fd);
  if (error != ENOSYS && error != EPERM) return failure(error);
  // Where the call is forbidden, the plain one is not, and says so itself where it is.
  if (error == ENOSYS) has_openat2.store(false, std::memory_order_relaxed);
  return open_by_parts(name);
}

open_file file_root::open_by_parts(const std::string& name) const {
  int at = open_root();
  if (at < 0) return {open_file::kind::failed, errno};
  for (std::size_t begin = 0; begin < name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const std::string part = name.substr(begin, end - begin);
    const bool is_last = end == name.size();
    begin = end + 1;
    // A directory is only passed, so that it need not be readable.
    const int fd = part.empty() || part == "." || part == ".." || part.find('\0') != std::string::npos
                       ? (errno = ENOENT, -1)
                       : ::openat(at, part.c_str(),
                                  is_last ? to_read | O_NOFOLLOW : O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    const int error = errno;
    ::close(at);
    if (fd < 0) return failure(error);
    at = fd;
  }
  return kept(at);
}

} // namespace swill::net::http
