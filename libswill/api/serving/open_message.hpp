#pragma once

#include "libswill/api/ports.hpp"
#include "libswill/wire/writer.hpp"

#include <cstddef>
#include <utility>

namespace swill::detail {

/// A message at the end of a port's output: begun, and unless it comes to its end, taken back.
class open_message {
public:
  explicit open_message(message_port& p) : port_(&p), to_(p.begin_message()), mark_(to_.out().size()) {}
  open_message& operator=(open_message&&) = delete;
  ~open_message() {
    if (port_ == nullptr) return;
    to_.out().truncate(mark_);
    port_->cancel_message();
  }

  /// Writes the message.
  wire::writer& to() noexcept { return to_; }
  /// What is written of it.
  std::size_t size() noexcept { return to_.out().size() - mark_; }
  void end() { std::exchange(port_, nullptr)->end_message(); }

private:
  message_port* port_;
  wire::writer to_;
  std::size_t mark_;
};

} // namespace swill::detail
