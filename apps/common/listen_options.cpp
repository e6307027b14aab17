#include "apps/common/listen_options.hpp"

#include "apps/common/option_values.hpp"

#include <CLI/CLI.hpp>

#include <charconv>
#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <string_view>

namespace swill::apps {

namespace {

constexpr std::size_t most_threads = 1024;

/// The environment's port, which somebody may have set for another program: it counts only where nothing else says where to listen, so it is
/// no `envname` of an option, which would count like the command line.
std::optional<std::uint16_t> port_in_environment() {
  const char* set = std::getenv("SWILL_PORT");
  if (set == nullptr || *set == '\0') return std::nullopt;
  const std::string_view text{set};
  std::uint16_t port = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (problem != std::errc{} || end != text.data() + text.size())
    throw std::invalid_argument("SWILL_PORT: '" + std::string{text} + "' is no port");
  return port;
}

} // namespace

void listen_options::add_to(CLI::App& program) {
  program
      .add_option("--listen", listen_, "ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH; repeatable; port 0: any free one")
      ->envname("SWILL_LISTEN")
      ->delimiter(',')
      ->take_all();
  program
      .add_option("--port", port_,
                  "short for --listen 127.0.0.1:PORT; when neither is given: SWILL_PORT of the environment, or 8080")
      ->type_name("PORT")
      ->check(whole_number(0, std::numeric_limits<std::uint16_t>::max()));
  program.add_option("--io-threads", io_threads_, "threads for connections; 0: one for each core")
      ->envname("SWILL_IO_THREADS")
      ->type_name("COUNT")
      ->check(whole_number(0, most_threads))
      ->capture_default_str();
  program.add_flag("--test-echo", test_echo_, "also serve /echo, a plain WebSocket echo for conformance suites")
      ->envname("SWILL_TEST_ECHO");
  program.add_flag("--debug", debug_, "tell clients what went wrong inside; not for strangers to see")
      ->envname("SWILL_DEBUG");
}

server_options listen_options::server() const {
  server_options options;
  options.listen = listen_;
  constexpr std::uint16_t usual_port = 8080;
  const auto port = port_ || !listen_.empty() ? port_ : port_in_environment().value_or(usual_port);
  if (port) options.listen.push_back("127.0.0.1:" + std::to_string(*port));
  options.io_threads = io_threads_;
  options.test_echo = test_echo_;
  return options;
}

} // namespace swill::apps
