#pragma once

#include "libswill/base/bytes.hpp"

#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

namespace swill {

/// A growing run of bytes to write to. Unlike std::string it never zero-fills what is about to be overwritten.
/// Not thread-safe; growing may throw std::bad_alloc and then leaves the content as it was.
class buffer {
public:
  buffer() = default;
  buffer(buffer&& other) noexcept { swap(other); }
  buffer& operator=(buffer&& other) noexcept {
    buffer gone{std::move(other)};
    swap(gone);
    return *this;
  }

  std::byte* data() noexcept { return data_.get(); }
  const std::byte* data() const noexcept { return data_.get(); }
  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return capacity_; }
  bool empty() const noexcept { return size_ == 0; }
  bytes_view view() const noexcept { return {data_.get(), size_}; }

  /// Room for n more bytes, at the returned address; call `commit` with what was used of it.
  std::byte* reserve(std::size_t n) {
    if (capacity_ - size_ < n) grow(n);
    return data_.get() + size_;
  }
  void commit(std::size_t n) noexcept { size_ += n; }

  void append(const void* from, std::size_t n) {
    if (n == 0) return;
    std::memcpy(reserve(n), from, n);
    size_ += n;
  }
  void append(bytes_view b) { append(b.data(), b.size()); }
  void push_back(std::byte b) {
    *reserve(1) = b;
    ++size_;
  }

  /// Opens a gap of n bytes at `at` (<= size()); its content is whatever was there.
  void insert_gap(std::size_t at, std::size_t n) {
    reserve(n);
    std::memmove(data_.get() + at + n, data_.get() + at, size_ - at);
    size_ += n;
  }

  /// Forgets the first n bytes (<= size()).
  void consume(std::size_t n) noexcept {
    size_ -= n;
    if (size_ != 0) std::memmove(data_.get(), data_.get() + n, size_);
  }

  /// Cuts the end off; n <= size().
  void truncate(std::size_t n) noexcept { size_ = n; }
  void clear() noexcept { size_ = 0; }

  /// Gives the memory back.
  void release() noexcept {
    data_.reset();
    size_ = capacity_ = 0;
  }

  void swap(buffer& other) noexcept {
    data_.swap(other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

private:
  void grow(std::size_t n);

  std::unique_ptr<std::byte[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

} // namespace swill
