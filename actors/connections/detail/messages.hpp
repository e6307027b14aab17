#pragma once

#include "actors/connections/entry.hpp"
#include "actors/connections/event.hpp"
#include "libswill/base/result.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace swill::detail {

// What nodes say to each other about their connections. Not for clients.

/// Kinds of messages between nodes.
inline constexpr const char* question_kind = "swill.connections.ask";
inline constexpr const char* answer_kind = "swill.connections.answer";
inline constexpr const char* events_kind = "swill.connections.events";

enum class question_kinds : std::uint8_t { list, count, find, close, close_all, watch, cancel, succeed };

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
  d.value("succeed", question_kinds::succeed);
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
  std::string id;        ///< find, close, cancel; succeed: the client's
  std::uint64_t seq = 0; ///< cancel; succeed: the number of the client's new connection
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
  bool refused = false;    ///< too much to do
  std::uint64_t count = 0; ///< of those that fit, were found, closed or ended; watch: of the events so far
  std::vector<connection_entry> entries; ///< list, find
  std::vector<open_request> open;        ///< find; cancel: the one that was cancelled
  std::vector<list_place> places;        ///< of the entries of a list
  bool more = false;                     ///< there may be others after the last
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

// What the registry, at home on the first unit, is asked, and what it asks its parts, one on each unit.

/// Shared by all parts that work on it.
using question_ptr = std::shared_ptr<const question>;
using event_ptr = std::shared_ptr<const connection_event>;

/// What nodes have answered to a question; those without an answer are missing.
struct gathered {
  std::vector<std::pair<std::string, node_answer>> answers; ///< by node, ascending
  std::vector<std::string> missing;
  std::map<std::string, std::string> names; ///< of all these nodes, as far as they are known
};

/// Asks nodes: the one that the filter names, or all. `done` is called on the first unit's thread.
struct ask_order {
  question what;
  std::string from_node; ///< list: nodes before this one are left out, and `what.behind` is meant for it
  std::function<void(result<gathered>)> done;
};
/// To a part: one step of a question.
struct part_order {
  question_ptr what;
  std::uint64_t job = 0;    ///< the registry's
  std::uint64_t behind = 0; ///< number of the last connection that was looked at
  std::size_t room = 0;     ///< entries that may be answered
  std::size_t size = 0;     ///< bytes that they may have
  bool is_first = false;    ///< one entry is answered, whatever its size
};
/// Its answer.
struct part_reply {
  std::uint64_t job = 0;
  std::uint64_t looked_at = 0; ///< up to this number
  bool finished = false;       ///< there are no others
  bool full = false;           ///< there was no room for more
  std::size_t size = 0;        ///< bytes of the entries, about
  node_answer found;           ///< its places without their unit
};

} // namespace swill::detail
