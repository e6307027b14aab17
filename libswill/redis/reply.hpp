#pragma once

#include "libswill/base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace swill::redis {

/// Part of a reply, or all of it. Borrows: good as long as the reply that it is taken from.
class reply_view {
public:
  enum class kind : std::uint8_t { nil, integer, text, array, error };

  reply_view() = default; ///< nil
  explicit reply_view(const void* native) noexcept : native_(native) {}

  kind type() const noexcept;
  bool is_nil() const noexcept { return type() == kind::nil; }
  bool is_integer() const noexcept { return type() == kind::integer; }
  bool is_text() const noexcept { return type() == kind::text; }
  bool is_array() const noexcept { return type() == kind::array; }
  bool is_error() const noexcept { return type() == kind::error; }

  /// 0 for what is no integer.
  std::int64_t integer() const noexcept;
  /// Of a string, a status, or an error; empty for the rest. Any bytes.
  std::string_view text() const noexcept;
  /// Of an array; 0 for the rest.
  std::size_t size() const noexcept;
  /// An element of an array; nil where there is none.
  reply_view operator[](std::size_t i) const noexcept;

protected:
  const void* native_ = nullptr;
};

/// What Redis answered to one command; owns it. Moves, does not copy.
class reply : public reply_view {
public:
  reply() = default;
  explicit reply(void* native) noexcept : reply_view(native) {}
  reply(reply&& other) noexcept : reply_view(std::exchange(other.native_, nullptr)) {}
  reply& operator=(reply&& other) noexcept {
    reply gone{std::move(other)};
    std::swap(native_, gone.native_);
    return *this;
  }
  ~reply();
};

/// Whether a reply has the shape that the answer to a command must have; without one everything fits. A reply that does not fit means that the
/// connection is out of step, or what answers is no Redis: the command fails with 503, and the connection is made anew.
using reply_check = bool (*)(const reply_view&) noexcept;
bool is_number(const reply_view& r) noexcept;
bool is_text_or_nil(const reply_view& r) noexcept;
/// An array whose items are all texts.
bool is_list_of_texts(const reply_view& r) noexcept;

/// What Redis answered with an error. Of those that pass (LOADING, BUSY, READONLY, MASTERDOWN, CLUSTERDOWN, TRYAGAIN, MISCONF,
/// NOREPLICAS, OOM): 503 with data.retryable; else 500. data.redis holds its text: not for clients.
error refused(std::string_view text);

/// The word that what Redis refused is known by: "READONLY", "OOM". Also where a script of Redis 6 has put other words around it.
std::string refusal_word(std::string_view text);

/// Whether a refusal means that the connection is of no use: what answers is a replica (READONLY) or has lost its primary (MASTERDOWN,
/// NOREPLICAS, CLUSTERDOWN), is still reading its data (LOADING), or does not know us any more (NOAUTH). The right one may have the
/// same name.
bool is_wrong_server(std::string_view word) noexcept;

} // namespace swill::redis
