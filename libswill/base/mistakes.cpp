#include "libswill/base/mistakes.hpp"

#include <algorithm>
#include <utility>

namespace swill {

namespace {

std::string lines_of(const std::vector<mistake>& all) {
  std::string out;
  for (const mistake& m : all) {
    if (!out.empty()) out += '\n';
    out += m.path + ": " + m.text;
  }
  return out;
}

std::string range_text(const std::string& is, const std::string& least, const std::string& most, bool is_bounded) {
  return "is " + is + "; " + (is_bounded ? least + " to " + most : least + " or more") + " would be right";
}

} // namespace

invalid_configuration::invalid_configuration(std::vector<mistake> all)
    : std::invalid_argument(lines_of(all)), all_(std::make_shared<const std::vector<mistake>>(std::move(all))) {}

void mistake_list::add(std::string path, std::string text) {
  mistake m{std::move(path), std::move(text)};
  if (std::find(all_.begin(), all_.end(), m) == all_.end()) all_.push_back(std::move(m));
}

void mistake_list::check_size(std::string path, std::uint64_t is, std::uint64_t least, std::uint64_t most) {
  if (is >= least && is <= most) return;
  const bool is_bounded = most < largest_size || is > most;
  add(std::move(path), range_text(std::to_string(is), std::to_string(least), std::to_string(most), is_bounded));
}

void mistake_list::check_time(std::string path, std::chrono::milliseconds is, std::chrono::milliseconds least,
                              std::chrono::milliseconds most) {
  if (is >= least && is <= most) return;
  const bool is_bounded = most < longest_time || is > most;
  add(std::move(path), range_text(text_of(is), text_of(least), text_of(most), is_bounded));
}

void mistake_list::throw_if_any() const {
  if (!all_.empty()) throw invalid_configuration{all_};
}

std::string mistake_list::text_of(std::chrono::milliseconds t) {
  constexpr std::pair<std::int64_t, const char*> units[] = {
      {std::int64_t{24} * 60 * 60 * 1000, " d"}, {60 * 60 * 1000, " h"}, {60 * 1000, " min"}, {1000, " s"}};
  for (const auto& [size, name] : units) {
    if (t.count() != 0 && t.count() % size == 0) return std::to_string(t.count() / size) + name;
  }
  return std::to_string(t.count()) + " ms";
}

} // namespace swill
