#pragma once

#include "libswill/base/buffer.hpp"
#include "libswill/net/detail/tls_session.hpp"
#include "libswill/net/poller.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace swill::net {

class tls_server;

/// A connected socket that does not block, with what every connection needs: the only place that receives and sends. What comes is read into
/// a buffer that all sockets of a loop share; what is written is gathered, and leaves in one send at the end of the turn, or of the round.
/// What the peer does not take waits here until it does. At rest a socket has no buffer and nothing under way.
///
/// With TLS all that waits is plain but for one record, which is encrypted when the kernel has taken the one before it.
///
/// Whoever derives from it says what is wanted, and is told what happens, always on the thread of the loop and in a turn. While it is told
/// something it may close the socket, but must not be destroyed: keep_alive() sees to that.
class stream_socket : protected watched, protected turn_job {
public:
  /// Bytes that wait to be sent, besides the kernel's buffers.
  std::size_t backlog() const noexcept { return output_.size() - sent_ + (tls_ ? tls_->waiting() : 0); }

protected:
  enum class leaves : std::uint8_t { at_turn_end, at_round_end };

  /// What one connection does in a turn ends after this time, before others get theirs.
  static constexpr std::chrono::microseconds turn_time{50};

  /// Owns the descriptor, which may be -1 for none yet.
  stream_socket(event_loop& l, leaves when, int fd = -1) noexcept : loop_(l), fd_(fd), when_(when) {}
  /// The loop may have gone by then. While it runs, the socket must be closed before.
  ~stream_socket() override;

  bool is_open() const noexcept { return fd_ >= 0; }
  int descriptor() const noexcept { return fd_; }
  event_loop& socket_loop() const noexcept { return loop_; }

  /// Owns another descriptor, where there was none.
  void own(int fd) noexcept { fd_ = fd; }
  /// Begins to wait for what is wanted; throws std::system_error.
  void start_watching();
  /// Nothing is told any more, until it starts again.
  void stop_watching() noexcept;
  bool is_watching() const noexcept { return watched_; }
  /// Tells the poller what is wanted now.
  void watch();
  /// Forgets what was kept and what waits, and ends TCP in both directions. Nothing is told any more.
  void close_socket() noexcept;

  // --- TLS
  /// From now on everything is encrypted: as a server. Before start_watching().
  void secure(const tls_server& s);
  /// The same as a client of `host`, which is offered `protocol` by ALPN, if any; throws std::runtime_error for a file that cannot be used.
  void secure(const tls_client_options& o, const std::string& host, std::string_view protocol = {});
  /// Null without TLS.
  const tls_session* tls() const noexcept { return tls_.get(); }

  // --- Input
  /// Feeds `use` with what was kept and then `data`; it takes what it can and returns how much that is. The rest is kept.
  template <class F>
  void use_input(bytes_view data, const F& use) {
    if (kept_.empty()) {
      kept_.append(data.subspan(use(data)));
    } else {
      kept_.append(data);
      buffer input = std::move(kept_); // nothing may touch it while it is in use
      std::size_t used = std::exchange(used_, 0);
      used += use(input.view().subspan(used));
      kept_ = std::move(input);
      if (used > kept_.size() / 2) { // so that moving the rest costs no more than using what came before it
        kept_.consume(used);
      } else {
        used_ = used;
      }
    }
    if (kept_.empty()) kept_.release();
  }
  /// What was kept is not used any more.
  void drop_input() noexcept {
    kept_.release();
    used_ = 0;
  }

