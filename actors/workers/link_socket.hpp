#pragma once

#include "actors/workers/options.hpp"

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <mutex>
#include <string>

using SSL = struct ssl_st;
using SSL_CTX = struct ssl_ctx_st;

namespace swill::actors::workers {

/// The certificate, key and authority of one side, read from their files; read again for the next connection when one of them has
/// changed, so that certificates can be renewed while the process runs. From any thread.
class link_certificates {
public:
  /// Throws std::invalid_argument when a file is not named, std::runtime_error when one cannot be used.
  explicit link_certificates(link_tls files);
  /// A TLS session for a connection: the other side must show a certificate of the authority.
  std::unique_ptr<SSL, void (*)(SSL*)> make_session();

private:
  using context = std::shared_ptr<SSL_CTX>;
  struct stamp {
    std::time_t seconds = 0;
    long nanoseconds = 0;
    bool operator==(const stamp&) const = default;
  };
  struct stamps {
    stamp certificate, key, authority;
    bool operator==(const stamps&) const = default;
  };
  context read() const;
  stamps look() const;

  link_tls files_;
  std::mutex mutex_; // guards what follows
  stamps seen_;
  context context_; // shared with the thread that makes a session of it
};

/// For threads that use link_sockets: TLS writes to sockets whose peers have gone, of which only the socket's own error is of interest.
void block_broken_pipes();

/// What became of an attempt to go on with a socket: done, or to be tried again when the socket can be read or written, or never.
enum class io_result : std::uint8_t { done, wants_read, wants_write, failed };

/// The stay of a link_socket's peer: whoever holds it can end the connection for as long as the socket lives, without owning the socket. All
/// functions from any thread.
class visit {
public:
  explicit visit(int fd) : fd_(fd) {}
  /// Shuts the connection down: its owner reads the end of it, and the peer gets what was sent before.
  void end();
  /// The socket is gone.
  bool is_over() const;

private:
  friend class link_socket;
  void forget();

  mutable std::mutex mutex_;
  int fd_; ///< -1 once the socket is gone; guarded by mutex_
};

/// A connected TCP socket between gateway and worker, with TLS or without. Never waits. One thread at a time.
class link_socket {
public:
  /// Which side begins TLS.
  enum class role : std::uint8_t { connected, accepted };
  /// Owns `fd`. `certificates`: null without TLS.
  link_socket(int fd, role r, link_certificates* certificates);
  ~link_socket();
  link_socket& operator=(link_socket&&) = delete;

  int fd() const noexcept { return fd_; }
  /// The socket counts as gone when this object is destroyed, whoever closes the descriptor.
  const std::shared_ptr<visit>& stay() const noexcept { return stay_; }
  /// The descriptor is the caller's to close from now on; this must be destroyed before.
  int release() noexcept;

  /// TLS; done at once without it.
  io_result shake_hands();
  /// Reads up to `size` bytes, at least one when done: how many, in n. A peer that has closed is a failure.
  io_result read(void* to, std::size_t size, std::size_t& n);
  io_result write(const void* from, std::size_t size, std::size_t& n);
  /// Bytes that TLS has decrypted and nobody has read: the socket does not become readable for them.
  std::size_t pending() const noexcept;

  /// Why something failed.
  const std::string& failure() const noexcept { return failure_; }
  /// It failed because this side refused, or broke off, the other's TLS.
  bool is_refused() const noexcept { return !refusal_.empty(); }
  void note_alert(const char* description) { refusal_ = description; } ///< that this side sends

private:
  io_result of_tls(int returned);
  io_result of_system(bool wants_write);

  int fd_;
  bool is_owned_ = true;
  std::unique_ptr<SSL, void (*)(SSL*)> tls_;
  std::string failure_;
  std::string refusal_;
  std::shared_ptr<visit> stay_; // shared with those who may end the connection
};

} // namespace swill::actors::workers
