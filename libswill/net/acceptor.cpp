#include "libswill/net/acceptor.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <iterator>
#include <utility>

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>

namespace swill::net {

namespace {

constexpr int accepts_per_turn = 64;
constexpr unsigned turns_until_more = 8; // in which all that it asked for were there
constexpr std::chrono::milliseconds pause_without_descriptors{100};

[[noreturn]] void fail(const listen_address& where) {
  const int why = errno;
  const char* advice = "";
  struct stat there {};
  if (why == EADDRINUSE && where.is_unix() && ::lstat(where.unix_path.c_str(), &there) == 0 && !S_ISSOCK(there.st_mode))
    advice = ", where there is something that is no socket (remove it, or choose another path)";
  else if (why == EADDRINUSE)
    advice = ", where somebody listens already (end that program, or choose another address)";
  throw std::system_error(why, std::generic_category(), "cannot listen on " + where.text() + advice);
}

union any_address {
  sockaddr base;
  sockaddr_in v4;
  sockaddr_in6 v6;
  sockaddr_un local;
};

socklen_t make_address(const listen_address& where, any_address& a) {
  std::memset(&a, 0, sizeof a);
  if (where.is_unix()) {
    a.local.sun_family = AF_UNIX;
    std::memcpy(a.local.sun_path, where.unix_path.c_str(), where.unix_path.size() + 1);
    return sizeof a.local;
  }
  if (where.v6) {
    a.v6.sin6_family = AF_INET6;
    a.v6.sin6_port = htons(where.port);
    ::inet_pton(AF_INET6, where.host.c_str(), &a.v6.sin6_addr);
    return sizeof a.v6;
  }
  a.v4.sin_family = AF_INET;
  a.v4.sin_port = htons(where.port);
  ::inet_pton(AF_INET, where.host.c_str(), &a.v4.sin_addr);
  return sizeof a.v4;
}

/// As inet_ntop has it, which formats by printf.
std::string dotted(const in_addr& a) {
  std::array<unsigned char, 4> parts;
  std::memcpy(parts.data(), &a, parts.size());
  char text[INET_ADDRSTRLEN];
  char* at = text;
  for (const unsigned char part : parts) {
    if (at != text) *at++ = '.';
    at = std::to_chars(at, std::end(text), part).ptr;
  }
  return {text, at};
}

newcomer describe(int fd, const any_address& peer) {
  newcomer n{.fd = fd, .family = peer.base.sa_family, .address = "unix", .port = 0};
  if (n.family == AF_INET) {
    n.address = dotted(peer.v4.sin_addr);
    n.port = ntohs(peer.v4.sin_port);
  } else if (n.family == AF_INET6) {
    char text[INET6_ADDRSTRLEN] = {};
    n.address = ::inet_ntop(AF_INET6, &peer.v6.sin6_addr, text, sizeof text);
    n.port = ntohs(peer.v6.sin6_port);
  } else {
    n.family = AF_UNIX;
  }
  return n;
}

// A socket file that nobody listens on, left behind by a process that died.
bool is_stale(const listen_address& where) {
  struct stat s {};
  if (::lstat(where.unix_path.c_str(), &s) != 0 || !S_ISSOCK(s.st_mode)) return false;
  any_address a;
  const socklen_t size = make_address(where, a);
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return false;
  const bool refused = ::connect(probe, &a.base, size) != 0 && errno == ECONNREFUSED;
  ::close(probe);
  return refused;
}

} // namespace

acceptor::acceptor(event_loop& l, limited_log& log, listen_address where, taker take)
    : loop_(l), log_(log), where_(std::move(where)), take_(std::move(take)) {}

std::shared_ptr<acceptor> acceptor::make(event_loop& l, limited_log& log, const listen_address& where,
                                         const acceptor_options& options, taker take) {
  std::shared_ptr<acceptor> made{new acceptor{l, log, where, std::move(take)}};
  made->bind(options);
  return made;
}

acceptor::~acceptor() { stop(); }

void acceptor::bind(const acceptor_options& options) {
  const int family = where_.is_unix() ? AF_UNIX : where_.v6 ? AF_INET6 : AF_INET;
  fd_ = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd_ < 0) fail(where_);
  const int on = 1;
  if (!where_.is_unix()) {
    ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // Connections inherit what follows.
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const int unsent = static_cast<int>(std::min<std::size_t>(options.kernel_unsent, INT_MAX));
    if (unsent != 0) ::setsockopt(fd_, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
  }
  if (where_.v6) ::setsockopt(fd_, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (where_.is_unix() && is_stale(where_)) ::unlink(where_.unix_path.c_str());

  any_address a;
  socklen_t size = make_address(where_, a);
  if (::bind(fd_, &a.base, size) != 0) fail(where_);
  backlog_ = options.backlog;
  if (where_.is_unix()) bind_unix();
  // What nobody listens at others may take: the file for one that a dead process has left, a port that the kernel has picked for a free one.
  if (where_.is_unix() || where_.port == 0) listen();
  if (where_.is_unix() || ::getsockname(fd_, &a.base, &size) != 0) return;
  where_.port = ntohs(where_.v6 ? a.v6.sin6_port : a.v4.sin_port);
}

void acceptor::bind_unix() {
  struct stat s {};
  if (::lstat(where_.unix_path.c_str(), &s) != 0) return;
  device_ = s.st_dev;
  inode_ = s.st_ino;
}

void acceptor::listen() {
  if (!std::exchange(listens_, true) && ::listen(fd_, backlog_) != 0) fail(where_);
}

void acceptor::start() {
  if (fd_ < 0) return;
  loop_.sockets()->add(*this, fd_, true, false);
  is_watched_ = true;
}

void acceptor::stop() {
  timer::cancel();
  if (fd_ < 0) return;
  if (std::exchange(is_watched_, false) && loop_.sockets() != nullptr) loop_.sockets()->remove(*this, fd_);
  ::close(fd_);
  fd_ = -1;
  struct stat s {};
  if (inode_ != 0 && ::lstat(where_.unix_path.c_str(), &s) == 0 && s.st_dev == device_ && s.st_ino == inode_)
    ::unlink(where_.unix_path.c_str());
}

void acceptor::on_ready(bool, bool, bool) noexcept {
  const auto self = shared_from_this(); // a connection may be the last
  note_input(true);
  try {
    accept_some();
  } catch (...) {
    log_.write_caught("accept", "exception while accepting: ");
  }
}

// To ask for a connection where none waits costs the kernel as much as to accept one: so mostly as many are asked for as lately came together.
void acceptor::accept_some() {
  for (int i = 0; i < at_once_ && fd_ >= 0; ++i) {
    any_address peer;
    socklen_t size = sizeof peer;
    std::memset(&peer, 0, sizeof peer);
    const int fd = ::accept4(fd_, &peer.base, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
      take_(describe(fd, peer));
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      at_once_ = std::max(i, 1);
      in_a_row_ = 0;
      return;
    }
    // What happened to one connection before it was accepted concerns nobody else (accept(2), "Error handling").
    const bool of_one = errno == EINTR || errno == ECONNABORTED || errno == EPROTO || errno == ENETDOWN ||
                        errno == ENETUNREACH || errno == EHOSTDOWN || errno == EHOSTUNREACH || errno == ENONET ||
                        errno == ENOPROTOOPT || errno == EPERM;
    if (!of_one) return pause(errno);
  }
  if (++in_a_row_ % turns_until_more == 0) at_once_ = std::min(2 * at_once_, accepts_per_turn);
}

// Out of descriptors or memory: the connection stays where it is, and asking again at once would only burn the processor.
void acceptor::pause(int error) {
  log_.write(log_level::error, "accept",
             "accept on " + where_.text() + ": " + std::generic_category().message(error) + "; trying again soon");
  loop_.sockets()->change(*this, fd_, false, false);
  loop_.set_timer(*this, loop_.now() + pause_without_descriptors);
}

void acceptor::on_timer() { loop_.sockets()->change(*this, fd_, true, false); }

} // namespace swill::net
