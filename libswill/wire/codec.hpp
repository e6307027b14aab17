#pragma once

#include "libswill/base/value.hpp"
#include "libswill/wire/reader.hpp"
#include "libswill/wire/writer.hpp"

#include <cstddef>
#include <cstdint>

namespace swill::wire {

/// How reading a dynamic value ended. `too_large`: its containers would take more memory than the budget has left.
enum class value_status : std::uint8_t { ok, malformed, too_deep, invalid_utf8, too_large };

/// Reads the next value into `out`. Recursion is bounded by `nesting_limit` (see reader::scan). The memory of arrays and maps, whatever
/// sizes they declare, is taken off `budget` (bytes) before it is allocated; str, bin and ext are never larger than the message.
/// Unless ok, the reader has not moved and `out` is nil.
value_status read_value(reader& from, value& out, std::size_t nesting_limit, std::size_t& budget);

/// The same with the default of limits::decoded_size for a budget.
bool read_value(reader& from, value& out, std::size_t nesting_limit);

/// Appends v. Throws encode_error when a str within it is not UTF-8; then part of v may have been written already: the caller
/// truncates the buffer.
void write_value(writer& to, const value& v);

} // namespace swill::wire
