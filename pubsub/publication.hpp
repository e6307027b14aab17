#pragma once

#include "libswill/base/bytes.hpp"
#include "pubsub/topic.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace swill {

struct topic_options;

/// One message of a topic as a node holds it: immutable, encoded once, shared by the topic's history and by everybody on the node who
/// gets it. Or a notice in its place: that messages before `at` are lost to whoever gets it.
class publication {
public:
  /// A message; `data` is one encoded value, `trace` the trace-id of the request that published it, or empty. Finds its key when the topic
  /// conflates.
  publication(std::string topic, position at, bytes_view data, const topic_options& o, std::string_view trace = {});
  /// A notice: the messages that follow it are those after `at`.
  publication(std::string topic, position at);
  publication& operator=(publication&&) = delete;

  const std::string& topic() const noexcept { return topic_; }
  const position& at() const noexcept { return at_; }
  bool is_notice() const noexcept { return data_at_ == 0; }
  /// What a subscribing client gets: `{offset, data}`, or `{epoch, offset, recovered: false}` (docs/protocol.md §10).
  bytes_view item() const noexcept { return bytes_view{item_}.first(item_.size() - trace_size_); }
  /// The message alone; empty for a notice.
  bytes_view data() const noexcept { return is_notice() ? bytes_view{} : item().subspan(data_at_); }
  /// The trace-id of the request that published it (docs/logging.md); empty when it had none. Not for clients: they would learn of requests
  /// of others.
  std::string_view trace() const noexcept { return as_text(bytes_view{item_}.last(trace_size_)); }
  /// What it is conflated by: equal for messages that replace each other.
  std::string_view key() const noexcept { return key_; }

private:
  std::string topic_;
  position at_;
  bytes item_;                   ///< the item, followed by the trace
  std::uint32_t data_at_ = 0;    ///< where the message stands in item_
  std::uint32_t trace_size_ = 0; ///< at the end of item_
  std::string_view key_;         ///< within item_
};

/// Shared by a broker's history and the subscriptions of a node.
using publication_ptr = std::shared_ptr<const publication>;

/// Writes `{offset, data}` for a message that goes to one subscriber only.
bytes encode_item(std::uint64_t offset, bytes_view data);

} // namespace swill
