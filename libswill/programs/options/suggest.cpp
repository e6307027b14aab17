#include "libswill/programs/options/suggest.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

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

/// The options that end with this one's words, as "--listen-tls-cert" does with those of "--tls-cert"; where there are none, those that have them
/// elsewhere. None of more than three.
std::vector<std::string> containing(std::string_view word, const std::vector<std::string>& known) {
  constexpr std::size_t shortest = 5, most = 3;
  if (!word.starts_with("--") || word.size() < shortest) return {};
  const std::string words{word.substr(1)}; // "-tls-cert"
  std::vector<std::string> ending, having;
  for (const std::string& k : known) {
    if (k.ends_with(words))
      ending.push_back(k);
    else if (k.find(words + '-', 1) != std::string::npos)
      having.push_back(k);
  }
  std::vector<std::string> out = ending.empty() ? std::move(having) : std::move(ending);
  if (out.size() > most) out.clear();
  return out;
}

} // namespace

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
  if (word.starts_with('-') && std::find(known.begin(), known.end(), word) != known.end())
    return ": one of the verbs has it, and it stands after that";
  std::vector<std::string> meant;
  if (std::string near = nearest(word, known); !near.empty())
    meant.push_back(std::move(near));
  else
    meant = containing(word, known);
  std::string out;
  for (const std::string& m : meant) out += (out.empty() ? ": did you mean '" : " or '") + m + '\'';
  return meant.empty() ? out : out + '?';
}

} // namespace swill::programs
