#pragma once

#include "actors/workers/remote_call.hpp"
#include "actors/workers/remote_handler.hpp"
#include "libswill/api/types/kinds.hpp"

#include <array>
#include <coroutine>
#include <exception>
#include <memory>
#include <optional>

namespace swill::actors::workers {

/// Bytes, few of them without an allocation.
class kept_bytes {
public:
  void assign(bytes_view b);
  bytes_view view() const noexcept { return {large_ ? large_.get() : small_.data(), size_}; }

private:
  std::array<std::byte, 48> small_;
  std::unique_ptr<std::byte[]> large_;
  std::size_t size_ = 0;
};

/// A call of one message each way: most calls. No coroutine stands in for the handler; the request itself is resumed by the worker's
/// answer, whose bytes go from the batch that they came in to the client's output.
class unary_exchange final : public detail::exchange, remote_call {
public:
  unary_exchange(detail::call& c, std::shared_ptr<const remote_handler> h);

  bool decode(bytes_view data, const limits& l, bool is_checked, std::optional<error>& failure) override;
  any_message incoming() override;
  bool start(detail::call& c, std::coroutine_handle<> parent) override;
  void finish() override;
  any_message outgoing() override;
  void encode(wire::writer& out) override;

private:
  void received(const wire::response_envelope& e) override;
  void gone() override;
  task<void> send_leading(metadata m);
  /// Resumes the request, unless leading metadata are still on their way.
  void resume();
  bool may_suspend() const noexcept { return !handler_->hooks.empty(); }

  std::shared_ptr<const remote_handler> handler_; // with the table, which may let go of it first
  wait waiting_;
  bytes_view data_;        ///< of the request, until it is sent
  kept_bytes sent_;        ///< the same, should another worker have to be asked
  std::optional<raw> in_;  ///< the same, for hooks
  bytes_view answer_;      ///< lives while the request is resumed
  std::optional<raw> out_; ///< the same, when that may take longer
  task<void> sending_;     ///< leading metadata
  std::exception_ptr failure_;
  std::size_t attempts_ = 0;
  bool has_leading_ = false; ///< was sent, or is being sent
  bool is_sending_ = false;
  bool is_answered_ = false;
};

} // namespace swill::actors::workers
