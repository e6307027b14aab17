// What decoding allocates: nothing for envelopes, never what a value declares. Counts by replacing operator new for this program.
#include "libswill/wire/codec.hpp"
#include "libswill/wire/envelope.hpp"

#include "tests/wire/hex.hpp"

#include <algorithm>
#include <cstdlib>
#include <gtest/gtest.h>
#include <new>

namespace {
thread_local std::size_t allocations = 0;
thread_local std::size_t largest = 0;
} // namespace

// Sanitizers bring their own operator new. Not inlined: g++ would take malloc and delete, or new and free, for a pair.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
[[gnu::noinline]] void* operator new(std::size_t n) {
  ++allocations;
  largest = std::max(largest, n);
  if (void* p = std::malloc(n != 0 ? n : 1)) return p;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }
#endif

namespace swill::wire {
namespace {

TEST(Allocation, NoneForAnyEnvelope) {
  const limits limits;
  for (const std::string_view hex :
       {"9501920102a36164640081a16bc0", "9301ddffffffff", "9301dbffffffff", "9305c005", "c1", "9505c0a1660081c001"}) {
    const bytes message = from_hex(hex);
    allocations = 0;

    decode_request(message, limits);
    decode_response(message, limits);

    EXPECT_EQ(allocations, 0U) << hex;
  }
}

TEST(Allocation, NeverOfADeclaredSize) {
  for (const std::string_view hex : {"ddffffffffc0", "dfffffffffc0c0", "dbffffffff61", "c6ffffffff00", "c9ffffffff0100",
                                     "dd00100000c0", "91ddffffffff", "81a16bdfffffffff"}) {
    const bytes message = from_hex(hex);
    reader from{message};
    value v;
    largest = 0;

    EXPECT_FALSE(read_value(from, v, 32));

    EXPECT_LE(largest, 2 * sizeof(value)) << hex;
  }
}

} // namespace
} // namespace swill::wire
