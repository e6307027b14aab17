#include "apps/bench/load/load_loop.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace swill::bench {
namespace {

constexpr std::uint64_t patience_ns = 120'000'000'000;

} // namespace

load_loop::load_loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

load_loop::~load_loop() { ::close(epoll_); }

void load_loop::watch(std::unique_ptr<client> c) {
  epoll_event event{EPOLLIN, {.ptr = c.get()}};
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, c->fd(), &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
  clients_.push_back(std::move(c));
}

void load_loop::start_all() {
  for (auto& c : clients_) {
    c->start(monotonic_ns());
    update(*c);
  }
}

// Interest in writing is switched on only while there is something to write; only uploads ever need it.
void load_loop::update(client& c) {
  const auto known = std::find(writers_.begin(), writers_.end(), &c);
  if (c.wants_to_write() == (known != writers_.end())) return;
  if (known == writers_.end()) {
    writers_.push_back(&c);
  } else {
    writers_.erase(known);
  }
  epoll_event event{EPOLLIN | (c.wants_to_write() ? EPOLLOUT : 0u), {.ptr = &c}};
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, c.fd(), &event);
}

void load_loop::turn(int timeout_ms) {
  std::array<epoll_event, 256> events;
  const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout_ms);
  const auto now = monotonic_ns();
  for (int i = 0; i < count; ++i) {
    auto& c = *static_cast<client*>(events[static_cast<std::size_t>(i)].data.ptr);
    if (events[static_cast<std::size_t>(i)].events & ~EPOLLOUT) c.on_readable(now);
    if (events[static_cast<std::size_t>(i)].events & EPOLLOUT) c.on_writable();
    if (c.closed()) throw std::runtime_error("the server closed a connection");
    update(c);
  }
}

void load_loop::run_for(std::chrono::nanoseconds duration) {
  const auto end = monotonic_ns() + static_cast<std::uint64_t>(duration.count());
  for (auto now = monotonic_ns(); now < end; now = monotonic_ns()) {
    turn(static_cast<int>((end - now) / 1'000'000) + 1);
  }
}

void load_loop::run_until(const std::function<bool()>& done) {
  const auto end = monotonic_ns() + patience_ns;
  while (!done()) {
    if (monotonic_ns() > end) throw std::runtime_error("no end within two minutes");
    turn(100);
  }
}

void load_loop::run_until_idle() {
  run_until([this] { return std::all_of(clients_.begin(), clients_.end(), [](const auto& c) { return c->idle(); }); });
}

} // namespace swill::bench
