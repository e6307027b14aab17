#pragma once

#include "libswill/base/temporaries.hpp"
#include "libswill/client/detail/typed.hpp"

#include <memory>
#include <utility>

namespace swill {

/// What all calls have. A call belongs to the client's loop; it may outlive the client, whose end it then reports (connection_lost).
/// Destroyed before it has ended, it is cancelled: CANCEL is sent. At most one coroutine reads from a call and one writes to it at a
/// time. When the scope of a coroutine that waits here is cancelled, so is the call.
class any_call {
public:
  explicit any_call(std::unique_ptr<client_detail::open_call> c) noexcept : call_(std::move(c)) {}

  /// Waits until the response has begun (leading metadata, an item) or is over; errors are told by the functions that read.
  client_detail::operation<client_detail::begin_of> ready() const noexcept { return {call_.get()}; }

  /// Empty until they have come. Leading: at the latest with the first item. Trailing: with the end.
  const metadata& leading() const noexcept { return call_->leading(); }
  const metadata& trailing() const noexcept { return call_->trailing(); }

  bool has_ended() const noexcept { return call_->ended(); }
  /// Whether an item is there already: reading would not wait.
  bool has_item() const noexcept { return call_->has_item(); }

  /// Sends CANCEL; whoever waits gets error 499. After the end: nothing.
  void cancel() { call_->cancel(); }

protected:
  std::unique_ptr<client_detail::open_call> call_;
};

/// One message there, one back.
template <class R>
class [[nodiscard]] client_call : public any_call {
public:
  using any_call::any_call;

  /// `R r = co_await c.result();` Once. Throws swill::error: what the server answered, 408 when the deadline passed, 499 when it was
  /// cancelled here, connection_lost, or 500 when the answer is no R.
  client_detail::operation<client_detail::result_of<R>> result() const noexcept { return {call_.get()}; }
};

/// One message there, any number back.
template <class R>
class [[nodiscard]] client_stream : public any_call {
public:
  using any_call::any_call;

  /// `while (auto item = co_await s.next())`: empty at the end. Throws as client_call::result, after the items that came before.
  client_detail::operation<client_detail::next_of<R>> next() const noexcept { return {call_.get()}; }
};

/// The writing side of a streaming request.
template <class T>
class writing_call : public any_call {
public:
  using any_call::any_call;
  using message_type = client_detail::as_message<T>;

  /// `co_await c.write(item)`: sends it as soon as the connection's output is below client_options::send_buffer. False when the call has
  /// ended, or its writing was closed: the item was not sent; reading says why. Throws encode_error.
  client_detail::write_operation<message_type> write(message_type item) const requires(!detail::fragile<message_type>) {
    return {call_.get(), std::move(item)};
  }
  client_detail::write_operation<message_type> write(const message_type& item) const
      requires(detail::fragile<message_type>) {
    return {call_.get(), item};
  }
  template <detail::fragile_temporary_for<message_type> U = message_type>
  client_detail::write_operation<message_type> write(U&& item) const {
    static_assert(detail::refused<U>,
                  "g++ 12 would destroy this temporary twice; name it first: order o{...}; co_await c.write(o);");
    return {call_.get(), std::move(item)};
  }

  /// Sends END_OF_STREAM. Again: nothing.
  void close_writing() const { call_->send_end(); }
};

/// Any number of messages there, one back.
template <class T, class R>
class [[nodiscard]] client_upload : public writing_call<T> {
public:
  using writing_call<T>::writing_call;

  /// Sends END_OF_STREAM and waits for the response, once. Throws as client_call::result.
  client_detail::operation<client_detail::result_of<R>> finish() const {
    this->close_writing();
    return result();
  }
  /// The response without END_OF_STREAM: a handler may answer before.
  client_detail::operation<client_detail::result_of<R>> result() const noexcept { return {this->call_.get()}; }
};

/// Any number of messages both ways. Reading and writing may wait at the same time, in two coroutines.
template <class T, class R>
class [[nodiscard]] client_duplex : public writing_call<T> {
public:
  using writing_call<T>::writing_call;

  /// As client_stream::next.
  client_detail::operation<client_detail::next_of<R>> next() const noexcept { return {this->call_.get()}; }
};

} // namespace swill
