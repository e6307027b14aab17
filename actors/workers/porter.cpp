#include "actors/workers/porter.hpp"

#include "libswill/base/printable.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <netdb.h>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>

namespace swill::actors::workers {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

/// Connections that are accepted in one go, before those that are being served get their turn.
constexpr int accepted_at_once = 16;
/// Without descriptors, how long until accepting is tried again.
constexpr milliseconds descriptor_pause{100};

int open_listener(const host_and_port& at) {
  const auto failed = [&at](const std::string& why) {
    return std::runtime_error("workers cannot connect to " + at.host + ":" + std::to_string(at.port) + ": " + why);
  };
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int e = ::getaddrinfo(at.host.c_str(), std::to_string(at.port).c_str(), &hints, &found); e != 0)
    throw failed(::gai_strerror(e));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned{found, &::freeaddrinfo};
  int why = 0;
  for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
    const int fd = ::socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
    const int yes = 1;
    if (fd >= 0 && ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        ::bind(fd, a->ai_addr, a->ai_addrlen) == 0 && ::listen(fd, SOMAXCONN) == 0)
      return fd;
    why = errno;
    if (fd >= 0) ::close(fd);
  }
  throw failed(std::generic_category().message(why));
}

std::uint16_t port_of(int listener) {
  sockaddr_storage at{};
  socklen_t size = sizeof at;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
  const auto port = at.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(at).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(at).sin_port;
  return ntohs(port);
}

std::string address_of(const sockaddr_storage& from, socklen_t size) {
  std::array<char, NI_MAXHOST> text{};
  if (::getnameinfo(reinterpret_cast<const sockaddr*>(&from), size, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) != 0)
    return "?";
  return text.data();
}

} // namespace

porter::porter(const host_and_port& at, house_rules rules, admitted let_in, const log_sink* log)
    : rules_(std::move(rules)), let_in_(std::move(let_in)), log_(log, log_room::workers), listener_(open_listener(at)) {
  port_ = port_of(listener_);
}

void porter::open() {
  thread_ = std::thread{[this] { run(); }};
}

porter::~porter() {
  stopping_.ring();
  if (thread_.joinable()) thread_.join();
  ::close(listener_);
}

void porter::run() {
  block_broken_pipes();
  while (true) {
    wait();
    if (polled_[0].revents != 0) return;
    const bool knocked = polled_[1].revents != 0;
    go_on();
    const clock_time now = steady_clock::now();
    drop_late(now);
    if (now >= flush_at_) flush_at_ = log_.flush(now) ? now + log_limiter::interval : clock_time::max();
    if (knocked) accept();
  }
}

void porter::wait() {
  const clock_time now = steady_clock::now();
  const bool accepts = now >= accepts_from_;
  polled_.assign({{stopping_.fd(), POLLIN, 0}, {accepts ? listener_ : -1, POLLIN, 0}});
  for (const stranger& s : strangers_) polled_.push_back({s.at->fd(), s.events, 0});
  clock_time next = accepts ? flush_at_ : std::min(flush_at_, accepts_from_);
  if (!strangers_.empty()) next = std::min(next, strangers_.front().until);
  const int most =
      next == clock_time::max()
          ? -1
          : static_cast<int>(std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(next - now)).count());
  if (::poll(polled_.data(), polled_.size(), most) <= 0) {
    for (pollfd& p : polled_) p.revents = 0;
  }
}

/// Each of those that poll(2) has named; who is let in or refused leaves.
void porter::go_on() {
  std::size_t i = 2;
  std::erase_if(strangers_, [&](stranger& s) { return polled_[i++].revents != 0 && !advance(s); });
}

/// False when it is no stranger any more, or gone.
bool porter::advance(stranger& s) {
  try {
    switch (s.at->advance()) {
      case io_result::wants_read: s.events = POLLIN; return true;
      case io_result::wants_write: s.events = POLLOUT; return true;
      case io_result::failed: refuse(*s.at); return false;
      case io_result::done: break;
    }
    let_in_(s.at->take_socket());
  } catch (const std::exception& e) { // no memory, most likely: one connection less
    write(log_level::error, "trouble", std::string{"a worker was kept out: "} + e.what());
  }
  return false;
}

void porter::refuse(const admission& a) {
  switch (a.why()) {
    case admission::obstacle::tls:
      return write(log_level::warning, "tls", "a worker was kept out by TLS: " + a.failure());
    case admission::obstacle::introduction:
      return write(log_level::warning, "introduction", "a worker was kept out: " + a.failure());
    case admission::obstacle::gone:
    case admission::obstacle::none: return; // as those go who try whether somebody listens
  }
}

void porter::drop_late(clock_time now) {
  const auto first =
      std::find_if(strangers_.begin(), strangers_.end(), [now](const stranger& s) { return s.until > now; });
  if (first == strangers_.begin()) return;
  write(log_level::warning, "late", "a worker was kept out: it has not shown in time who it is");
  strangers_.erase(strangers_.begin(), first);
}

void porter::accept() {
  for (int i = 0; i < accepted_at_once; ++i) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const int fd = ::accept4(listener_, reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      receive(fd, address_of(from, size));
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      accepts_from_ = steady_clock::now() + descriptor_pause;
      write(log_level::error, "descriptors", "workers cannot connect: " + std::generic_category().message(errno));
      return;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    } // else that one has gone again
  }
}

void porter::receive(int fd, const std::string& address) {
  if (strangers_.size() >= std::max<std::size_t>(rules_.strangers, 1)) make_room();
  try {
    strangers_.push_back({std::make_unique<admission>(fd, introduction::side::gateway, rules_.certificates,
                                                      rules_.secret, rules_.expects),
                          address, steady_clock::now() + rules_.patience, POLLIN});
  } catch (const std::exception& e) {
    write(log_level::error, "trouble", std::string{"a worker was kept out: "} + e.what());
  }
}

void porter::write(log_level level, std::string_view kind, const std::string& text) {
  const clock_time now = steady_clock::now();
  if (log_.write(level, kind, printable(text), now)) flush_at_ = std::min(flush_at_, now + log_limiter::interval);
}

/// So who fills the place does so at its own expense, as long as it has but one address.
void porter::make_room() {
  std::map<std::string_view, std::size_t> of_address;
  for (const stranger& s : strangers_) ++of_address[s.address];
  const auto crowd = std::max_element(of_address.begin(), of_address.end(),
                                      [](const auto& a, const auto& b) { return a.second < b.second; });
  const auto oldest =
      std::find_if(strangers_.begin(), strangers_.end(), [&](const stranger& s) { return s.address == crowd->first; });
  write(log_level::warning, "crowd",
        "a connection to the workers' port was dropped for a newer one: too many have not shown who they are, "
        "most of them from " +
            oldest->address);
  strangers_.erase(oldest);
}

} // namespace swill::actors::workers
