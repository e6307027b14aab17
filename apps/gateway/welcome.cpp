#include "apps/gateway/welcome.hpp"

namespace swill::gateway {

namespace {

bool is_unix(std::string_view address) { return address.starts_with("unix:"); }

/// An address to connect to: one that stands for all of the machine's becomes the loopback.
std::string reachable(std::string_view address) {
  const std::string port{address.substr(address.rfind(':'))};
  if (address.starts_with("0.0.0.0:")) return "127.0.0.1" + port;
  if (address.starts_with("[::]:")) return "[::1]" + port;
  return std::string{address};
}

std::string url_of(std::string_view address, std::string_view path) {
  return is_unix(address) ? std::string{address} : "ws://" + reachable(address) + std::string{path};
}

/// The command line tool, called in the way in which this program was.
std::string tool(std::string_view program) {
  const auto slash = program.rfind('/');
  return slash == std::string_view::npos ? "swill" : std::string{program.substr(0, slash + 1)} + "swill";
}

} // namespace

std::string welcome(std::string_view program, const std::vector<std::string>& addresses, std::string_view path) {
  std::string text = "Swill listens on\n";
  for (const auto& address : addresses) text += "  " + url_of(address, path) + "\n";

  std::string call = tool(program);
  if (const auto url = url_of(addresses.front(), path); url != "ws://127.0.0.1:8080/ws") call += " --url " + url;
  text += "Try\n";
  text += "  " + call + " ls\n";
  text += "  " + call + " call greeter.hello '{\"name\": \"Ada\"}'\n";
  text += "  " + call + " stream clock.ticks 3\n";
  text += "Ctrl-C ends it.\n";
  return text;
}

} // namespace swill::gateway
