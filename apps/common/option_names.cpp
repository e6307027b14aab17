#include "apps/common/option_names.hpp"

#include <algorithm>

namespace swill::apps {

namespace {

constexpr std::string_view limit_prefix = "limits.";

bool is_of_name(char c) noexcept { return (c >= 'a' && c <= 'z') || c == '_'; }

/// "limits.send_buffer" becomes "--send-buffer", wherever it stands in s.
std::string with_limit_options(std::string_view s) {
  std::string out;
  for (std::size_t at = s.find(limit_prefix); at != std::string_view::npos; at = s.find(limit_prefix)) {
    out.append(s.substr(0, at)).append("--");
    s.remove_prefix(at + limit_prefix.size());
    const auto end = std::find_if_not(s.begin(), s.end(), is_of_name);
    std::transform(s.begin(), end, std::back_inserter(out), [](char c) { return c == '_' ? '-' : c; });
    s.remove_prefix(static_cast<std::size_t>(end - s.begin()));
  }
  return out.append(s);
}

/// The longest of the names that s begins with, or an empty one.
option_name longest_of(std::string_view s, std::span<const option_name> names) {
  option_name best;
  for (const auto& n : names) {
    if (s.starts_with(n.first) && n.first.size() > best.first.size()) best = n;
  }
  return best;
}

/// "listen[0].tls" becomes "listen.tls": an option is about all that it may be given for.
std::string without_indexes(std::string_view path) {
  std::string out;
  bool in_index = false;
  for (const char c : path) {
    if (c == '[') in_index = true;
    if (!in_index) out += c;
    if (c == ']') in_index = false;
  }
  return out;
}

std::string option_of(const std::string& path, std::span<const option_name> names) {
  const option_name best = longest_of(without_indexes(path), names);
  return best.first.empty() ? with_limit_options(path) : std::string{best.second};
}

/// The same of the options that a sentence is about: where one stands there by its whole name.
std::string with_options(std::string_view s, std::span<const option_name> names) {
  std::string out;
  while (!s.empty()) {
    const option_name n = longest_of(s, names);
    const bool is_whole = !n.first.empty() && is_of_name(n.first.back()) &&
                          (s.size() == n.first.size() || !is_of_name(s[n.first.size()]));
    out.append(is_whole ? n.second : s.substr(0, 1));
    s.remove_prefix(is_whole ? n.first.size() : 1);
  }
  return with_limit_options(out);
}

} // namespace

std::string text_of(const invalid_configuration& e, std::span<const option_name> names) {
  mistake_list by_option; // what one option does in several places stands there once
  for (const mistake& m : e.mistakes()) by_option.add(option_of(m.path, names), with_options(m.text, names));
  return invalid_configuration{by_option.all()}.what();
}

} // namespace swill::apps
