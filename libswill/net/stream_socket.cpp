#include "libswill/net/stream_socket.hpp"

#include "libswill/net/tls.hpp"

#include <algorithm>
#include <cerrno>
#include <linux/sockios.h>
#include <stdexcept>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace swill::net {

namespace {

// Fairness: what one connection may do in one turn before others get theirs.
constexpr int receives_per_turn = 4;
constexpr std::size_t compact_after = 256 * 1024;
// More than this leaves at the end of its own turn, which its time counts for, whatever else would wait.
constexpr std::size_t most_gathered = 16 * 1024;

} // namespace

stream_socket::~stream_socket() {
  if (fd_ >= 0) ::close(fd_);
}

void stream_socket::start_watching() {
  tell_once();
  loop_.sockets()->add(*this, fd_, wants_input(), stuck_);
  watched_ = true;
}

void stream_socket::stop_watching() noexcept {
  if (std::exchange(watched_, false) && loop_.sockets() != nullptr) loop_.sockets()->remove(*this, fd_);
}

void stream_socket::watch() {
  if (!watched_) return;
  const bool wants = wants_input();
  loop_.sockets()->change(*this, fd_, wants || wants_input_soon(), stuck_, watches_end(), wants && is_unread());
  if (wants && has_ended()) loop_.sockets()->read_later(*this);
}

