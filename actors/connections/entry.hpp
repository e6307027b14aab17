#pragma once

#include "actors/listed_connection.hpp"
#include "libswill/api/types/codec.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

// What travels between administrators and nodes, and between nodes (docs/protocol.md §11).

namespace swill {

/// One open connection of some node. Of the topics, at most connections_options::topics_listed.
struct connection_entry : actors::listed_connection {
  std::string node;
  std::string node_name;         ///< what that node is called (pubsub_options::node_name); empty: unknown
  std::uint64_t topic_count = 0; ///< all of them
};

template <class D>
void describe(D& d, connection_entry& c) {
  d.name("connection");
  d.field("id", c.id);
  d.field("node", c.node);
  d.field("node_name", c.node_name, defaulted{});
  d.field("user", c.user);
  d.field("remote_address", c.remote_address);
  d.field("path", c.path);
  d.field("subprotocol", c.subprotocol);
  d.field("age_ms", c.age_ms);
  d.field("requests", c.requests);
  d.field("backlog", c.backlog);
  d.field("queued_items", c.queued_items);
  d.field("queued_bytes", c.queued_bytes);
  d.field("messages_in", c.messages_in);
  d.field("bytes_in", c.bytes_in);
  d.field("messages_out", c.messages_out);
  d.field("bytes_out", c.bytes_out);
  d.field("session", c.session);
  d.field("topics", c.topics);
  d.field("topic_count", c.topic_count);
}

/// Connections that fit everything that is set here.
struct connection_filter {
  // No aggregate: g++ 12 breaks temporaries of aggregates in an expression with co_await.
  connection_filter() {} // NOLINT(modernize-use-equals-default)

  std::string node; ///< its id, or its name
  std::string user;
  std::string remote_address; ///< what it begins with
  std::string topic;          ///< that it is subscribed to
  std::string session;        ///< its short hash
  std::int64_t least_age_ms = 0;
};

template <class D>
void describe(D& d, connection_filter& f) {
  d.field("node", f.node, defaulted{}, doc{"on this node only: its id or its name"});
  d.field("user", f.user, defaulted{});
  d.field("remote_address", f.remote_address, defaulted{}, doc{"what the peer's address begins with"});
  d.field("topic", f.topic, defaulted{}, doc{"subscribed to this topic"});
  d.field("session", f.session, defaulted{}, doc{"short hash of the session's id, as listed"});
  d.field("least_age_ms", f.least_age_ms, ge{0}, defaulted{});
}

/// Which page of a list.
struct connection_query {
  connection_query() {} // NOLINT(modernize-use-equals-default): see connection_filter

  connection_filter filter;
  std::uint64_t limit = 0; ///< 0: connections_options::page_length; at most longest_page
  std::string cursor;      ///< of the page before; empty: the first
};

template <class D>
void describe(D& d, connection_query& q) {
  describe(d, q.filter);
  d.field("limit", q.limit, defaulted{});
  d.field("cursor", q.cursor, defaulted{});
}

/// A page of a list: node after node, on each the oldest connections first. Who comes or goes meanwhile may or may not be listed; all
/// others are, once.
struct connection_page {
  std::vector<connection_entry> connections;
  std::string cursor;                       ///< for the next page; empty: there is none
  std::vector<std::string> missing;         ///< nodes that did not answer
  std::map<std::string, std::string> names; ///< of these nodes, as far as they are known
};

template <class D>
void describe(D& d, connection_page& p) {
  d.field("connections", p.connections);
  d.field("cursor", p.cursor);
  d.field("missing", p.missing);
  d.field("names", p.names, defaulted{});
}

struct connection_count {
  std::uint64_t count = 0;
  std::map<std::string, std::uint64_t> nodes; ///< of each that answered
  std::vector<std::string> missing;
  std::map<std::string, std::string> names; ///< of all these nodes, as far as they are known
};

template <class D>
void describe(D& d, connection_count& c) {
  d.field("count", c.count);
  d.field("nodes", c.nodes);
  d.field("missing", c.missing);
  d.field("names", c.names, defaulted{});
}

/// A request of a connection, as `show` lists it.
struct open_request {
  std::string rpc;
  std::uint64_t seq = 0;
  std::int64_t age_ms = 0;
  bool answered = false; ///< the final envelope is sent, hooks or the handler still run
};

template <class D>
void describe(D& d, open_request& r) {
  d.field("rpc", r.rpc);
  d.field("seq", r.seq);
  d.field("age_ms", r.age_ms);
  d.field("answered", r.answered);
}

struct connection_details {
  connection_entry connection;
  std::vector<open_request> open; ///< at most connections_options::requests_listed
};

template <class D>
void describe(D& d, connection_details& c) {
  describe(d, c.connection);
  d.field("open", c.open);
}

struct closed_connections {
  std::uint64_t closed = 0;
  std::vector<std::string> missing; ///< nodes that did not answer; whether they have closed any is not known
};

template <class D>
void describe(D& d, closed_connections& c) {
  d.field("closed", c.closed);
  d.field("missing", c.missing);
}

} // namespace swill
