#pragma once

#include "libswill/base/bytes.hpp"
#include "libswill/base/error.hpp"
#include "libswill/base/limits.hpp"
#include "libswill/base/value.hpp"

#include <memory>
#include <optional>

namespace swill {

/// The description of a message (T of docs/protocol.md §8) as a tree, without the type itself: to be shown, and for encoded messages to be
/// checked against. A check refuses only what the type would refuse, with the same problems; what it cannot know it lets pass
/// (docs/workers.md says what that is). Immutable; any number of checks may overlap.
class schema {
public:
  explicit schema(const value& type);
  ~schema();

  /// False: `failure` says why, as decode_message does.
  bool check(bytes_view encoded, const limits& l, std::optional<error>& failure) const;

  struct node; ///< schema_node.hpp
  /// The whole message.
  const node& root() const noexcept;

private:
  std::unique_ptr<const node> root_;
};

} // namespace swill
