#pragma once

#include "libswill/base/error.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace swill {

/// Calls of serial keyed actors of which each waits for the next: the actor of the first has asked for the second, and so on. A value that never
/// changes, from any thread (docs/actors.md).
class call_chain {
public:
  /// Names that are kept: of a longer chain the first and the last ones.
  static constexpr std::size_t longest = 16;

  /// With another call at its end. `before`: of the call that waits for it; null: that is a client's.
  static std::shared_ptr<const call_chain> extended(const std::shared_ptr<const call_chain>& before, std::string name);

  /// Handlers and keys in the order of the calls: "auction.move[a]".
  const std::vector<std::string>& names() const noexcept { return names_; }

  /// All that share the beginning of this chain wait for its end now.
  void note() const;
  /// The error of a call that has begun a chain, or is within it: where its time is over, and another call was waited for, with the names of all
  /// that waited, in the text and as data.chain.
  error named(error e) const;

private:
  /// Of all calls with the same beginning.
  struct last_link {
    std::mutex mutex;
    std::vector<std::string> names; ///< to the call that was waited for last; guarded by mutex
  };

  std::vector<std::string> names_;
  std::shared_ptr<last_link> last_; ///< shared by the chains with the same beginning
};

namespace actors {

/// "auction.move[a]"; a key that is neither text nor number has none: "auction.move[]".
std::string chain_name(std::string_view rpc, std::string_view key);

/// Part of the state of a request that has called a serial actor.
struct request_chain {
  std::shared_ptr<const call_chain> is; ///< shared with the calls in it
};

} // namespace actors
} // namespace swill
