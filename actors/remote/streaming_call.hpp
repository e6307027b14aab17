#pragma once

#include "actors/remote/remote_call.hpp"
#include "libswill/api/types/kinds.hpp"

#include <optional>
#include <vector>

namespace swill::actors::remote {

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

  struct reply_awaiter : wait {
    explicit reply_awaiter(streaming_call& r) : of(r) {}
    ~reply_awaiter() { of.reply_waiter_ = nullptr; }
    streaming_call& of;
    bool await_ready() const noexcept { return false; }
    template <class P>
    bool await_suspend(std::coroutine_handle<P> h) {
      if (of.call().is_cancelled() || of.has_replies() || of.is_over()) return false;
      of.call().suspend(*this, h);
      of.reply_waiter_ = this;
      return true;
    }
    /// The next one; empty when the worker is lost. Throws what the worker answered with ERROR.
    std::optional<reply> await_resume() { return of.take_reply(); }
  };
  reply_awaiter next() { return reply_awaiter{*this}; }

  struct room_awaiter : wait {
    room_awaiter(streaming_call& r, std::size_t n) : of(r), size(n) {}
    ~room_awaiter() { of.leave_room(); }
    streaming_call& of;
    std::size_t size;
    bool await_ready() const noexcept { return false; }
    template <class P>
    bool await_suspend(std::coroutine_handle<P> h) {
      if (of.call().is_cancelled() || of.may_send(size)) return false;
      of.call().suspend(*this, h);
      of.room_waiter_ = this;
      of.wait_room();
      return true;
    }
    void await_resume() {
      if (of.call().is_cancelled()) throw cancelled{};
    }
  };
  /// Waits until an item of that size may go.
  room_awaiter upload_room(std::size_t size) { return room_awaiter{*this, size}; }

  bool may_send(std::size_t size) const noexcept { return is_over() || has_room(size); }

  // --- For the lane
  void on_taken(std::uint32_t n) override;
  void on_room() override;

private:
  void received(const wire::response_envelope& e) override;
  void gone() override;
  std::optional<reply> take_reply();
  bool has_room(std::size_t size) const noexcept;
  void wait_room() noexcept;
  void leave_room() noexcept;
  void wake_reader();
  bool has_replies() const noexcept { return taken_ != replies_.size(); }

  std::vector<reply> replies_;      // not a deque, which allocates also when it is empty
  std::size_t taken_ = 0;           ///< of replies_
  std::vector<std::size_t> upload_; ///< sizes of items that the worker's handler has not taken
  std::size_t upload_bytes_ = 0;
  std::uint32_t ungranted_ = 0;
  wait* reply_waiter_ = nullptr;
  wait* room_waiter_ = nullptr;
};

} // namespace swill::actors::remote
