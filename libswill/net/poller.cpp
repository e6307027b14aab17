#include "libswill/net/poller.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace swill::net {

namespace {

// What greedy ones may take, one turn at least, before the others are looked at again.
constexpr std::chrono::microseconds patient_time{100};
// Where all of them have had a turn in less time than this, those that still wait have another: a look at what is ready costs as much as many
// small messages.
constexpr std::chrono::microseconds short_round{25};
// A turn that takes longer, with what actors did for it and the output, is a long one.
constexpr std::chrono::microseconds long_turn{100};

constexpr std::size_t spare_buffers = 64;
constexpr std::size_t largest_spare = 96 * 1024; // a message of 64 KB fits, with what is around it

// A socket that is told once is told of the peer's end, too: after the last bytes were read nothing else would look for it.
std::uint32_t interest_in(bool read, bool write, bool end, bool once) noexcept {
  return (read ? EPOLLIN : 0U) | (write ? EPOLLOUT : 0U) | (end || (read && once) ? EPOLLRDHUP : 0U) |
         (once ? static_cast<std::uint32_t>(EPOLLET) : 0U);
}

} // namespace

// What interrupts a wait is never read: each write to it makes it ready anew, for once (EPOLLET).
poller::poller(event_loop& l)
    : loop_(l),
      set_(::epoll_create1(EPOLL_CLOEXEC)),
      interrupter_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      events_(new epoll_event[events_per_turn]) {
  epoll_event e{};
  e.events = EPOLLIN | EPOLLET;
  if (set_ >= 0 && interrupter_ >= 0 && ::epoll_ctl(set_, EPOLL_CTL_ADD, interrupter_, &e) == 0) return;
  const int why = errno;
  close();
  throw std::system_error(why, std::generic_category(), "epoll");
}

poller::~poller() { close(); }

void poller::add(watched& w, int fd, bool read, bool write) {
  epoll_event e{};
  e.events = w.interest_ = interest_in(read, write, false, w.once_);
  e.data.ptr = &w;
  if (::epoll_ctl(set_, EPOLL_CTL_ADD, fd, &e) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void poller::change(watched& w, int fd, bool read, bool write, bool end, bool again) {
  const std::uint32_t wanted = interest_in(read, write, end, w.once_);
  if (wanted == w.interest_ && !again) return;
  epoll_event e{};
  e.events = w.interest_ = wanted;
  e.data.ptr = &w;
  if (::epoll_ctl(set_, EPOLL_CTL_MOD, fd, &e) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void poller::remove(watched& w, int fd) noexcept {
  if (set_ >= 0) ::epoll_ctl(set_, EPOLL_CTL_DEL, fd, nullptr);
  for (int i = 0; i < count_; ++i)
    if (events_[i].data.ptr == &w) events_[i].data.ptr = nullptr;
  if (served_ == &w) served_ = nullptr;
  if (std::exchange(w.waits_, false))
    std::replace(patient_.begin(), patient_.end(), &w, static_cast<watched*>(nullptr));
}

void poller::close() noexcept {
  for (int* fd : {&set_, &interrupter_}) {
    if (*fd >= 0) ::close(*fd);
    *fd = -1;
  }
}

void poller::interrupt() noexcept { ::eventfd_write(interrupter_, 1); }

void poller::look(bool wait) noexcept { count_ = ::epoll_wait(set_, events_.get(), events_per_turn, wait ? -1 : 0); }

void poller::serve() {
  serve_ready();
  if (!patient_.empty()) serve_waiting();
}

void poller::serve_ready() {
  clock_time now = std::chrono::steady_clock::now();
  event_loop::round r{loop_, now};
  for (int i = 0; i < count_; ++i) {
    auto* w = static_cast<watched*>(events_[i].data.ptr);
    if (w == nullptr) continue; // removed by one before it, or the interrupter
    events_[i].data.ptr = nullptr;
    const std::uint32_t ready = events_[i].events;
    constexpr std::uint32_t ends = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    if ((ready & (EPOLLIN | ends)) != 0) w->unread_ = true;
    if ((ready & ends) != 0) w->ended_ = true;
    const bool only_moves = (ready & EPOLLIN) != 0 ? (ready & (EPOLLHUP | EPOLLERR)) == 0 : (ready & ends) == 0;
    if (w->greedy_ == 0 || !only_moves) {
      now = r.after_turn(serve(*w, ready, now));
      continue;
    }
    if ((ready & EPOLLIN) != 0) put_back(*w, EPOLLIN);
    if ((ready & EPOLLOUT) != 0) now = r.after_turn(serve(*w, EPOLLOUT, now)); // what it is sent does not wait
  }
  count_ = 0;
}

// Turns that follow one another share a look at the clock: returns when this one has ended.
clock_time poller::serve(watched& w, std::uint32_t ready, clock_time now) {
  served_ = &w;
  {
    const event_loop::turn t{loop_, now};
    if (ready != 0)
      w.on_ready((ready & (EPOLLIN | EPOLLRDHUP)) != 0, (ready & EPOLLOUT) != 0, (ready & (EPOLLERR | EPOLLHUP)) != 0);
    else
      w.on_later();
  }
  const clock_time end = std::chrono::steady_clock::now();
  if (served_ != nullptr) note_time(*served_, end - now);
  served_ = nullptr;
  return end;
}

void poller::note_time(watched& w, std::chrono::nanoseconds took) noexcept {
  if (took > long_turn) {
    w.greedy_ = std::max(w.greedy_, watched::turns_after_long);
    w.messages_ = std::max<std::uint8_t>(w.messages_ / 2, watched::least_messages);
  } else if (w.messages_ < watched::most_messages) {
    ++w.messages_;
  }
}

void poller::put_back(watched& w, std::uint32_t ready) {
  if (std::exchange(w.waits_, true)) {
    if (ready == 0) w.ready_ = 0; // its descriptor stays ready, what it asked for does not come again
    return;
  }
  w.ready_ = ready;
  patient_.push_back(&w);
}

void poller::later(watched& w) { put_back(w, 0); }
void poller::read_later(watched& w) { put_back(w, EPOLLIN); }

void poller::serve_waiting() {
  const clock_time begin = std::chrono::steady_clock::now();
  event_loop::round r{loop_, begin};
  clock_time now = begin;
  do {
    for (std::size_t n = patient_.size(); n > 0 && !patient_.empty(); --n) {
      watched* w = patient_.front();
      patient_.pop_front();
      if (w == nullptr) continue;
      w->waits_ = false;
      now = r.after_turn(serve(*w, w->ready_, now));
      if (now >= begin + patient_time) return;
    }
  } while (!patient_.empty() && now < begin + short_round);
}

buffer poller::take_buffer() {
  if (spare_.empty()) return {};
  buffer b = std::move(spare_.back());
  spare_.pop_back();
  return b;
}

void poller::give_back(buffer&& b) noexcept {
  buffer mine{std::move(b)};
  if (mine.capacity() == 0 || mine.capacity() > largest_spare || spare_.size() >= spare_buffers) return;
  mine.clear();
  if (spare_.capacity() == 0) {
    try {
      spare_.reserve(spare_buffers);
    } catch (const std::bad_alloc&) {
      return;
    }
  }
  spare_.push_back(std::move(mine));
}

} // namespace swill::net
