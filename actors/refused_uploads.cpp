#include "actors/refused_uploads.hpp"

#include <algorithm>
#include <functional>

namespace swill::actors {

namespace {

constexpr std::chrono::minutes range_holds{1};

} // namespace

std::size_t rpc_key(std::string_view rpc) noexcept { return std::hash<std::string_view>{}(rpc); }

void refused_uploads::add(std::uint64_t seq, std::string_view rpc, clock_time now, bool by_metadata) {
  if (find(seq, rpc) != nullptr) return;
  if (kept_.size() >= most_) forget_oldest(now);
  kept_.push_back({seq, rpc_key(rpc), by_metadata});
}

refused_uploads::upload* refused_uploads::find(std::uint64_t seq, std::string_view rpc) {
  const std::size_t key = rpc_key(rpc);
  // Items of the same upload follow each other more often than not: from the end.
  const auto it =
      std::find_if(kept_.rbegin(), kept_.rend(), [&](const upload& u) { return u.seq == seq && u.rpc == key; });
  if (it == kept_.rend()) return nullptr;
  std::rotate(it.base() - 1, it.base(), kept_.end());
  return &kept_.back();
}

void refused_uploads::erase(std::uint64_t seq, std::string_view rpc) {
  if (find(seq, rpc) != nullptr) kept_.pop_back();
}

bool refused_uploads::may_be_forgotten(std::uint64_t seq, clock_time now) noexcept {
  if (last_ == 0) return false;
  if (now - forgotten_ > range_holds) {
    first_ = last_ = 0;
    return false;
  }
  if (seq < first_ || seq > last_) return false;
  forgotten_ = now;
  return true;
}

void refused_uploads::forget_oldest(clock_time now) {
  const std::uint64_t seq = kept_.front().seq;
  kept_.erase(kept_.begin());
  if (last_ == 0 || now - forgotten_ > range_holds) {
    first_ = last_ = seq;
  } else {
    first_ = std::min(first_, seq);
    last_ = std::max(last_, seq);
  }
  forgotten_ = now;
}

} // namespace swill::actors
