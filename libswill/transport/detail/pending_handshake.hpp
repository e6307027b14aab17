#pragma once

#include "libswill/api/ports.hpp"

#include <memory>

namespace swill::transport::detail {

/// A handshake that waits for the gate's decision. Owned by the gate's side alone; a connection that dies leaves it behind. Connection
/// has is_deciding(), accept() and reject(), which do nothing once it has been decided on.
template <class Connection>
class pending_handshake final : public handshake {
public:
  pending_handshake(const std::shared_ptr<Connection>& c, swill::loop& l, handshake_request r)
      : connection_(c), loop_(l) {
    request = std::move(r);
  }

  ~pending_handshake() override {
    if (decided_ || connection_.expired()) return;
    // Given up without a decision, on whatever thread.
    const auto give_up = [weak = connection_] {
      if (const auto undecided = weak.lock()) undecided->reject(500, "Internal Server Error", {});
    };
    if (loop_.is_current())
      give_up();
    else
      loop_.post(give_up);
  }

  swill::loop& loop() noexcept override { return loop_; }

  bool is_open() const noexcept override {
    const auto c = connection_.lock();
    return c != nullptr && c->is_deciding();
  }

  message_port* accept(const header_list& headers, message_sink& sink) override {
    decided_ = true;
    const auto c = connection_.lock();
    return c != nullptr ? c->accept(headers, sink) : nullptr;
  }

  void reject(int status, std::string_view body, const header_list& headers) override {
    decided_ = true;
    if (const auto c = connection_.lock()) c->reject(status, body, headers);
  }

private:
  std::weak_ptr<Connection> connection_;
  swill::loop& loop_;
  bool decided_ = false;
};

} // namespace swill::transport::detail
