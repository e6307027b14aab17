#pragma once

#include "libswill/base/buffer.hpp"
#include "libswill/net/event_loop.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

struct epoll_event;

namespace swill::net {

class poller;

/// A descriptor that a poller watches, and what happens when it is ready.
class watched {
public:
  virtual ~watched() = default;

protected:
  /// Inside a turn. `broken` comes whatever was asked for, and again and again until the descriptor is removed (once after
  /// tell_once()).
  virtual void on_ready(bool readable, bool writable, bool broken) noexcept = 0;
  /// Inside the turn that poller::later() was asked for.
  virtual void on_later() noexcept {}

  /// Told at the end of each turn that read something: `done` when nothing was left. Who leaves something, or whose turn took long, takes
  /// its next turns after all who do not, until it has come to the end of its input in several short turns.
  void note_input(bool done) noexcept {
    if (!done)
      greedy_ = greedy_turns;
    else if (greedy_ != 0)
      --greedy_;
  }
  /// How many messages it may take in a turn: fewer where turns took long, with all that was done for them.
  int messages_per_turn() const noexcept { return messages_; }
  static constexpr std::uint8_t most_messages = 64;
  /// To be called before it is added: it is told when something comes, and not as long as something is there. By note_read() it says that nothing
  /// is left. While something is (is_unread()), it is told once more by poller::change() with `again`.
  void tell_once() noexcept {
    once_ = true;
    unread_ = ended_ = false;
  }
  /// Something has come, or the end, that was not read.
  bool is_unread() const noexcept { return unread_; }
  /// All bytes that had come were read. The peer's end, where that has come, was not.
  void note_read() noexcept { unread_ = ended_; }
  /// Nothing is left, nor is the end.
  void note_all_read() noexcept { unread_ = false; }
  /// Its first turn is going to be a long one: it comes after those who are likely to be short, one after each look at what is ready.
  void begin_greedy() noexcept { greedy_ = turns_after_long; }

private:
  friend class poller;
  static constexpr std::uint8_t greedy_turns = 16;
  static constexpr std::uint8_t turns_after_long = 4; // a handshake may be one, and is no sign of what follows
  static constexpr std::uint8_t least_messages = 4;
  static constexpr std::uint8_t first_messages = 16; // a connection is new for whoever comes again and again
  std::uint32_t interest_ = 0;
  std::uint32_t ready_ = 0; ///< of what waits for its turn; 0: on_later()
  bool waits_ = false;      ///< in poller::patient_
  bool once_ = false;       ///< watched by edges (EPOLLET)
  bool unread_ = false;
  bool ended_ = false; ///< its peer sends nothing more
  std::uint8_t greedy_ = 0;
  std::uint8_t messages_ = first_messages;
};

/// What a loop waits for: readiness of many descriptors. A connection at rest costs nothing, and a burst one recv. On the loop's thread.
///
/// Two queues, so that a thousand clients that send as much as they can do not make a client slow that sends one small message: who
/// comes to the end of its input in short turns is served when it is ready; the others take turns in what time is left, a little of it
/// after each look at what is ready.
class poller {
public:
  explicit poller(event_loop& l);
  ~poller();
  poller& operator=(poller&&) = delete;

  /// Starts to watch; throws std::system_error.
  void add(watched& w, int fd, bool read, bool write);
  /// `end` asks for the peer's end of sending (FIN) where nothing is read; on_ready() then says `readable`. `again`: what is there already is to
  /// be told once more.
  void change(watched& w, int fd, bool read, bool write, bool end = false, bool again = false);
  /// A turn for w with on_later(), after those who are ready now. At most one for each at a time; w must be watched.
  void later(watched& w);
  /// The same, but as if there were something to read.
  void read_later(watched& w);
  /// Before fd is closed.
  void remove(watched& w, int fd) noexcept;

  // --- Driven by the loop
  /// Finds out what is ready; `wait`: until something is, or interrupt() is called.
  void look(bool wait) noexcept;
  /// Somebody waits for a turn, whether anything is ready or not.
  bool has_work() const noexcept { return !patient_.empty(); }
  /// Turns for what look() has found, and for some of those who wait.
  void serve();
  /// Ends a look() that waits, or the next one. From any thread.
  void interrupt() noexcept;

  // --- Memory that its sockets share, so that those at rest have none
  static constexpr std::size_t received_size = 64 * 1024;
  /// For one read.
  std::byte* received() noexcept { return received_.get(); }
  /// For what TLS makes of it, as large.
  std::byte* decrypted() {
    if (!decrypted_) decrypted_.reset(new std::byte[received_size]);
    return decrypted_.get();
  }
  /// For output, and for messages that come in pieces.
  buffer take_buffer();
  void give_back(buffer&& b) noexcept;

  /// Watches nothing any more; must come before the destructor when the loop runs.
  void close() noexcept;

private:
  void serve_ready();
  clock_time serve(watched& w, std::uint32_t ready, clock_time now);
  void note_time(watched& w, std::chrono::nanoseconds took) noexcept;
  void put_back(watched& w, std::uint32_t ready);
  void serve_waiting();

  static constexpr int events_per_turn = 64;
  event_loop& loop_;
  int set_;
  int interrupter_;
  std::unique_ptr<epoll_event[]> events_;
  int count_ = 0;                // of events_ that are ready, while they are served
  std::deque<watched*> patient_; // greedy ones that are ready; null for those who have gone
  std::unique_ptr<std::byte[]> received_{new std::byte[received_size]};
  std::unique_ptr<std::byte[]> decrypted_; // from the first that TLS has received
  std::vector<buffer> spare_;
  watched* served_ = nullptr; // while it has its turn; null when it has gone in it
};

} // namespace swill::net
