#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace swill::detail {

/// A queue in one piece of memory that it keeps while it has room for no more than `Kept` items, and none at all before its first.
template <class T, std::size_t Kept = 16>
class ring {
public:
  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  T& operator[](std::size_t i) noexcept { return slots_[(head_ + i) & (slots_.size() - 1)]; }
  const T& operator[](std::size_t i) const noexcept { return slots_[(head_ + i) & (slots_.size() - 1)]; }
  T& front() noexcept { return slots_[head_]; }
  const T& front() const noexcept { return slots_[head_]; }
  T& back() noexcept { return (*this)[size_ - 1]; }
  const T& back() const noexcept { return (*this)[size_ - 1]; }

  void push(T item) {
    if (size_ == slots_.size()) grow();
    slots_[(head_ + size_) & (slots_.size() - 1)] = std::move(item);
    ++size_;
  }
  T pop() {
    T out = std::exchange(slots_[head_], T{});
    head_ = (head_ + 1) & (slots_.size() - 1);
    if (--size_ == 0 && slots_.size() > Kept) clear();
    return out;
  }
  /// Takes out the i-th.
  void erase(std::size_t i) {
    for (; i > 0; --i) (*this)[i] = std::move((*this)[i - 1]);
    pop();
  }
  void clear() noexcept {
    slots_ = std::vector<T>{}; // not from a list, which would copy
    head_ = size_ = 0;
  }

private:
  void grow() {
    std::vector<T> larger(slots_.empty() ? 2 : 2 * slots_.size());
    for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move((*this)[i]);
    slots_.swap(larger);
    head_ = 0;
  }

  std::vector<T> slots_; ///< as many as a power of two
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

} // namespace swill::detail
