#include "libswill/base/error.hpp"
#include "libswill/base/result.hpp"

#include <iostream>
#include <string_view>

namespace {

swill::result<int> sum(int a, int b) {
  if (a < 0 || b < 0) return swill::error{swill::error_code::bad_request, "no negative numbers here"};
  return a + b;
}

} // namespace

int main() {
  const auto good = sum(2, 3);
  const auto bad = sum(-1, 3);
  if (!good || bad) return 1;
  std::cout << "2 + 3 = " << *good << '\n';
}
