#pragma once

#include "libswill/api/types/codec.hpp"
#include "pubsub/broker.hpp"
#include "pubsub/publication.hpp"
#include "pubsub/topic.hpp"

#include <optional>
#include <string>

// What the built-in handlers take and give (docs/protocol.md §10).

namespace swill::detail {

struct subscribe_request {
  std::string topic;
  std::optional<position> since;
};
template <class D>
void describe(D& d, subscribe_request& r) {
  d.field("topic", r.topic);
  d.field("since", r.since);
}

struct publish_request {
  std::string topic;
  raw data;
  std::optional<std::string> idempotency_key;
};
template <class D>
void describe(D& d, publish_request& r) {
  d.field("topic", r.topic);
  d.field("data", r.data);
  d.field("idempotency_key", r.idempotency_key);
}

struct presence_request {
  std::string topic;
};
template <class D>
void describe(D& d, presence_request& r) {
  d.field("topic", r.topic);
}

/// An item that is encoded already: a message's own, shared by all who get it, or one for this client. Hooks that change it make it the
/// latter.
struct encoded_item {
  publication_ptr shared;
  bytes own{}; ///< in its place, when not empty
};

/// Writes an item of `swill.inbox`: where it comes from, and the message.
bytes encode_inbox_item(const publication& p);

template <>
inline constexpr bool is_message<encoded_item> = true;

template <>
struct codec<encoded_item> {
  static fit decode(decoder& in, encoded_item& out) {
    raw r;
    const fit f = codec<raw>::decode(in, r);
    out = {nullptr, std::move(r.data)};
    return f;
  }
  static void encode(encoder& out, const encoded_item& i) {
    out.to.raw(i.own.empty() ? i.shared->item() : bytes_view{i.own});
  }
  static value introspect(introspector& i) { return codec<raw>::introspect(i); }
  static affinity suits(wire::kind) { return affinity::converts; }
  static std::string text() { return "any"; }
};

} // namespace swill::detail
