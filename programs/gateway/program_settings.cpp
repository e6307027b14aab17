#include "programs/gateway/program_settings.hpp"

#include "programs/options/command_line.hpp"

#include <string_view>

namespace swill::programs {

void add_own_options(command_line& program, const program_settings& s) {
  for (const program_option& o : s.options) {
    program.add({.name = o.name,
                 .value = std::visit([](auto* to) { return option_value{*to}; }, o.value),
                 .text = o.text,
                 .group = "Options of this program",
                 .may_be_empty = true});
  }
}

std::string program_name(int argc, const char* const* argv) {
  const std::string_view path = argc > 0 ? argv[0] : "";
  const std::string_view name = path.substr(path.find_last_of('/') + 1);
  return std::string{name.empty() ? "server" : name};
}

} // namespace swill::programs
