#pragma once

#include "actors/workers/remote_call.hpp"
#include "libswill/api/types/kinds.hpp"
#include "libswill/base/awaiting.hpp"

#include <optional>
#include <vector>

namespace swill::actors::workers {

/// A call of which messages stream, one way or both, for the coroutine that stands in for its handler: replies wait here until it asks.
class streaming_call final : public remote_call {
public:
  using remote_call::remote_call;

  /// One more item; only after upload_room().
  void send_item(bytes_view data);
  void send_end();
  /// So many bytes of the response have been passed on.
  void grant(std::size_t size);

  /// What came from the worker.
  struct reply {
    wire::response_type type = wire::response_type::message;
    raw data;
    std::optional<metadata> leading;
    std::optional<metadata> trailing;
    std::optional<error> failure;
  };

  /// Waits for the next one; empty when the worker is lost. Throws what the worker answered with ERROR.
  auto next() { return awaiting<next_reply>{*this}; }
  /// Waits until an item of that size may go.
  auto upload_room(std::size_t size) { return awaiting<room>{*this, size}; }

  bool may_send(std::size_t size) const noexcept { return is_over() || has_room(size); }

  // --- For the lane
  void on_taken(std::uint32_t n) override;
  void on_room() override;

private:
  struct next_reply {
    streaming_call& of;
    bool is_ready() const noexcept { return of.has_replies() || of.is_over(); }
    void enter(wait& w) noexcept { of.reply_waiter_.enter(w); }
    void leave(const wait& w) noexcept { of.reply_waiter_.leave(w); }
    std::optional<reply> take() { return of.take_reply(); }
  };
  struct room {
    streaming_call& of;
    std::size_t size;
    bool is_ready() const noexcept { return of.may_send(size); }
    void enter(wait& w) noexcept { of.wait_room(w); }
    void leave(const wait& w) noexcept { of.leave_room(w); }
    void take() const noexcept {}
  };

  void received(const wire::response_envelope& e) override;
  void gone() override;
  std::optional<reply> take_reply();
  bool has_room(std::size_t size) const noexcept;
  void wait_room(wait& w) noexcept;
  void leave_room(const wait& w) noexcept;
  void wake_reader();
  bool has_replies() const noexcept { return taken_ != replies_.size(); }

  std::vector<reply> replies_;      // not a deque, which allocates also when it is empty
  std::size_t taken_ = 0;           ///< of replies_
  std::vector<std::size_t> upload_; ///< sizes of items that the worker's handler has not taken
  std::size_t upload_bytes_ = 0;
  std::uint32_t ungranted_ = 0;
  wait_slot reply_waiter_;
  wait_slot room_waiter_;
};

} // namespace swill::actors::workers
