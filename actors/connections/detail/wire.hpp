#pragma once

#include "actors/connections/entry.hpp"
#include "actors/connections/event.hpp"

#include <cstdint>
#include <string>
#include <vector>

// What nodes say to each other about their connections. Not for clients.

namespace swill::detail {

/// Kinds of messages between nodes.
inline constexpr const char* question_kind = "swill.connections.ask";
inline constexpr const char* answer_kind = "swill.connections.answer";
inline constexpr const char* events_kind = "swill.connections.events";

enum class question_kinds : std::uint8_t { list, count, find, close, close_all, watch, cancel };

template <class D>
void describe(D& d, question_kinds&) {
  d.by_number();
  d.value("list", question_kinds::list);
  d.value("count", question_kinds::count);
  d.value("find", question_kinds::find);
  d.value("close", question_kinds::close);
  d.value("close_all", question_kinds::close_all);
  d.value("watch", question_kinds::watch);
  d.value("cancel", question_kinds::cancel);
}

/// Where a list goes on within a node: after this connection.
struct list_place {
  std::uint64_t unit = 0;
  std::uint64_t number = 0; ///< on that unit
};

template <class D>
void describe(D& d, list_place& p) {
  d.as_array();
  d.field("unit", p.unit);
  d.field("number", p.number);
}

struct question {
  std::uint64_t token = 0;
  question_kinds what = question_kinds::list;
  connection_filter filter;
  list_place behind;
  std::uint64_t limit = 0;
  std::string id;        ///< find, close, cancel
  std::uint64_t seq = 0; ///< cancel
  std::int64_t code = 0;
  std::string reason;

  bool is_about_one() const noexcept {
    return what == question_kinds::find || what == question_kinds::close || what == question_kinds::cancel;
  }
};

template <class D>
void describe(D& d, question& q) {
  d.field("token", q.token);
  d.field("what", q.what);
  describe(d, q.filter);
  d.field("behind", q.behind);
  d.field("limit", q.limit);
  d.field("id", q.id);
  d.field("seq", q.seq, defaulted{}); // nodes of older versions do not send it
  d.field("code", q.code);
  d.field("reason", q.reason);
}

struct node_answer {
  std::uint64_t token = 0;
  bool refused = false;                  ///< too much to do
  std::uint64_t count = 0;               ///< of those that fit, were found or closed; watch: of the events so far
  std::vector<connection_entry> entries; ///< list, find
  std::vector<open_request> open;        ///< find; cancel: the one that was cancelled
  std::vector<list_place> places;        ///< of the entries of a list
  bool more = false;                     ///< there may be others behind the last
};

template <class D>
void describe(D& d, node_answer& a) {
  d.field("token", a.token);
  d.field("refused", a.refused);
  d.field("count", a.count);
  d.field("entries", a.entries);
  d.field("open", a.open);
  d.field("places", a.places);
  d.field("more", a.more);
}

/// Events of a node, in a row.
struct event_batch {
  std::uint64_t first = 0; ///< how many that node had before these
  std::vector<connection_event> events;
};

template <class D>
void describe(D& d, event_batch& b) {
  d.field("first", b.first);
  d.field("events", b.events);
}

} // namespace swill::detail
