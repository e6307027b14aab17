#pragma once

#include "libswill/base/bytes.hpp"
#include "libswill/base/error.hpp"
#include "libswill/base/limits.hpp"
#include "libswill/base/value.hpp"

#include <memory>
#include <optional>

namespace swill::actors::remote {

/// The description of a message (T of docs/protocol.md §8) as something that encoded messages can be checked against, without the type
/// itself. It refuses only what the type would refuse, with the same problems; what it cannot know it lets pass (docs/workers.md says
/// what that is). Immutable; any number of checks may overlap.
class message_shape {
public:
  explicit message_shape(const value& type);
  ~message_shape();

  /// False: `failure` says why, as decode_message does.
  bool check(bytes_view encoded, const limits& l, std::optional<error>& failure) const;

  struct node;

private:
  std::unique_ptr<const node> root_;
};

} // namespace swill::actors::remote