  // --- Output
  /// What waits is not sent any more.
  void drop_output() noexcept;
  /// The output, with room for more at its end. Must be called before output is appended to.
  buffer& prepare_output();
  /// What has been appended leaves soon.
  void flush_later();
  void flush();
  /// Half of the connection: our end of TCP, and of TLS where the kernel takes it, once all output has left.
  void end_output() noexcept;
  /// Whether the peer's side has taken anything since this was last asked. What the kernel took from us may still wait there, megabytes of it.
  bool output_moved() noexcept;
  /// The peer's side has everything, but perhaps for our end of TCP.
  bool peer_has_output() const noexcept;
  /// Bytes that it had taken then.
  std::uint64_t acknowledged() const noexcept { return tls_ ? written_ - unacknowledged() : acknowledged_; }
  /// The output is waiting for the peer to take what the kernel has.
  bool is_stuck() const noexcept { return stuck_; }
  /// Bytes that the kernel, or TLS, has taken since the beginning.
  std::uint64_t written() const noexcept { return written_; }
  /// Those before the end of output_.
  std::uint64_t output_end() const noexcept { return written_ + (output_.size() - sent_); }
  /// Those before the first byte of output_.
  std::uint64_t output_begin() const noexcept { return written_ - sent_; }

  // --- What is wanted
  virtual bool wants_input() const noexcept = 0;
  /// It is going to be wanted before the poller looks again, so that it need not be told that it is not now.
  virtual bool wants_input_soon() const noexcept { return false; }
  /// The peer's end of TCP, where nothing is read.
  virtual bool watches_end() const noexcept { return false; }

  // --- What happens
  /// A turn begins to read: at most how many bytes at a time.
  virtual std::size_t on_read_begin() { return poller::received_size; }
  virtual void on_input(bytes_view data) = 0;
  /// The end of the peer's TCP; `error` is what errno says where it broke, 0 where it was orderly.
  virtual void on_peer_gone(int error) = 0;
  /// The connection broke while nothing is read. What came before may still be read.
  virtual void on_broken() = 0;
  /// The peer's end has come, perhaps after input that is not read.
  virtual void on_end_waits() {}
  /// It has read; `done`: there was nothing left.
  virtual void on_read_end(bool /*done*/) {}
  /// What waits is the last output: when all of it has left, on_flushed() calls end_output() or close_socket().
  virtual bool ends_with_output() const noexcept { return false; }
  /// One send has left. `bytes`: of output_, so that with TLS the first send of a record tells all of it, and further ones none.
  virtual void on_sent(std::size_t /*bytes*/) {}
  virtual void on_send_failed(int error) = 0;
  /// Output is about to leave, and has left or waits.
  virtual void on_flush() {}
  virtual void on_flushed() {}
  /// Output waits for the peer from now on.
  virtual void on_stuck() {}
  /// The TLS handshake is done.
  virtual void on_secured() {}
  /// TLS has failed, and says why: what comes is not read any more, and what waited is dropped, but for the alert that tells the peer.
  virtual void on_tls_failed(const std::string& why) = 0;
  virtual std::shared_ptr<void> keep_alive() = 0;
  /// One of the above has thrown.
  virtual void on_exception(std::exception_ptr e) noexcept = 0;

  /// Whatever goes wrong in f ends this connection and no other.
  template <class F>
  void guarded(const F& f) noexcept {
    try {
      f();
    } catch (...) {
      on_exception(std::current_exception());
    }
  }

  buffer kept_;   ///< received, not used yet, but for its first used_ bytes
  buffer output_; ///< the first `sent()` bytes of it have left
  std::size_t sent() const noexcept { return sent_; }

private:
  void on_ready(bool readable, bool writable, bool broken) noexcept final;
  void on_turn_end() noexcept final;
  void read();
  bool take_encrypted(bytes_view data);
  bool has_ended() const noexcept;
  bool send_output();
  bool send_encrypted();
  bool send_failed(int error);
  void say_end() noexcept;
  std::uint64_t unacknowledged() const noexcept;
  void wait_for_room();

  event_loop& loop_;
  int fd_;
  leaves when_;
  bool watched_ = false;
  bool stuck_ = false;
  bool held_ = false;    ///< the kernel may hold output back until the end of TCP
  std::size_t used_ = 0; ///< of kept_; only use_input() leaves any
  std::size_t sent_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t acknowledged_ =
      0; // of those, what the peer had taken when we last looked; with TLS, of the encrypted ones
  std::unique_ptr<tls_session> tls_;
};

} // namespace swill::net
