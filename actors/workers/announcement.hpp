#pragma once

#include "actors/workers/options.hpp"
#include "libswill/api/serving/handler.hpp"
#include "libswill/api/types/schema.hpp"
#include "libswill/base/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace swill::actors::workers {

/// One handler as a worker announces it. Immutable; shared by all loops.
struct announced_handler {
  std::string name;
  bool request_streams = false;
  bool response_streams = false;
  std::shared_ptr<const value> request_type;  ///< shared with the handlers made of this
  std::shared_ptr<const value> response_type; ///< the same
  handler_options options;
  std::shared_ptr<const schema> request_schema; ///< of its requests; shared with its exchanges

  /// Whether a client could not tell one from the other.
  bool same_types(const announced_handler& other) const {
    return request_streams == other.request_streams && response_streams == other.response_streams &&
           *request_type == *other.request_type && *response_type == *other.response_type;
  }
};

struct announcement {
  std::string worker;
  std::uint32_t capacity = 1;
  std::uint32_t connections = 1;
  std::uint32_t queued_items =
      1; ///< items that may wait for a handler of the worker; of one that counts bytes only, very many
  std::vector<std::shared_ptr<const announced_handler>> handlers;
};

/// What a worker says: its handlers but those named "swill.…".
bytes encode_announcement(const worker_options& o, const std::vector<std::shared_ptr<const detail::handler>>& handlers);
/// And what a gateway understands; the error says what it does not.
result<announcement> decode_announcement(bytes_view encoded, const gateway_options& o, const limits& l);

} // namespace swill::actors::workers
