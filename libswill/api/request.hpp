#pragma once

#include "libswill/api/context.hpp"
#include "libswill/api/types/codec.hpp"
#include "libswill/base/awaiting.hpp"
#include "libswill/base/ring.hpp"
#include "libswill/base/task.hpp"

#include <cstddef>
#include <optional>

namespace swill {

/// A request of one message. Owned by the handler; the context it refers to lives until the handler has ended. `request<>` takes nil.
template <class T = nothing>
class request {
public:
  using message_type = T;
  request(T data, swill::context& c) : data_(std::move(data)), context_(&c) {}

  T& data() & noexcept { return data_; }
  const T& data() const& noexcept { return data_; }
  T&& data() && noexcept { return std::move(data_); }

  swill::context& context() const noexcept { return *context_; }
  const swill::metadata& metadata() const { return context_->metadata(); }

private:
  T data_;
  swill::context* context_;
};

/// Nobody makes one: `handle` says that a request without data is a `request<>`.
template <>
class request<void> {
public:
  swill::context& context() const noexcept;
  const swill::metadata& metadata() const;
};

namespace detail {

/// What the items of one streaming request take that wait for its handler, decoded or not. Its call sets the two marks, between which
/// nobody needs to know.
class input_gauge {
public:
  void add(std::size_t n) {
    held_ += n;
    if (held_ >= high_) [[unlikely]]
      on_mark();
  }
  void take(std::size_t n) {
    held_ -= n;
    if (held_ < low_) [[unlikely]]
      on_mark();
  }
  /// The handler has taken an item, which need not have waited.
  void note_item_taken() {
    if (counts_items_) [[unlikely]]
      on_item_taken();
  }
  std::size_t held() const noexcept { return held_; }

protected:
  explicit input_gauge(bool counts_items) noexcept : counts_items_(counts_items) {}
  ~input_gauge() = default;
  /// It has fallen below low_, or come up to high_.
  virtual void on_mark() = 0;
  virtual void on_item_taken() = 0;
  std::size_t low_ = 0;
  std::size_t high_ = 0;

private:
  std::size_t held_ = 0;
  bool counts_items_; ///< somebody is told of each item that the handler takes
};

/// Items of a streaming request that wait for their handler. Its call bounds what they take (limits::queued_bytes).
template <class T>
class item_queue : public wait_slot {
public:
  explicit item_queue(input_gauge* g) noexcept : gauge_(*g) {}

  bool empty() const noexcept { return items_.empty(); }
  std::size_t size() const noexcept { return items_.size(); }
  std::size_t queued_bytes() const noexcept { return bytes_; }

  /// What they take in memory.
  std::size_t held() const noexcept { return held_; }

  /// An item that came in `size` bytes and has allocated so many beyond them. Where the handler waits for one it goes on with it at once, which
  /// may destroy this; until then `item` must live.
  void put(T& item, std::size_t size, std::size_t allocated) {
    if (has_waiter()) {
      handed_ = &item;
    } else {
      push(std::move(item), size, allocated);
    }
    wake();
  }
  void push(T item, std::size_t size, std::size_t allocated) {
    const std::size_t takes = size + allocated + sizeof(slot) + 2 * sizeof(void*); // the latter of its allocation
    items_.push({std::move(item), size, takes});
    bytes_ += size;
    held_ += takes;
    gauge_.add(takes);
  }
  T pop() {
    slot s = items_.pop();
    bytes_ -= s.size;
    held_ -= s.takes;
    gauge_.note_item_taken();
    gauge_.take(s.takes); // last: the call may push more
    return std::move(s.item);
  }
  void close() noexcept { closed_ = true; }

  /// For `awaiting`: the next item, or that there is none.
  bool is_ready() const noexcept { return !empty() || closed_; }
  std::optional<T> take() {
    if (T* item = std::exchange(handed_, nullptr); item != nullptr) {
      gauge_.note_item_taken();
      return std::optional<T>{std::move(*item)};
    }
    if (empty()) return std::nullopt;
    return std::optional<T>{pop()};
  }

private:
  struct slot {
    T item{};
    std::size_t size = 0;
    std::size_t takes = 0;
  };
  input_gauge& gauge_;
  T* handed_ = nullptr; ///< to the handler, which is about to take it
  ring<slot, 256> items_;
  std::size_t bytes_ = 0;
  std::size_t held_ = 0;
  bool closed_ = false;
};

template <class T>
struct SWILL_MUST_AWAIT("next() gives nothing until it is awaited: co_await it") next_operation {
  item_queue<T>* queue;
  awaiting<item_queue<T>&> operator co_await() const noexcept { return awaiting<item_queue<T>&>{*queue}; }
  template <class U = T>
  explicit operator bool() const {
    static_assert(refused<U>, "next() gives an item only when it is awaited: while (auto item = co_await r.next())");
    return false;
  }
};

} // namespace detail

/// A request of any number of messages: `while (auto item = co_await r.next())`. One reader at a time.
template <class T>
class streaming_request {
public:
  using message_type = T;
  streaming_request(detail::item_queue<T>& q, swill::context& c) : queue_(&q), context_(&c) {}

  /// The next item; empty after the client's END_OF_STREAM. Throws `cancelled` when the request is cancelled. A coroutine that only reads and
  /// drops needs the variable, too: g++ 12 compiles a bare `while (co_await r.next()) {}` wrongly (docs/handlers.md, "Pitfalls").
  detail::next_operation<T> next() const noexcept { return {queue_}; }

  swill::context& context() const noexcept { return *context_; }
  const swill::metadata& metadata() const { return context_->metadata(); }

private:
  detail::item_queue<T>* queue_;
  swill::context* context_;
};

} // namespace swill
