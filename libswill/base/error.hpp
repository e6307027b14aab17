#pragma once

#include "libswill/base/temporaries.hpp"
#include "libswill/base/value.hpp"

#include <chrono>
#include <concepts>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace swill {

/// Codes of ERROR envelopes (docs/protocol.md §4). An application may use any other integer.
/// IF YOU ADD A VALUE: docs/protocol.md §4, name_of in error.cpp, the CLI's exit codes.
enum class error_code : int {
  bad_request = 400,       ///< The envelope or its order makes no sense. A retry does not help.
  unauthorized = 401,      ///< Who the caller is must be shown first. A retry does not help.
  forbidden = 403,         ///< The caller may not. A retry does not help.
  not_found = 404,         ///< No handler of that name. A retry does not help.
  deadline_exceeded = 408, ///< The deadline passed; the handler was cancelled. A retry may help.
  conflict = 409,          ///< Somebody else was first. A retry on fresh data may help.
  too_large = 413,         ///< The message is too large for this handler. A retry does not help.
  validation_error = 422,  ///< The message breaks its description. A retry does not help.
  too_many_requests = 429, ///< A rate or in-flight limit; data.retry_after_ms says when a retry may help.
  cancelled = 499,         ///< The request was cancelled. A retry may help.
  internal_error = 500,    ///< Something unforeseen, described in the log only. A retry seldom helps.
  invalid_rpc = 501,       ///< The handler cannot be called in this way. A retry does not help.
  unavailable = 503,       ///< Draining, or a backend is down. A retry helps.
};

/// An error for the client to see: sent as it is in an ERROR envelope (docs/protocol.md §4). A handler throws it, or returns it in a
/// result; derive from it freely. Values copy.
class error : public std::exception {
public:
  error();
  error(std::int64_t code, std::string message, value data = {});
  error(error_code code, std::string message, value data = {});
  /// Says that an error has a code.
  template <class Text>
  requires std::convertible_to<Text, std::string_view>
  explicit error(const Text&) {
    static_assert(detail::refused<Text>, "an error has a code, too: error{error_code::conflict, \"sold out\"}");
  }
  /// Says that its data is a value.
  template <class Code, std::convertible_to<std::string> Text, class Data>
  requires(!std::convertible_to<Data, value>) error(Code, const Text&, const Data&) {
    static_assert(detail::refused<Data>,
                  "data of an error is a swill::value: error{409, \"sold out\", swill::to_value(left)}");
  }
  /// Says which comes first.
  template <std::convertible_to<std::string> Text, class Code>
  requires(std::is_arithmetic_v<Code> || std::is_enum_v<Code>) error(const Text&, Code, const value& = {}) {
    static_assert(detail::refused<Code>, "the code of an error comes first: error{409, \"sold out\"}");
  }
  error(const error&);
  error(error&&) noexcept;
  error& operator=(const error&);
  error& operator=(error&&) noexcept;
  ~error() override;

  const char* what() const noexcept override { return message.c_str(); }
  bool is(error_code c) const noexcept { return code == static_cast<std::int64_t>(c); }

  std::int64_t code = static_cast<std::int64_t>(error_code::bad_request);
  std::string message;
  value data; ///< nil: the envelope carries no `data`
};

/// Errors whose `data` says when a retry may help, and the one that says nothing; `more` are further entries of `data`.
namespace errors {

using entries = std::initializer_list<std::pair<std::string_view, value>>;

/// 500, "An internal server error occurred": what went wrong is for the log alone.
error internal();
/// 503, with data.retryable: true.
error unavailable(std::string message, entries more = {});
/// 409, with data.retryable: true.
error conflict(std::string message);
/// 429, with data.retry_after_ms.
error too_many(std::string message, std::chrono::milliseconds retry_after, entries more = {});

} // namespace errors

/// Thrown at a co_await, or a co_yield, of a request that was cancelled: by CANCEL, its deadline, or the end of its connection.
/// Catch it only to tidy up; destructors do that better.
class cancelled : public std::exception {
public:
  const char* what() const noexcept override { return "cancelled"; }
};

/// Thrown by a handler or hook to close its connection (docs/protocol.md §4): after what is queued, with this code and reason.
/// A code below 1000 becomes 1000; one that RFC 6455 §7.4 forbids on the wire becomes 1011.
class close_connection : public std::exception {
public:
  explicit close_connection(int code = 1000, std::string reason = {}) : code(code), reason(std::move(reason)) {}
  const char* what() const noexcept override { return "close_connection"; }

  int code;
  std::string reason;
};

/// The close code that travels for what an application asked (docs/protocol.md §4).
int close_code_on_the_wire(int code) noexcept;

/// At most `limit` bytes of s, cut between characters.
std::string_view cut_text(std::string_view s, std::size_t limit) noexcept;

/// "NOT_FOUND" for 404; empty for codes that are not ours.
std::string_view name_of(error_code code) noexcept;

} // namespace swill
