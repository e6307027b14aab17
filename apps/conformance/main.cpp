// swill-conformance: the server that the vectors in tests/conformance run against. tests/conformance/app.md says what it must do.
#include "apps/conformance/handlers.hpp"
#include "libswill/base/line_writer.hpp"
#include "libswill/base/log.hpp"
#include "libswill/base/process.hpp"
#include "libswill/server/serve.hpp"
#include "libswill/server/server.hpp"
#include "programs/options/command_line.hpp"
#include "programs/options/listen_options.hpp"

#include <chrono>

namespace {

using namespace swill;
using namespace swill::conformance;

constexpr std::size_t kib = 1024, mib = 1024 * kib;

void set_limits(limits& l) {
  l.message_size = l.connection_memory = 16 * mib;
  l.requests_per_connection = 1024;
  l.queued_bytes = 256 * mib;
  // app.md limits nothing else: what fits a message is served, and all that is wrong with it reported.
  l.metadata_size = l.rpc_name = l.message_size;
  l.problems = 100'000;
  l.decoded_size = 1024 * mib;
  l.elements = l.message_size;
  l.slow_reader_timeout = std::chrono::seconds{60};
}

void add_everything(app& to, hook_log& log) {
  add_unary_handlers(to);
  add_stream_handlers(to, log);
  add_error_handlers(to);
  add_metadata_handlers(to);
  add_timing_handlers(to, log);
  add_connection_handlers(to, log);
  to.mount(make_blueprint(log));
  add_hooks(to, log);
}

int run(int argc, char** argv) {
  programs::command_line program{"swill-conformance", "The server that Swill's conformance vectors run against."};
  program.reads_environment();
  programs::listen_options listen;
  listen.add_to(program);
  if (const auto answer = program.parse(argc, argv); !answer.empty()) return programs::end_with(answer);

  hook_log log;
  app conformance;
  add_everything(conformance, log);
  set_limits(conformance.limits());
  // The vectors fail on purpose, by the hundred.
  conformance.set_log(stderr_log(log_level::warning));
  conformance.set_debug(listen.debug());

  server_options options = listen.server();
  options.origins = {"http://good.example"};
  options.kernel_unsent =
      64 * kib; // what a client that does not read leaves unread stays a log of thousands of entries, not of millions
  server{conformance, options}.run([](server& s) { print_in_time(listening_line(s.urls())); });
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  prepare_process();
  return swill::programs::run_program("swill-conformance", {}, [&] { return run(argc, argv); });
}
