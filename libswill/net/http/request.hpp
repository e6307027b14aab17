#pragma once

#include "libswill/base/header_fields.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace swill::net::http {

/// The head of a request as it came.
struct request {
  std::string method;
  std::string target;
  int version = 11; ///< 10, or 11 for that and all later minor versions, which mean the same to us (RFC 9110 §2.5)
  header_list headers;
};

/// A target in absolute form (`http://host/path?query`, as to a proxy) becomes path and query, and its host takes the place of the Host
/// header's (RFC 9112 §3.2.2), where that is as it should be. Any other target stays as it is.
void take_origin_form(request& r);

/// Whether a body follows, of whatever length: a length that is not plainly 0, or a transfer coding.
bool has_body(const header_list& headers);
/// Whether that is what one field says.
bool means_body(std::string_view name, std::string_view value) noexcept;
/// Whether the Host headers of a request are as they should be, and a server has to answer 400 where they are not (RFC 9112 §3.2): there is one, or by
/// HTTP/1.0 none, and it holds a host.
bool has_right_host(const request& r);
/// The same for whoever has seen the headers: how many of them there are, and what one says.
bool is_right_host(int version, std::size_t count, std::string_view value) noexcept;
/// What the body of that answer says.
inline constexpr const char* wrong_host = "One valid Host header is required";

/// True for what may stand between `//` and the port of a URI, or in a Host header (RFC 3986 §3.2.2).
bool is_host(std::string_view text) noexcept;
/// True for a host with or without a port (RFC 9112 §3.2).
bool is_authority(std::string_view text) noexcept;

} // namespace swill::net::http
