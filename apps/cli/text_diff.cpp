#include "apps/cli/text_diff.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace swill::cli {

namespace {

using lines = std::vector<std::string_view>;

constexpr std::size_t context_lines = 3;

lines lines_of(std::string_view text) {
  lines all;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    all.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return all;
}

struct edit {
  char what; ///< ' ' in both, '-' in the first, '+' in the second
  std::string_view line;
};

/// The edits between two texts, by the longest list of lines that they share. Where that would take too long, all of one goes and all of the
/// other comes.
void add_edits(std::vector<edit>& out, const lines& a, const lines& b) {
  constexpr std::size_t most = 16'000'000;
  if ((a.size() + 1) * (b.size() + 1) > most) {
    for (const auto l : a) out.push_back({'-', l});
    for (const auto l : b) out.push_back({'+', l});
    return;
  }
  const std::size_t width = b.size() + 1;
  std::vector<std::uint32_t> shared((a.size() + 1) * width, 0); // from there to the end
  for (std::size_t i = a.size(); i-- > 0;) {
    for (std::size_t k = b.size(); k-- > 0;)
      shared[i * width + k] = a[i] == b[k] ? shared[(i + 1) * width + k + 1] + 1
                                           : std::max(shared[(i + 1) * width + k], shared[i * width + k + 1]);
  }
  std::size_t i = 0, k = 0;
  while (i < a.size() || k < b.size()) {
    if (i < a.size() && k < b.size() && a[i] == b[k]) {
      out.push_back({' ', a[i]}), ++i, ++k;
    } else if (k == b.size() || (i < a.size() && shared[(i + 1) * width + k] >= shared[i * width + k + 1])) {
      out.push_back({'-', a[i++]});
    } else {
      out.push_back({'+', b[k++]});
    }
  }
}

std::vector<edit> edits_between(const lines& a, const lines& b) {
  const auto ahead = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  const auto head = static_cast<std::size_t>(ahead.first - a.begin());
  std::size_t tail = 0;
  while (tail < std::min(a.size(), b.size()) - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
  const auto middle = [&](const lines& of) {
    return lines{of.begin() + static_cast<std::ptrdiff_t>(head), of.end() - static_cast<std::ptrdiff_t>(tail)};
  };
  std::vector<edit> out;
  for (std::size_t i = 0; i < head; ++i) out.push_back({' ', a[i]});
  add_edits(out, middle(a), middle(b));
  for (std::size_t i = a.size() - tail; i < a.size(); ++i) out.push_back({' ', a[i]});
  return out;
}

/// The numbers of lines before an edit, counted from 0.
struct place {
  std::size_t before = 0, after = 0;
};

std::string hunk(const std::vector<edit>& all, std::size_t from, std::size_t to, place at) {
  std::string text;
  std::size_t removed = 0, added = 0;
  for (std::size_t i = from; i < to; ++i) {
    removed += all[i].what != '+' ? 1U : 0U;
    added += all[i].what != '-' ? 1U : 0U;
    text += all[i].what + std::string{all[i].line};
    if (!text.ends_with('\n')) text += "\n\\ No newline at end of file\n";
  }
  const auto range = [](std::size_t first, std::size_t n) {
    return std::to_string(n == 0 ? first : first + 1) + "," + std::to_string(n);
  };
  return "@@ -" + range(at.before, removed) + " +" + range(at.after, added) + " @@\n" + text;
}

} // namespace

std::string text_diff(std::string_view before, std::string_view after, std::string_view name) {
  if (before == after) return {};
  const auto all = edits_between(lines_of(before), lines_of(after));
  std::string out = "--- " + std::string{name} + "\n+++ " + std::string{name} + " (new)\n";
  place at;
  for (std::size_t i = 0, done = 0; i < all.size();) {
    if (all[i].what == ' ') {
      ++i, ++at.before, ++at.after;
      continue;
    }
    const std::size_t from = std::max(done, i - std::min(i, context_lines));
    const place start{at.before - (i - from), at.after - (i - from)};
    std::size_t last = i; // of the edits of this hunk
    for (std::size_t k = i; k < all.size() && k <= last + 2 * context_lines; ++k) {
      if (all[k].what != ' ') last = k;
    }
    done = std::min(all.size(), last + 1 + context_lines);
    for (; i < done; ++i) at.before += all[i].what != '+' ? 1U : 0U, at.after += all[i].what != '-' ? 1U : 0U;
    out += hunk(all, from, done, start);
  }
  return out;
}

} // namespace swill::cli
