#include "apps/common/environment.hpp"

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace swill::apps {

namespace {

bool is_foreign(std::string_view name, std::string_view value) {
  if (!name.starts_with("SWILL_")) return false;
  if (name.ends_with("_PORT")) return value.find("://") != std::string_view::npos;
  if (name.ends_with("_NAME")) return value.starts_with('/');
  return false;
}

} // namespace

void forget_foreign_environment() {
  std::vector<std::string> foreign; // collected first: removing one moves the others
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    if (is_foreign(text.substr(0, equals), text.substr(equals + 1))) foreign.emplace_back(text.substr(0, equals));
  }
  for (const std::string& name : foreign) ::unsetenv(name.c_str());
}

} // namespace swill::apps
