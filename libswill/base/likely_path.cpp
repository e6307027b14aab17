#include "libswill/base/likely_path.hpp"

#include <algorithm>

namespace swill {

std::string likely_path(std::string_view text) {
  constexpr std::string_view after_scheme = "://";
  const auto scheme_end = text.find(after_scheme);
  if (scheme_end != std::string_view::npos && scheme_end < text.find('/')) {
    text.remove_prefix(scheme_end + after_scheme.size());
    text.remove_prefix(std::min(text.find_first_of("/?#"), text.size()));
    text = text.substr(0, text.find_first_of("?#"));
  }
  std::string path{text};
  if (!path.starts_with('/')) path.insert(path.begin(), '/');
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

} // namespace swill
