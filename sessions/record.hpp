#pragma once

#include "libswill/base/buffer.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace swill {

/// Wall-clock time, as far as sessions count it.
using session_time = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

/// One session as stores keep it. A value type.
struct session_record {
  std::string id;            ///< a secret, unless tokens are signed
  std::string user;          ///< who has logged in, or empty
  std::uint64_t version = 0; ///< rises with each save; 0: it is not stored
  session_time created{};    ///< or of the last login
  session_time seen{};       ///< the last save, or touch
  session_time loaded{};     ///< by the store's clock; not stored
  std::string previous;      ///< the id that is still in its browser's cookie, or empty
  std::string data;          ///< a MessagePack map: names and values
};

/// One value of a session that somebody has set or erased.
struct session_change {
  std::string name;
  std::string before; ///< what it was when that session was loaded, as MessagePack; empty: there was none
  std::string after;  ///< what it is to be; empty: it is erased
};
using session_changes = std::vector<session_change>;

/// What saving has changed of a record.
struct session_stamp {
  std::uint64_t version = 0;
  session_time created{};
  session_time seen{};
};

/// A record that is not stored yet.
session_record new_session(std::string id);

/// Appends a record without its id as bytes, with what saving changes of it: 16 hex digits of version, 16 of `seen` in ms (both at fixed
/// places, so that a script can compare and set them), then MessagePack: `created` in ms, user, previous, data.
void encode_session(buffer& out, const session_record& r, const session_stamp& s);
/// Empty when that is not what the bytes are.
std::optional<session_record> decode_session(std::string id, std::string_view encoded);

/// 16 hex digits.
std::array<char, 16> session_number(std::uint64_t n) noexcept;

} // namespace swill
