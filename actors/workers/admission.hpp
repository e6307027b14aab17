#pragma once

#include "actors/workers/introduction.hpp"
#include "actors/workers/link_socket.hpp"

#include <functional>
#include <memory>
#include <string>

namespace swill::actors::workers {

/// A connection that is not a link yet: TLS, where there is any, then the introduction. Never waits. One thread at a time.
class admission {
public:
  /// `certificates`: null without TLS; lives longer than this. `expects`: introduction::expectation, with the stay of the worker.
  using expectation = std::function<bool(const link_keys&, const std::shared_ptr<visit>&)>;
  admission(int fd, introduction::side s, link_certificates* certificates, std::string secret,
            const expectation& expects = {});

  /// Goes on as far as it can without waiting: done, once both sides have shown who they are.
  io_result advance();
  /// Why it has failed.
  const std::string& failure() const noexcept;
  enum class obstacle : std::uint8_t { none, tls, introduction, gone };
  /// What kept the other side out: TLS, the introduction, or nothing but its own going away.
  obstacle why() const noexcept;

  int fd() const noexcept { return socket_->fd(); }
  const link_keys& keys() const noexcept { return introduction_.keys(); }
  /// Once it is done: what CAF may read from and write to.
  std::unique_ptr<link_socket> take_socket() { return std::move(socket_); }

private:
  std::unique_ptr<link_socket> socket_;
  introduction introduction_;
  bool is_shaken_ = false;
};

} // namespace swill::actors::workers
