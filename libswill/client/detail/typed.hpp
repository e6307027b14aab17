#pragma once

#include "libswill/api/types/codec.hpp"
#include "libswill/client/detail/await.hpp"

#include <optional>
#include <string>
#include <type_traits>
#include <utility>

// What the templates of client.hpp and call.hpp stand on.

namespace swill::client_detail {

using detail::as_message;

/// Encodes into the connection's scratch buffer.
template <class T>
bytes_view encode_for(client_connection& c, const T& v) {
  wire::writer to{c.scratch()};
  encode_message(to, v);
  return to.out().view();
}

/// The server keeps its promise otherwise than R has it.
error misfit(error e);

template <class R>
detail::or_nothing<R> decode_item(open_call& c) {
  detail::or_nothing<R> out{};
  if constexpr (std::is_void_v<R>) {
    c.take_item();
  } else {
    std::optional<error> failure;
    const limits& l = c.owner()->decode_limits();
    if (!decode_message(c.take_item(), l, out, failure)) throw misfit(std::move(*failure));
  }
  return out;
}

template <class R>
struct next_of : response_input {
  using response_input::response_input;
  std::optional<detail::or_nothing<R>> take() {
    if (call_.has_item()) return decode_item<R>(call_);
    call_.rethrow_failure();
    return std::nullopt;
  }
};

template <class R>
struct result_of : response_input {
  using response_input::response_input;
  R take() {
    if (!call_.has_item()) {
      call_.rethrow_failure();
      throw error{error_code::internal_error, "The result was taken before"};
    }
    if constexpr (std::is_void_v<R>) {
      call_.take_item();
    } else {
      return decode_item<R>(call_);
    }
  }
};

struct begin_of : response_input {
  explicit begin_of(open_call& c) noexcept : response_input(c, until::begun) {}
  void take() const noexcept {}
};

template <class T>
class writing : public output_room {
public:
  writing(open_call& c, T item) : output_room(c), item_(std::move(item)) {}
  bool take() {
    if (!output_room::take()) return false;
    call_.send_item(encode_for(*call_.owner(), item_));
    return true;
  }

private:
  T item_;
};

/// What next(), result() and the like give: to be awaited, now or in when_all.
template <class At>
struct SWILL_MUST_AWAIT("this does nothing until it is awaited: co_await it") operation {
  open_call* on;
  awaiting<At> operator co_await() const { return awaiting<At>{*on}; }
};
template <class T>
struct SWILL_MUST_AWAIT("write() sends nothing until it is awaited: co_await it") write_operation {
  open_call* on;
  T item;
  awaiting<writing<T>> operator co_await() && { return awaiting<writing<T>>{*on, std::move(item)}; }
};

template <class R, class T>
task<R> run_call(std::shared_ptr<client_connection> c, std::string rpc, T data, call_options o) {
  open_call one{c, rpc, o, false};
  const bool room = co_await awaiting<output_room>{one};
  if (room) one.open_message(encode_for(*c, data));
  if constexpr (std::is_void_v<R>) {
    co_await awaiting<result_of<R>>{one};
  } else {
    co_return co_await awaiting<result_of<R>>{one};
  }
}

} // namespace swill::client_detail
