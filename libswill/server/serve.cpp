#include "libswill/server/serve.hpp"

#include "libswill/base/line_writer.hpp"
#include "libswill/base/mistakes.hpp"
#include "libswill/base/process.hpp"

#include <exception>
#include <unistd.h>
#include <utility>

namespace swill {

int serve(app&& a, server_options options, const std::function<void(server&)>& ready) {
  return serve(a, std::move(options), ready);
}

int serve(app& a, server_options options, const std::function<void(server&)>& ready) {
  prepare_process();
  try {
    server{a, std::move(options)}.run([&](server& s) {
      if (ready) ready(s);
      print_in_time(listening_line(s.urls(), s.internal_addresses()));
    });
    return 0;
  } catch (const std::exception& e) {
    print_in_time(STDERR_FILENO, std::string{program_invocation_short_name} + ": " + failure_text(e) + "\n");
    return 1;
  }
}

std::string listening_line(const std::vector<std::string>& urls, const std::vector<std::string>& internal) {
  std::string line;
  const auto add = [&line](const std::string& where) { line += (line.empty() ? "Swill listens on " : ", ") + where; };
  for (const auto& url : urls) add(url);
  for (const auto& address : internal) add(address + " (internal)");
  return line.empty() ? line : line + "\n";
}

} // namespace swill
