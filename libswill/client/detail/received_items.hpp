#pragma once

#include "libswill/base/buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace swill::client_detail {

/// Encoded items in order, in one run of memory.
class received_items {
public:
  bool empty() const noexcept { return head_ == data_.size(); }

  /// What an item counts for: its bytes and its place.
  static constexpr std::size_t cost(std::size_t size) noexcept { return size + sizeof(std::uint64_t); }
  std::size_t total_cost() const noexcept { return data_.size() - head_; }

  void push(bytes_view item) {
    compact();
    const std::uint64_t size = item.size();
    data_.append(&size, sizeof size);
    data_.append(item);
  }

  /// Valid until the next push.
  bytes_view pop() noexcept {
    std::uint64_t size = 0;
    std::memcpy(&size, data_.data() + head_, sizeof size);
    const bytes_view item = data_.view().subspan(head_ + sizeof size, static_cast<std::size_t>(size));
    head_ += cost(item.size());
    return item;
  }

private:
  // Half of it is empty: what is moved costs no more than what was taken before.
  void compact() noexcept {
    if (head_ == 0 || head_ * 2 < data_.size()) return;
    data_.consume(head_);
    head_ = 0;
  }

  buffer data_;
  std::size_t head_ = 0;
};

} // namespace swill::client_detail
