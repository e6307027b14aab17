#include "libswill/base/mistakes.hpp"

#include "libswill/base/printable.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace swill {

namespace {

constexpr std::size_t most_of_a_kind = 5;

/// The same for what is said of one place again and again, or of many handlers or types, which an app may have by the hundred: but for
/// numbers, the same text.
std::string kind_of(const mistake& m) {
  std::string kind = m.path;
  for (const std::string_view many : {"handlers.", "types."}) {
    if (m.path.starts_with(many)) kind = many;
  }
  std::remove_copy_if(m.text.begin(), m.text.end(), std::back_inserter(kind),
                      [](char c) { return c >= '0' && c <= '9'; });
  return kind;
}

std::string lines_of(const std::vector<mistake>& all) {
  struct count {
    std::size_t all = 0;
    std::size_t told = 0;
  };
  std::map<std::string, count> kinds;
  for (const mistake& m : all) ++kinds[kind_of(m)].all;
  std::string out;
  const auto add = [&out](const std::string& line) { out += (out.empty() ? "" : "\n") + line; };
  for (const mistake& m : all) {
    count& of = kinds[kind_of(m)];
    if (++of.told > most_of_a_kind) continue;
    add(printable(m.path) + ": " + printable(m.text));
    if (of.told == most_of_a_kind && of.all > of.told)
      add("and " + std::to_string(of.all - of.told) + " more like this");
  }
  return out;
}

std::string range_text(const std::string& is, const std::string& least, const std::string& most, bool is_bounded) {
  return "is " + is + "; " + (is_bounded ? least + " to " + most : least + " or more") + " would be right";
}

} // namespace

invalid_configuration::invalid_configuration(std::vector<mistake> all)
    : std::invalid_argument(lines_of(all)), all_(std::make_shared<const std::vector<mistake>>(std::move(all))) {}

std::string failure_text(const std::exception& e) {
  const bool has_lines = dynamic_cast<const invalid_configuration*>(&e) != nullptr;
  return printable(e.what(), has_lines ? newlines::kept : newlines::escaped);
}

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

void mistake_list::check_text(std::string path, std::string_view is, std::size_t most) {
  const std::string shown = printable(is);
  if (shown != is) {
    add(std::move(path), "is \"" + shown + "\"; text without control characters, in UTF-8, would be right");
  } else if (is.size() > most) {
    add(std::move(path),
        "has " + std::to_string(is.size()) + " bytes; at most " + std::to_string(most) + " would be right");
  }
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
