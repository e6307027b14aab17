#include "libswill/base/several_addresses.hpp"

namespace swill {

std::vector<std::string> several_addresses(std::string_view text) {
  constexpr std::string_view separators = ",; \t\n";
  std::vector<std::string> all;
  for (auto at = text.find_first_not_of(separators); at != std::string_view::npos;
       at = text.find_first_not_of(separators)) {
    text.remove_prefix(at);
    const std::string_view one = text.substr(0, text.find_first_of(separators));
    if (one.find(':') == std::string_view::npos) return {};
    all.emplace_back(one);
    text.remove_prefix(one.size());
  }
  return all.size() > 1 ? all : std::vector<std::string>{};
}

} // namespace swill
