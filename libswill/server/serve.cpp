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
      print_in_time(listening_line(s.urls()));
    });
    return 0;
  } catch (const std::exception& e) {
    print_in_time(STDERR_FILENO, std::string{program_invocation_short_name} + ": " + failure_text(e) + "\n");
    return 1;
  }
}

std::string listening_line(const std::vector<std::string>& urls) {
  if (urls.empty()) return {};
  std::string line = "Swill listens on ";
  for (const auto& url : urls) {
    if (&url != &urls.front()) line += ", ";
    line += url;
  }
  return line + "\n";
}

} // namespace swill
