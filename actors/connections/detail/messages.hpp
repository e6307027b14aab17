#pragma once

#include "actors/connections/detail/wire.hpp"
#include "libswill/base/result.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

// What the registry, at home on the first unit, is asked, and what it asks its parts, one on each unit.

namespace swill::detail {

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
