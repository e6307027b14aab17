#pragma once

#include "libswill/base/header_fields.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace swill {

/// A request that a server answers itself, beside its WebSocket endpoint: GET or HEAD, without a body.
struct http_request {
  std::string method;
  std::string path;  ///< decoded: valid UTF-8 without control characters, backslashes, empty segments and dot segments
  std::string query; ///< what follows the `?`, not decoded
  header_list headers;        ///< in the order of the wire
  std::string remote_address; ///< the peer's IP address, or "unix"
};

/// The answer to it. `Content-Length` and `Connection` are the server's, and so is leaving out the body where the request was HEAD.
struct http_response {
  int status = 200;
  std::string body{};
  header_list headers{}; ///< without a `Content-Type`: "text/plain; charset=utf-8"
};

/// Answers requests for one path, on the I/O thread of the connection, for several connections at the same time: it must not wait. What it
/// throws is logged, and answered 500.
using http_handler = std::function<http_response(const http_request&)>;

/// Which listeners of a server answer at a path.
enum class http_listeners : std::uint8_t { all, internal_only };

/// How the files of a directory are served.
struct file_options {
  /// The file that stands for a directory, at every depth; empty: none does.
  std::string index = "index.html";
  /// The file, below the directory, that is served where there is no such file, to paths whose last part has no dot: the page of an
  /// application that reads the path itself. Empty: none, HTTP 404.
  std::string fallback{};
  /// What `Cache-Control` says of every file; empty: nothing.
  std::string cache_control = "no-cache";
  /// Where a client takes it, and there is a FILE.br or FILE.gz that is not older, that is sent in the place of FILE.
  bool precompressed = true;
};

} // namespace swill
