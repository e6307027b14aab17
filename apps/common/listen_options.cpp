#include "apps/common/listen_options.hpp"

#include <CLI/CLI.hpp>

namespace swill::apps {

void listen_options::add_to(CLI::App& program) {
  program
      .add_option("--listen", listen_, "ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH; repeatable; port 0: any free one")
      ->envname("SWILL_LISTEN")
      ->delimiter(',')
      ->take_all();
  program.add_option("--port", port_, "short for --listen 127.0.0.1:PORT; 8080 when neither is given")
      ->envname("SWILL_PORT");
  program.add_option("--io-threads", io_threads_, "threads for connections; 0: one for each core")
      ->envname("SWILL_IO_THREADS")
      ->check(CLI::Range(0, 1024))
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
  if (port_ || listen_.empty()) options.listen.push_back("127.0.0.1:" + std::to_string(port_.value_or(usual_port)));
  options.io_threads = io_threads_;
  options.test_echo = test_echo_;
  return options;
}

} // namespace swill::apps
