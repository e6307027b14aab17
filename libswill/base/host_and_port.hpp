#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace swill {

/// Where something listens or is connected to, taken apart. Borrows from the text.
struct host_and_port_parts {
  std::string_view host;                ///< an IPv6 address without its brackets
  std::optional<std::string_view> port; ///< whatever follows the colon
  bool in_brackets = false;
};

/// Takes "HOST", "HOST:PORT", "[ADDRESS]" and "[ADDRESS]:PORT" apart: what follows the last colon is the port, unless that colon is in brackets. Whether
/// there can be such a host, and such a port, say may_be_host and port_number. Nothing for a bracket that is not closed, or is followed
/// by something else than a colon.
std::optional<host_and_port_parts> split_host_and_port(std::string_view text) noexcept;

/// Decimal digits alone, from 0 to 65535.
std::optional<std::uint16_t> port_number(std::string_view text) noexcept;

/// Whether there can be a host of that name, or address: letters, digits and "-._:%" alone.
bool may_be_host(std::string_view text) noexcept;

/// "host" and 80 as "host:80"; an IPv6 address gets its brackets.
std::string host_and_port(const std::string& host, const std::string& port);

} // namespace swill
