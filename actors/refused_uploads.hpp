#pragma once

#include "libswill/base/loop.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace swill::actors {

/// An rpc in a few bytes, for what is remembered of requests: a peer that finds two names of the same key confuses itself only.
std::size_t rpc_key(std::string_view rpc) noexcept;

/// Streaming requests of one connection that have ended with an ERROR while the client was still sending: what it goes on to send under
/// their number and name belongs to them, and must not open a handler, until it sends END_OF_STREAM or CANCEL (docs/protocol.md §3).
/// Bounded. Beyond the bound those that were silent longest are known only by the range that their numbers lie in, for a minute after the
/// last one of them was heard of: who opens a stream in that range is refused, since it may be one of them.
class refused_uploads {
public:
  explicit refused_uploads(std::size_t most) : most_(most == 0 ? 1 : most) {}

  struct upload {
    std::uint64_t seq = 0;
    std::size_t rpc = 0; ///< its key
    /// Only METADATA of an unknown rpc has been answered: a client may also ask whether it is there in this way, then call it.
    bool by_metadata = false;
  };

  bool empty() const noexcept { return kept_.empty() && last_ == 0; }
  void add(std::uint64_t seq, std::string_view rpc, clock_time now, bool by_metadata = false);
  /// The upload that an envelope belongs to, or null; good until the next call.
  upload* find(std::uint64_t seq, std::string_view rpc);
  /// Its client has ended it: the number is free.
  void erase(std::uint64_t seq, std::string_view rpc);
  /// Whether an upload of that number may be among those that are known by their range only.
  bool may_be_forgotten(std::uint64_t seq, clock_time now) noexcept;

private:
  void forget_oldest(clock_time now);

  std::size_t most_;
  std::vector<upload> kept_; ///< the one that was heard of last comes last
  std::uint64_t first_ = 0;  ///< of the range; last_ is 0 when there is none
  std::uint64_t last_ = 0;
  clock_time forgotten_{}; ///< when one of the range was heard of last
};

} // namespace swill::actors
