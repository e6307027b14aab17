#pragma once

#include "libswill/base/header_fields.hpp"

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

// What a request asks of a representation beside its path (RFC 9110 §12.5.3, §13, §14), as functions without I/O.

namespace swill::net::http {

/// Which version of a file it is.
struct validators {
  std::string tag; ///< a strong entity tag, with its quotes
  std::time_t changed = 0;
};

/// 200, 304 or 412, by If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since, in the order of §13.2.2. Dates that are none are as if they were not there.
int status_by_conditions(const header_list& headers, const validators& v);

/// A part of a file.
struct byte_range {
  std::uint64_t first = 0;
  std::uint64_t size = 0;
  bool operator==(const byte_range&) const = default;
};
struct range_verdict {
  int status = 200; ///< 206: `range` is asked for; 416: nothing that there is
  byte_range range{};
};
/// The one range of a request for a file of that size. Of several at once, of another unit, where what is written is none, and where If-Range names another version: the whole file.
range_verdict range_of(const header_list& headers, const validators& v, std::uint64_t size);

/// Whether Accept-Encoding lets that coding through.
bool accepts_coding(const header_list& headers, std::string_view coding);

} // namespace swill::net::http