void stream_socket::close_socket() noexcept {
  if (fd_ < 0) return;
  stop_watching();
  if (tls_) say_end();
  tls_.reset();
  if (loop_.sockets() != nullptr) loop_.sockets()->give_back(std::move(output_));
  if (held_) ::shutdown(fd_, SHUT_WR); // close() with input that nobody has read would drop what the kernel holds
  ::close(std::exchange(fd_, -1));
  output_.release();
  drop_input();
  sent_ = 0;
  stuck_ = false;
  held_ = false;
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
  if (has_ended()) return on_peer_gone(0);
  poller& sockets = *loop_.sockets();
  const std::size_t share = on_read_begin();
  for (int i = 0; i < receives_per_turn && wants_input() && is_open(); ++i) {
    if (i != 0 && loop_.turn_age() > turn_time) break;
    const ssize_t n = ::recv(fd_, sockets.received(), share, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      note_all_read();
    else if (static_cast<std::size_t>(n) < share)
      note_read();
    if (n == 0) return on_peer_gone(0);
    if (n < 0) {
      if (errno != EAGAIN && errno != EWOULDBLOCK) on_peer_gone(errno);
      return on_read_end(true);
    }
    const auto received = static_cast<std::size_t>(n);
    if (!tls_)
      on_input({sockets.received(), received});
    else if (!take_encrypted({sockets.received(), received}))
      return;
    if (received < share || has_ended()) return on_read_end(true);
  }
  on_read_end(false);
}

buffer& stream_socket::prepare_output() {
  if (output_.capacity() == 0 && loop_.sockets() != nullptr) output_ = loop_.sockets()->take_buffer();
  return output_;
}

void stream_socket::flush_later() {
  if (is_waiting() && !waits_for_round()) return;
  if (when_ == leaves::at_turn_end || output_.size() - sent_ > most_gathered)
    loop_.at_turn_end(*this);
  else if (!is_waiting())
    loop_.at_round_end(*this);
}

void stream_socket::on_turn_end() noexcept {
  const auto keep = keep_alive();
  if (is_open()) guarded([this] { flush(); });
}

void stream_socket::flush() {
  on_flush();
  if (stuck_) return;
  if (!(tls_ ? send_encrypted() : send_output())) return;
  if (output_.size() == sent_) {
    sent_ = 0;
    output_.clear();
    loop_.sockets()->give_back(std::move(output_));
  }
  on_flushed();
}

// False when the connection is broken, and its owner knows.
bool stream_socket::send_output() {
  // The last bytes wait in the kernel for the end of TCP, which leaves with them: one packet less to send, to receive and to acknowledge.
  held_ = ends_with_output();
  const int flags = MSG_NOSIGNAL | (held_ ? MSG_MORE : 0);
  while (output_.size() != sent_) {
    const ssize_t n = ::send(fd_, output_.data() + sent_, output_.size() - sent_, flags);
    if (n < 0) {
      if (errno == EINTR) continue;
      return send_failed(errno);
    }
    sent_ += static_cast<std::size_t>(n);
    written_ += static_cast<std::uint64_t>(n);
    on_sent(static_cast<std::size_t>(n));
  }
  return true;
}

// Where the kernel only takes nothing more for now, what is left waits: true.
bool stream_socket::send_failed(int error) {
  if (error == EAGAIN || error == EWOULDBLOCK) {
    wait_for_room();
    return true;
  }
  on_send_failed(error);
  return false;
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
  written_ = output_end(); // so that what was counted from the beginning stays where it was
  output_.clear();
  sent_ = 0;
}

void stream_socket::end_output() noexcept {
  if (tls_) say_end();
  ::shutdown(fd_, SHUT_WR);
  held_ = false;
}

bool stream_socket::output_moved() noexcept {
  int queued = 0;
  if (::ioctl(fd_, SIOCOUTQ, &queued) != 0) return false;
  const auto waits = static_cast<std::uint64_t>(queued);
  const std::uint64_t all = tls_ ? tls_->written() : written_;
  const std::uint64_t taken = all > waits ? all - waits : 0; // a Unix socket counts more than its bytes
  if (taken <= acknowledged_) return false;
  acknowledged_ = taken;
  return true;
}

bool stream_socket::peer_has_output() const noexcept {
  constexpr int our_end = 1; // TCP counts it like a byte
  int queued = 0;
  return backlog() == 0 && (::ioctl(fd_, SIOCOUTQ, &queued) != 0 || queued <= our_end);
}

// --- TLS

void stream_socket::secure(const tls_server& s) {
  tls_ = s.make_session();
  begin_greedy();
}

void stream_socket::secure(const tls_client_options& o, const std::string& host, std::string_view protocol) {
  tls_ = std::make_unique<tls_session>(o, host, protocol);
  if (tls_->now() == tls_session::state::failed)
    throw std::runtime_error(tls_->failure()); // such as by the system's own rules
  flush_later();
}

// What has come. False when nothing more is to be read in this turn.
bool stream_socket::take_encrypted(bytes_view data) {
  if (tls_->now() == tls_session::state::failed) return true; // its owner waits for the peer's end
  poller& sockets = *loop_.sockets();
  bool shakes = tls_->now() == tls_session::state::shaking;
  tls_->feed(data);
  for (;;) {
    const std::size_t n = tls_->read(sockets.decrypted(), poller::received_size);
    if (shakes && tls_->is_open()) {
      shakes = false;
      on_secured();
      if (!is_open()) return false;
      flush_later(); // what has waited for this
    }
    if (n == 0) break;
    on_input({sockets.decrypted(), n});
    if (!is_open()) return false;
  }
  if (tls_->waiting() != 0) flush_later();
  if (tls_->now() != tls_session::state::failed) return true;
  drop_output();
  on_tls_failed(std::string{tls_->failure()}); // which may end with this call
  return false;
}

// What came before the end of TLS may still be kept: the owner is told in a turn of its own, when it wants input again, as of TCP's end.
bool stream_socket::has_ended() const noexcept { return tls_ && tls_->now() == tls_session::state::ended; }

// As send_output(). Before its handshake is done only that is sent, and what waits goes on waiting.
bool stream_socket::send_encrypted() {
  for (std::size_t encrypted = 0;;) {
    while (tls_->waiting() != 0) {
      const bytes_view record = tls_->output();
      const ssize_t n = ::send(fd_, record.data(), record.size(), MSG_NOSIGNAL);
      if (n < 0) {
        if (errno == EINTR) continue;
        return send_failed(errno);
      }
      tls_->sent(static_cast<std::size_t>(n));
      on_sent(std::exchange(encrypted, 0));
    }
    if (output_.size() == sent_ || !tls_->is_open()) break;
    if (tls_->memory().capacity() == 0) tls_->memory() = loop_.sockets()->take_buffer();
    encrypted = tls_->write(output_.view().subspan(sent_));
    if (encrypted == 0) {
      drop_output();
      on_tls_failed(std::string{tls_->failure()});
      return false;
    }
    sent_ += encrypted;
    written_ += encrypted;
  }
  loop_.sockets()->give_back(std::move(tls_->memory()));
  return true;
}

// Nothing follows: TLS says so, unless something is still missing before that. Where the kernel does not take it at once, the end of TCP alone
// has to do.
void stream_socket::say_end() noexcept {
  if (stuck_) return;
  if (output_.size() == sent_) tls_->end();
  while (tls_->waiting() != 0) {
    const bytes_view record = tls_->output();
    const ssize_t n = ::send(fd_, record.data(), record.size(), MSG_NOSIGNAL);
    if (n <= 0) break;
    tls_->sent(static_cast<std::size_t>(n));
  }
}

// Of what TLS has taken, at most so much has not reached the peer: what is encrypted is longer than what was plain.
std::uint64_t stream_socket::unacknowledged() const noexcept {
  return std::min<std::uint64_t>(written_, tls_->written() + tls_->waiting() - acknowledged_);
}

} // namespace swill::net
