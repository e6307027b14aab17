#include "apps/common/listen_options.hpp"

#include "libswill/base/host_and_port.hpp"

#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <string_view>

namespace swill::apps {

namespace {

constexpr std::size_t most_threads = 1024;
constexpr std::uint64_t largest_port = std::numeric_limits<std::uint16_t>::max();

/// The environment's port, which somebody may have set for another program: it counts only where nothing else says where to listen, so it is
/// no variable of an option, which would count like the command line.
std::optional<std::uint16_t> port_in_environment() {
  const char* set = std::getenv("SWILL_PORT");
  if (set == nullptr || *set == '\0') return std::nullopt;
  const std::string_view text{set};
  const auto port = port_number(text);
  if (!port) throw std::invalid_argument("SWILL_PORT: '" + std::string{text} + "' is no port");
  return port;
}

} // namespace

void listen_options::add_to(command_line& program) {
  program.add({"--listen", listen_, "ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH; repeatable; port 0: any free one"});
  program.add(
      {.name = "--port",
       .value = whole_number(largest_port + 1, 0, largest_port,
                             [this](std::uint64_t n) { port_ = static_cast<std::uint16_t>(n); }),
       .text = "short for --listen 127.0.0.1:PORT; when neither is given: SWILL_PORT of the environment, or 8080",
       .unit = "PORT",
       .variable = ""});
  program.add({"--io-threads", whole_number(io_threads_, 0, most_threads),
               "threads for connections; 0: one for each core", "COUNT"});
  program.add({"--test-echo", test_echo_, "also serve /echo, a plain WebSocket echo for conformance suites"});
  program.add({"--debug", debug_, "tell clients what went wrong inside; not for strangers to see"});
}

server_options listen_options::server() const {
  server_options options;
  options.listen.assign(listen_.begin(), listen_.end());
  constexpr std::uint16_t usual_port = 8080;
  const auto port = port_ || !listen_.empty() ? port_ : port_in_environment().value_or(usual_port);
  if (port) options.listen.emplace_back("127.0.0.1:" + std::to_string(*port));
  options.io_threads = io_threads_;
  options.test_echo = test_echo_;
  return options;
}

} // namespace swill::apps
