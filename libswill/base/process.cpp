#include "libswill/base/process.hpp"

#include <cerrno>
#include <csignal>
#include <limits>

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#if __has_include(<malloc.h>)
#include <malloc.h>
#endif

namespace swill {

void prepare_process() noexcept {
  open_standard_descriptors();
  ignore_broken_pipes();
}

namespace {
bool has_no_output = false;
}

void open_standard_descriptors() noexcept {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    if (fd == STDOUT_FILENO) has_no_output = true;
    if (::open("/dev/null", O_RDWR) < 0) return; // the lowest number that is free is the one that open() gives
  }
}

bool has_standard_output() noexcept { return !has_no_output; }

void ignore_broken_pipes() noexcept {
  struct sigaction now {};
  if (::sigaction(SIGPIPE, nullptr, &now) != 0 || (now.sa_flags & SA_SIGINFO) != 0 || now.sa_handler != SIG_DFL) return;
  now.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &now, nullptr);
}

std::size_t raise_descriptor_limit() noexcept {
  rlimit l{};
  if (::getrlimit(RLIMIT_NOFILE, &l) != 0) return 1024;
  if (l.rlim_cur < l.rlim_max) {
    const rlim_t before = l.rlim_cur;
    l.rlim_cur = l.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &l) != 0) l.rlim_cur = before;
  }
  constexpr std::size_t no_limit = std::numeric_limits<int>::max();
  return l.rlim_cur == RLIM_INFINITY || l.rlim_cur > no_limit ? no_limit : static_cast<std::size_t>(l.rlim_cur);
}

std::size_t open_descriptors() noexcept {
  DIR* all = ::opendir("/proc/self/fd");
  if (all == nullptr) return 3;
  std::size_t n = 0;
  while (const dirent* entry = ::readdir(all)) n += entry->d_name[0] != '.' ? 1 : 0;
  ::closedir(all);
  return n > 0 ? n - 1 : 0; // the directory itself
}

namespace {

// How many descriptors no file gets, and how many of these no client: at most half, and an eighth, of those that were free at the start.
constexpr std::size_t kept_from_files = 320;
constexpr std::size_t kept_from_clients = 64;

/// The numbers from which on a descriptor is one of those.
struct descriptor_bounds {
  std::size_t of_files, of_clients;
};

const descriptor_bounds& bounds_of_descriptors() noexcept {
  static const descriptor_bounds bounds = [] {
    const std::size_t all = raise_descriptor_limit();
    const std::size_t free = all - std::min(all, open_descriptors());
    return descriptor_bounds{all - std::min(kept_from_files, free / 2), all - std::min(kept_from_clients, free / 8)};
  }();
  return bounds;
}

} // namespace

void reserve_descriptors() noexcept { bounds_of_descriptors(); }

// The kernel gives the lowest number that is free, so all below a high one are in use.
bool may_keep(int descriptor, descriptor_use use) noexcept {
  const descriptor_bounds& bounds = bounds_of_descriptors();
  return static_cast<std::size_t>(descriptor) < (use == descriptor_use::file ? bounds.of_files : bounds.of_clients);
}

void give_back_memory([[maybe_unused]] loop& l) {
#if defined(__GLIBC__)
  l.offload([] { static_cast<void>(::malloc_trim(0)); });
#endif
}

} // namespace swill
