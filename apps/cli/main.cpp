#include "apps/cli/child.hpp"
#include "apps/cli/connect.hpp"
#include "apps/cli/interrupts.hpp"
#include "apps/cli/lines.hpp"
#include "apps/cli/options.hpp"
#include "apps/cli/output.hpp"
#include "apps/cli/project.hpp"
#include "apps/cli/verbs.hpp"
#include "libswill/client/run.hpp"
#include "libswill/programs/options/standard_output.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace swill::cli {
namespace {

using verb = task<void> (*)(session);

verb verb_of(const std::string& name) {
  static const std::map<std::string, verb> verbs{
      {"ls", list},     {"describe", describe},     {"call", call},   {"stream", stream}, {"ping", ping},
      {"bench", bench}, {"introspect", introspect}, {"pub", publish}, {"sub", subscribe}, {"conns", conns}};
  return verbs.at(name);
}

task<void> talk(const options& o, output& out) {
  // These look at files as well, and connect where they need a server.
  if (o.verb == "gen") co_return co_await generate(o, out);
  if (o.verb == "schema") co_return co_await compare_schemas(o, out);
  co_await with_server(o, out, o.url, verb_of(o.verb));
}

exit_code report(output& out, std::exception_ptr failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const cancelled&) {
    return exit_code::interrupted;
  } catch (const interrupted&) {
    return exit_code::interrupted;
  } catch (const error& e) {
    out.failure(e);
    return exit_code_of(e);
  } catch (const programs::output_error& e) {
    out.failure(e.what(), exit_code::output);
    return exit_code::output;
  } catch (const std::exception& e) {
    out.failure(e.what(), exit_code::usage);
    return exit_code::usage;
  }
}

bool is_about_project(const options& o) {
  return o.verb == "new" || o.verb == "add" || o.verb == "dev" || o.verb == "test";
}

/// Verbs that connect to nobody themselves.
int run_project(const options& o) {
  output out{o.json, o.verbose};
  exit_code code = exit_code::ok;
  try {
    if (o.verb == "new") make_project(o, out);
    if (o.verb == "add") add_cluster(out);
    if (o.verb == "dev") develop(o, out);
    if (o.verb == "test") code = test_project(o, out);
    out.finish();
  } catch (...) {
    code = report(out, std::current_exception());
  }
  return static_cast<int>(code);
}

bool starts_programs(const options& o) { return o.verb == "dev" || o.verb == "test"; }

int run(const options& o) {
  output out{o.json, o.verbose};
  interrupts signals;
  side_thread side;
  exit_code code = exit_code::ok;
  {
    net::event_loop loop{[&side](std::function<void()> f) { side.run(std::move(f)); }};
    std::atomic<bool> interrupted{false};
    const auto watch = [&](scope& s) {
      signals.watch([&] {
        out.mute();
        interrupted = true;
        loop.post([&s] { s.cancel(); });
      });
    };
    try {
      run_client(loop, talk(o, out), watch);
    } catch (...) {
      code = report(out, std::current_exception());
    }
    if (interrupted) code = exit_code::interrupted;
    try {
      out.finish();
    } catch (...) {
      code = report(out, std::current_exception());
    }
    // A thread that waits for stdin, or for a signal, knows the loop: it must not find it gone.
    std::fflush(nullptr);
    std::_Exit(static_cast<int>(code));
  }
}

int report_usage(const std::exception& e, bool as_json) {
  output{as_json, false}.failure(e.what(), exit_code::usage);
  const bool is_command_line = dynamic_cast<const usage_error*>(&e) != nullptr;
  if (!as_json && is_command_line) std::fputs("Try 'swill --help'.\n", stderr);
  return static_cast<int>(exit_code::usage);
}

/// Closed descriptors among 0, 1 and 2 are opened, so that no socket gets such a number: reading finds the end, and writing fails.
void open_standard_descriptors() noexcept {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // The lowest number that is free is the one that open() gives.
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF && ::open("/dev/null", O_RDONLY) < 0) return;
  }
}

int print_help(const std::string& help) {
  output out{false, false};
  try {
    out.text(help);
    out.finish();
    return static_cast<int>(exit_code::ok);
  } catch (...) {
    return static_cast<int>(report(out, std::current_exception()));
  }
}

} // namespace
} // namespace swill::cli

int main(int argc, char** argv) {
  using namespace swill::cli;
  open_standard_descriptors();
  try {
    std::string help;
    const options o = parse_options(argc, argv, help);
    if (!help.empty()) return print_help(help);
    if (starts_programs(o)) return guarded([&o] { return run_project(o); });
    return is_about_project(o) ? run_project(o) : run(o);
  } catch (const std::exception& e) {
    return report_usage(e, asks_for_json(argc, argv));
  }
}
