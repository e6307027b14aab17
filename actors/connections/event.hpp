#pragma once

#include "actors/connections/entry.hpp"
#include "libswill/api/types/codec.hpp"

#include <cstdint>
#include <string>

namespace swill {

/// IF YOU ADD A VALUE: docs/protocol.md §11, apps/cli.
enum class connection_event_kind : std::uint8_t {
  connected,    ///< the handshake is done, hooks after it may still run
  disconnected, ///< for whatever reason, also when the node stops
  node_joined,
  node_left, ///< stopped, or taken for dead; what connections it had are gone, without events of their own
};

template <class D>
void describe(D& d, connection_event_kind&) {
  d.name("connection_event_kind");
  d.value("connected", connection_event_kind::connected);
  d.value("disconnected", connection_event_kind::disconnected);
  d.value("node_joined", connection_event_kind::node_joined);
  d.value("node_left", connection_event_kind::node_left);
}

/// A connection, or a node, has come or gone.
struct connection_event {
  connection_event_kind event = connection_event_kind::connected;
  std::string node;
  std::string node_name; ///< what that node is called; empty: unknown
  std::string id;        ///< of the connection; this and what follows is empty for nodes
  std::string user;
  std::string remote_address;
  std::int64_t age_ms = 0; ///< when it has gone: what follows as well
  std::int64_t code = 0;
  std::string reason;
  bool by_peer = false;
  std::uint64_t missed = 0; ///< events right before this one that the watcher has not been given
};

template <class D>
void describe(D& d, connection_event& e) {
  d.field("event", e.event);
  d.field("node", e.node);
  d.field("node_name", e.node_name, defaulted{});
  d.field("id", e.id);
  d.field("user", e.user);
  d.field("remote_address", e.remote_address);
  d.field("age_ms", e.age_ms);
  d.field("code", e.code);
  d.field("reason", e.reason);
  d.field("by_peer", e.by_peer);
  d.field("missed", e.missed);
}

/// Which events a watcher wants: those that fit everything that is set. Of nodes it gets all, unless it names a node.
struct event_filter {
  event_filter() {} // NOLINT(modernize-use-equals-default): see connection_filter

  std::string node; ///< its id, or its name
  std::string user;
  std::string remote_address; ///< what it begins with

  bool fits(const connection_event& e) const noexcept;
};

template <class D>
void describe(D& d, event_filter& f) {
  d.field("node", f.node, defaulted{});
  d.field("user", f.user, defaulted{});
  d.field("remote_address", f.remote_address, defaulted{});
}

} // namespace swill
