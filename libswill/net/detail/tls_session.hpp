#pragma once

#include "libswill/base/buffer.hpp"
#include "libswill/base/peer_certificate.hpp"
#include "libswill/net/tls_options.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

using SSL = struct ssl_st;
using SSL_CTX = struct ssl_ctx_st;

namespace swill::net {

/// TLS of one connection, without its socket: ciphertext is given to it and taken from it. On one thread. At rest it has no buffers.
class tls_session {
public:
  enum class state : std::uint8_t {
    shaking, ///< hands
    open,
    ended, ///< the peer has said that nothing follows
    failed,
  };

  /// Bytes that one record carries.
  static constexpr std::size_t record_size = 16 * 1024;

  /// A server's end. `context` and whatever it refers to must live as long.
  explicit tls_session(SSL_CTX* context, std::shared_ptr<const void> keeps);
  /// A client's end, to a server of that name or address. Its first words wait already. `protocol` is offered by ALPN. Throws
  /// tls_file_error.
  tls_session(const tls_client_options& o, const std::string& host, std::string_view protocol);
  ~tls_session();
  tls_session& operator=(tls_session&&) = delete;

  state now() const noexcept { return state_; }
  bool is_open() const noexcept { return state_ == state::open || state_ == state::ended; }

  /// Ciphertext that has come, and must stay where it is until read() has returned 0.
  void feed(bytes_view ciphertext) noexcept { input_ = ciphertext; }
  /// Shakes hands as far as what was fed goes, then decrypts. Returns how much; 0: nothing more without more input.
  std::size_t read(std::byte* to, std::size_t room);

  /// Encrypts what fits one record, once it is open; returns how much that was, 0 when it has failed.
  std::size_t write(bytes_view plain);
  /// Says that nothing follows.
  void end() noexcept;

  // --- Ciphertext that waits to be sent
  bytes_view output() const noexcept { return output_.view().subspan(sent_); }
  std::size_t waiting() const noexcept { return output_.size() - sent_; }
  /// So much of it has been sent. Where that is all, its memory may be taken: memory().
  void sent(std::size_t bytes) noexcept;
  buffer& memory() noexcept { return output_; }
  /// Bytes of ciphertext that were sent since the beginning.
  std::uint64_t written() const noexcept { return written_; }

  // --- The handshake
  /// What it has cost this thread.
  std::chrono::nanoseconds cost() const noexcept { return cost_; }
  /// It went on from a session before it.
  bool is_resumed() const noexcept;
  /// Null where the peer has shown none.
  std::shared_ptr<const peer_certificate> peer() const;
  /// Why it failed.
  const std::string& failure() const noexcept { return failure_; }
  /// It failed because what the peer said is no TLS.
  bool meets_no_tls() const noexcept;

private:
  friend struct tls_bio;
  struct freed {
    void operator()(SSL* s) const noexcept;
  };

  void attach(SSL_CTX* context);
  bool shake();
  void fail(std::string why);
  void note_failure(int returned);
  std::string reason() const;
  std::string why_not_trusted() const;

  std::unique_ptr<SSL, freed> ssl_;
  std::shared_ptr<const void> keeps_; // with the context's owner: what its callbacks use
  bytes_view input_;
  buffer output_;
  std::size_t sent_ = 0;
  std::uint64_t written_ = 0;
  std::size_t shaken_ = 0; // bytes of input before it was open
  state state_ = state::shaking;
  std::chrono::nanoseconds cost_{};
  std::string failure_;
};

} // namespace swill::net
