#pragma once

#include <caf/allowed_unsafe_message_type.hpp>

#include <compare>
#include <cstdint>
#include <functional>

namespace swill {

/// Names one request of this process; no other one ever has the same. A value, also for keys of tables.
struct request_id {
  std::uint64_t number = 0; ///< 0: none
  friend auto operator<=>(const request_id&, const request_id&) = default;
};

} // namespace swill

template <>
struct std::hash<swill::request_id> {
  std::size_t operator()(swill::request_id id) const noexcept { return std::hash<std::uint64_t>{}(id.number); }
};

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::request_id)
