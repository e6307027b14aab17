#include "libswill/base/text.hpp"

#include <algorithm>
#include <cstring>

namespace swill::detail {

// Names are mostly written as they are looked for.
bool same_in_any_case(const char* a, const char* b, std::size_t size) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::memcmp(a, b, size) == 0 ||
         std::equal(a, a + size, b, [lower](char x, char y) { return lower(x) == lower(y); });
}

} // namespace swill::detail
