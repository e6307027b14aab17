#include "libswill/base/frame_memory.hpp"

#include <array>
#include <cstdint>
#include <new>

// glibc keeps seven freed blocks of a size at hand for each thread; the frames of a hundred requests that wait together go the long way
// through its arenas, twice.

namespace swill::detail {

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool reuses = false; // so that they see who uses a frame after its end
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
constexpr bool reuses = false;
#else
constexpr bool reuses = true;
#endif
#else
constexpr bool reuses = true;
#endif

// malloc's own sizes: 8, 24, 40 ... bytes fill its blocks to the last.
constexpr std::size_t step = 16;
constexpr std::size_t smallest = 8;
constexpr std::size_t largest = 1024;
constexpr std::size_t kept_bytes = 32 * 1024; ///< of each size

struct block {
  block* next;
};

struct shelf {
  block* first;
  std::uint32_t count;
};

enum class stage : std::uint8_t { fresh, open, closed };

// Trivial, so that reaching it costs no check whether it is there; what ends it is `closer`.
constinit thread_local std::array<shelf, largest / step + 1> shelves{};
constinit thread_local stage at = stage::fresh;

/// Gives back what a thread has kept when it ends.
struct closer {
  ~closer() {
    at = stage::closed;
    for (shelf& s : shelves) {
      while (s.first != nullptr) {
        block* const b = s.first;
        s.first = b->next;
        ::operator delete(b);
      }
    }
  }
};

bool is_open() noexcept {
  if (at == stage::open) return true;
  if (at == stage::closed) return false;
  thread_local const closer c;
  static_cast<void>(&c);
  at = stage::open;
  return true;
}

constexpr std::size_t number_of(std::size_t size) noexcept { return (size + step - smallest - 1) / step; }
constexpr std::size_t size_of(std::size_t number) noexcept { return number * step + smallest; }
static_assert(number_of(8) == 0 && number_of(9) == 1 && number_of(24) == 1 && size_of(number_of(largest)) >= largest);

} // namespace

void* take_frame(std::size_t size) {
  if (!reuses || size == 0 || size > largest) return ::operator new(size);
  shelf& s = shelves[number_of(size)];
  if (block* const b = s.first) {
    s.first = b->next;
    --s.count;
    return b;
  }
  return ::operator new(size_of(number_of(size)));
}

void give_frame(void* frame, std::size_t size) noexcept {
  if (!reuses || size == 0 || size > largest) return ::operator delete(frame);
  const std::size_t n = number_of(size);
  shelf& s = shelves[n];
  if ((s.count + 1) * size_of(n) > kept_bytes || !is_open()) return ::operator delete(frame); // a division takes longer
  s.first = ::new (frame) block{s.first};
  ++s.count;
}

} // namespace swill::detail
