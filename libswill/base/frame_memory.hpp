#pragma once

#include <cstddef>

namespace swill::detail {

/// Memory for coroutine frames and what belongs to them, which come and go with each request: each thread keeps some of what it was
/// given back, by size. What one thread has taken another may give back. May throw std::bad_alloc.
void* take_frame(std::size_t size);
void give_frame(void* frame, std::size_t size) noexcept;

/// The same as an allocator, for std::allocate_shared.
template <class T>
struct frame_allocator {
  using value_type = T;
  frame_allocator() = default;
  template <class U>
  frame_allocator(const frame_allocator<U>&) noexcept {}
  T* allocate(std::size_t n) { return static_cast<T*>(take_frame(n * sizeof(T))); }
  void deallocate(T* p, std::size_t n) noexcept { give_frame(p, n * sizeof(T)); }
  template <class U>
  bool operator==(const frame_allocator<U>&) const noexcept {
    return true;
  }
};

/// A base of classes whose objects live in such memory.
struct in_frame_memory {
  static void* operator new(std::size_t size) { return take_frame(size); }
  static void operator delete(void* p, std::size_t size) noexcept { give_frame(p, size); }
};

} // namespace swill::detail
