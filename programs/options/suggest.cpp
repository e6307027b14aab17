#include "programs/options/suggest.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace swill::programs {

namespace {

constexpr std::size_t longest = 32;

/// Letters to insert, remove, replace, or to swap with their neighbours (optimal string alignment). Both are at most `longest` long.
std::size_t distance(std::string_view a, std::string_view b) {
  std::array<std::array<std::size_t, longest + 1>, longest + 1> d{};
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replaced});
      const bool are_swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (are_swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  std::size_t least = word.size() > 4 ? 3 : 2; // what is as far is too far
  for (const std::string& k : known) {
    if (std::max(word.size(), k.size()) > longest) continue;
    if (const std::size_t far = distance(word, k); far < least && far < k.size()) {
      least = far;
      best = k;
    }
  }
  return best;
}

} // namespace

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
  const std::string meant = nearest(word, known);
  return meant.empty() ? meant : ": did you mean '" + meant + "'?";
}

} // namespace swill::programs
