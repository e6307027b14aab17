#include "libswill/server/serve.hpp"

#include "libswill/base/line_writer.hpp"
#include "libswill/base/mistakes.hpp"
#include "libswill/base/process.hpp"

#include <cerrno> // program_invocation_short_name
#include <cstdio>
#include <exception>
#include <utility>

namespace swill {

int serve(app& a, server_options options) {
  prepare_process();
  try {
    const std::string path = options.path;
    server{a, std::move(options)}.run([&path](server& s) { print_in_time(listening_line(s.addresses(), path)); });
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, failure_text(e).c_str());
    return 1;
  }
}

std::string listening_line(const std::vector<std::string>& addresses, std::string_view path) {
  std::string line = "Swill listens on ";
  for (const auto& address : addresses) {
    if (&address != &addresses.front()) line += ", ";
    line += address.starts_with("unix:") ? address : "ws://" + address + std::string{path};
  }
  return line + "\n";
}

} // namespace swill
