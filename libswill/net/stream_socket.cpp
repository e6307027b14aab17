#include "libswill/net/stream_socket.hpp"

#include <cerrno>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace swill::net {

namespace {

// Fairness: what one connection may do in one turn before others get theirs.
constexpr int receives_per_turn = 4;
constexpr std::size_t compact_after = 256 * 1024;

} // namespace

stream_socket::~stream_socket() {
  if (fd_ >= 0) ::close(fd_);
}

void stream_socket::start_watching() {
  loop_.sockets()->add(*this, fd_, wants_input(), stuck_);
  watched_ = true;
}

void stream_socket::stop_watching() noexcept {
  if (std::exchange(watched_, false) && loop_.sockets() != nullptr) loop_.sockets()->remove(*this, fd_);
}

void stream_socket::watch() {
  if (watched_) loop_.sockets()->change(*this, fd_, wants_input(), stuck_, watches_end());
}

void stream_socket::close_socket() noexcept {
  if (fd_ < 0) return;
  stop_watching();
  if (loop_.sockets() != nullptr) loop_.sockets()->give_back(std::move(output_));
  ::close(std::exchange(fd_, -1));
  output_.release();
  kept_.release();
  sent_ = 0;
  stuck_ = false;
}

void stream_socket::on_ready(bool readable, bool writable, bool broken) noexcept {
  const auto keep = keep_alive();
  guarded([&] {
    if (writable && std::exchange(stuck_, false)) flush();
    if (!is_open()) return;
    if ((readable || broken) && wants_input())
      read();
    else if (broken)
      on_broken();
    else if (readable && watches_end())
      on_end_waits();
    watch();
  });
}

void stream_socket::read() {
  poller& sockets = *loop_.sockets();
  const std::size_t share = on_read_begin();
  for (int i = 0; i < receives_per_turn && wants_input() && is_open(); ++i) {
    if (i != 0 && loop_.turn_age() > turn_time) break;
    const ssize_t n = ::recv(fd_, sockets.received(), share, 0);
    if (n == 0) return on_peer_gone(0);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) on_peer_gone(errno);
      return on_read_end(true);
    }
    const auto received = static_cast<std::size_t>(n);
    on_input({sockets.received(), received});
    if (received < share) return on_read_end(true);
  }
  on_read_end(false);
}

buffer& stream_socket::prepare_output() {
  if (output_.capacity() == 0 && loop_.sockets() != nullptr) output_ = loop_.sockets()->take_buffer();
  return output_;
}

void stream_socket::flush_later() {
  if (is_waiting()) return;
  if (when_ == leaves::at_turn_end)
    loop_.at_turn_end(*this);
  else
    loop_.at_round_end(*this);
}

void stream_socket::on_turn_end() noexcept {
  const auto keep = keep_alive();
  if (is_open()) guarded([this] { flush(); });
}

void stream_socket::flush() {
  on_flush();
  if (stuck_) return;
  while (backlog() != 0) {
    const ssize_t n = ::send(fd_, output_.data() + sent_, backlog(), MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) return on_send_failed(errno);
      wait_for_room();
      break;
    }
    sent_ += static_cast<std::size_t>(n);
    written_ += static_cast<std::uint64_t>(n);
    on_sent(static_cast<std::size_t>(n));
  }
  if (backlog() == 0) {
    sent_ = 0;
    output_.clear();
    loop_.sockets()->give_back(std::move(output_));
  }
  on_flushed();
}

void stream_socket::wait_for_room() {
  if (sent_ >= compact_after && sent_ >= backlog()) { // so that moving costs no more than sending
    if (output_.capacity() / 4 > backlog()) {
      buffer smaller; // what was large gives its room back
      smaller.append(output_.view().subspan(sent_));
      output_ = std::move(smaller);
    } else {
      output_.consume(sent_);
    }
    sent_ = 0;
  }
  stuck_ = true;
  on_stuck();
  watch();
}

void stream_socket::drop_output() noexcept {
  written_ += backlog(); // so that what was counted from the beginning stays where it was
  output_.clear();
  sent_ = 0;
}

void stream_socket::end_output() noexcept { ::shutdown(fd_, SHUT_WR); }

bool stream_socket::output_moved() noexcept {
  int queued = 0;
  if (::ioctl(fd_, SIOCOUTQ, &queued) != 0) return false;
  const auto waits = static_cast<std::uint64_t>(queued);
  const std::uint64_t taken = written_ > waits ? written_ - waits : 0; // a Unix socket counts more than its bytes
  if (taken <= acknowledged_) return false;
  acknowledged_ = taken;
  return true;
}

} // namespace swill::net
