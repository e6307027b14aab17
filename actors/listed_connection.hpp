#pragma once

#include "libswill/api/ports.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace swill::actors {

/// What a listing shows of one connection.
struct listed_connection : traffic {
  std::string id;
  std::string user; ///< empty: unknown
  std::string remote_address;
  std::string path;
  std::string subprotocol;
  std::int64_t age_ms = 0;
  std::size_t requests = 0;        ///< in flight
  std::size_t backlog = 0;         ///< bytes that wait to be sent
  std::size_t queued_items = 0;    ///< of streaming requests, for handlers to take
  std::size_t queued_bytes = 0;    ///< of these
  std::string session;             ///< a short hash of its session's id; empty: none
  std::vector<std::string> topics; ///< that it is subscribed to
};

} // namespace swill::actors
