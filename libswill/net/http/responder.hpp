#pragma once

#include "libswill/base/loop.hpp"
#include "libswill/base/short_jobs.hpp"
#include "libswill/net/http/request.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace swill::net::http {

/// How much of a body is in memory at a time.
inline constexpr std::size_t body_piece = 64 * 1024;

/// The rest of a body, which is read while it is sent. Owned by the answer, and by whoever is reading.
class body_source {
public:
  body_source& operator=(body_source&&) = delete;
  virtual ~body_source() = default;

  /// The next bytes, at most `room` of them; 0 where there are none any more. On the worker pool, one call after the other.
  virtual std::size_t read(std::byte* to, std::size_t room) noexcept = 0;
};

/// What a request is answered. The body is `body`, and `left` bytes of `rest` after it.
struct answer_content {
  int status = 200;
  header_list headers;
  std::string body;
  std::uint64_t left = 0;
  std::shared_ptr<body_source> rest; // with the connection that sends it, and with what reads its next piece
  std::string trouble{};             ///< for the log alone, where something is wrong on our side
};

/// Where the answer to one request goes. Given up without one, on whatever thread, the request is answered 500. When the peer has gone,
/// nothing happens any more.
class answer_port {
public:
  virtual ~answer_port() = default;
  virtual swill::loop& loop() noexcept = 0;
  /// Where jobs of that loop go that open and read. On the loop.
  virtual short_jobs& jobs() noexcept = 0;
  /// The peer still waits. From any thread.
  virtual bool is_open() const noexcept = 0;
  /// Once, on the loop.
  virtual void respond(answer_content a) = 0;
};

/// A request for a path that has a responder.
struct asked {
  request head;
  std::string path;           ///< decoded (decoded_path)
  std::size_t mounted_at = 0; ///< how many bytes of the path the route has
  std::string remote_address;
};

/// Answers the requests for a path, or for all paths below one: GET and HEAD, whose answers differ in the body only, which is not sent.
/// Shared by the routers of a server.
class responder {
public:
  virtual ~responder() = default;
  /// On the loop of the connection, for several at the same time; answers at once or later.
  virtual void on_request(asked&& r, std::shared_ptr<answer_port> to) const = 0;
};

} // namespace swill::net::http
