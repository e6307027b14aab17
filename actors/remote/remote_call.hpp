#pragma once

#include "actors/remote/gateway_lane.hpp"
#include "libswill/api/detail/call.hpp"
#include "libswill/api/types/kinds.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace swill::actors::remote {

class remote_handler;

/// One call at a worker, from the gateway's side. Lives in the coroutine that stands in for the handler; when that goes before the call
/// has ended, the worker gets CANCEL. All on the loop's thread.
class remote_call {
public:
  remote_call(const remote_handler& h, detail::call& c) : handler_(h), call_(c) {}
  remote_call(const remote_call&) = delete;
  remote_call& operator=(const remote_call&) = delete;
  ~remote_call();

  /// Picks the worker with the least in flight and opens the call there. Throws 503 when there is none, 429 when all are full.
  void open(wire::request_type type, bytes_view data);
  /// One more item; only after upload_room().
  void send_item(bytes_view data);
  void send_end();
  /// So many bytes of the response have been passed on.
  void grant(std::size_t size);

  /// What came from the worker; `end` also when it was lost or bounced, which the two functions below tell.
  struct reply {
    wire::response_type type = wire::response_type::message;
    raw data;
    std::optional<metadata> leading;
    std::optional<metadata> trailing;
    std::optional<error> failure;
  };

  struct reply_awaiter : wait {
    explicit reply_awaiter(remote_call& r) : of(r) {}
    ~reply_awaiter() { of.reply_waiter_ = nullptr; }
    remote_call& of;
    bool await_ready() const noexcept { return false; }
    template <class P>
    bool await_suspend(std::coroutine_handle<P> h) {
      if (of.call_.is_cancelled() || of.has_replies() || of.is_over()) return false;
      of.call_.suspend(*this, h);
      of.reply_waiter_ = this;
      return true;
    }
    /// The next one; empty when the worker is lost. Throws what the worker answered with ERROR.
    std::optional<reply> await_resume() { return of.take_reply(); }
  };
  reply_awaiter next() { return reply_awaiter{*this}; }

  struct room_awaiter : wait {
    room_awaiter(remote_call& r, std::size_t n) : of(r), size(n) {}
    ~room_awaiter() { of.leave_room(); }
    remote_call& of;
    std::size_t size;
    bool await_ready() const noexcept { return false; }
    template <class P>
    bool await_suspend(std::coroutine_handle<P> h) {
      if (of.call_.is_cancelled() || of.is_over() || of.has_room(size)) return false;
      of.call_.suspend(*this, h);
      of.room_waiter_ = this;
      of.wait_room();
      return true;
    }
    void await_resume() {
      if (of.call_.is_cancelled()) throw cancelled{};
    }
  };
  /// Waits until an item of that size may go.
  room_awaiter upload_room(std::size_t size) { return room_awaiter{*this, size}; }

  bool may_send(std::size_t size) const noexcept { return is_over() || has_room(size); }

  bool is_over() const noexcept { return lane_ == nullptr; }
  /// The worker refused to begin: the call may be opened again as if it had never been.
  bool was_bounced() const noexcept { return bounced_; }
  detail::call& call() const noexcept { return call_; }
  const remote_handler& target() const noexcept { return handler_; }

  // --- For the lane
  void on_response(const wire::response_envelope& e);
  void on_taken(std::uint32_t n);
  void on_bounce();
  void on_lost();
  void on_room();
  std::uint32_t seq() const noexcept { return seq_; }
  std::uint32_t connection_number() const noexcept { return connection_; }

private:
  void send(record kind, wire::request_type type, bytes_view data, bytes_view metadata);
  std::optional<reply> take_reply();
  bool has_room(std::size_t size) const noexcept;
  void wait_room() noexcept;
  void leave_room() noexcept;
  void finish();
  void wake_reader();

  const remote_handler& handler_;
  detail::call& call_;
  gateway_lane* lane_ = nullptr; ///< null before open() and after the end
  caf::strong_actor_ptr keep_;   ///< the lane, while it is used
  std::uint32_t seq_ = 0;
  std::uint32_t connection_ = 0;
  bool bounced_ = false;
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
