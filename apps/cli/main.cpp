#include "apps/cli/cookie_jar.hpp"
#include "apps/cli/interrupts.hpp"
#include "apps/cli/lines.hpp"
#include "apps/cli/options.hpp"
#include "apps/cli/output.hpp"
#include "apps/cli/verbs.hpp"
#include "apps/common/standard_output.hpp"
#include "libswill/base/await.hpp"
#include "libswill/base/header_fields.hpp"
#include "libswill/client/run.hpp"

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

/// The connection is closed in an orderly way also when the verb was cancelled: then its calls have sent CANCEL.
task<void> close(client& c, std::chrono::milliseconds patience) {
  scope& here = co_await this_scope{};
  here.reset_cancel();
  c.close();
  co_await when_any(c.closed(), sleep_for(patience));
}

/// The deadline has passed, so that nobody waits for the server any longer.
bool is_late(const options& o, const std::exception_ptr& failure) {
  if (o.timeout.count() == 0 || !failure) return false;
  try {
    std::rethrow_exception(failure);
  } catch (const error& e) {
    return e.is(error_code::deadline_exceeded);
  } catch (...) {
    return false;
  }
}

/// Behind those of -H, if there are any: a request has one such field (RFC 6265 §5.4).
void add_cookies(header_list& to, const std::string& cookies) {
  if (cookies.empty()) return;
  for (auto& [name, text] : to) {
    if (!header_fields::same_token(name, "Cookie")) continue;
    text += "; " + cookies;
    return;
  }
  to.emplace_back("Cookie", cookies);
}

/// A server that is not trusted may be of an authority that nobody has named.
task<client> connect(const options& o, const client_options& how) {
  try {
    co_return co_await client::connect(o.url, how);
  } catch (connect_error& e) {
    if (e.why == connect_error::kind::tls && o.tls.authority.empty())
      e.message += " (without --tls-ca FILE, the system's authorities are trusted)";
    throw;
  }
}

task<void> talk(const options& o, output& out) {
  client_options how = o.client();
  std::optional<cookie_jar> jar;
  if (!o.cookie_jar.empty()) {
    jar.emplace(o.cookie_jar, o.url);
    add_cookies(how.headers, jar->header());
  }
  client server = co_await connect(o, how);
  if (jar) jar->take(server.response_headers());
  std::exception_ptr failure;
  try {
    const session s{o, out, server};
    co_await verb_of(o.verb)(s);
  } catch (...) {
    failure = std::current_exception();
  }
  constexpr std::chrono::milliseconds to_send_it{20};
  co_await close(server, is_late(o, failure) ? to_send_it : how.close_timeout);
  if (failure) std::rethrow_exception(failure);
}

exit_code report(output& out, std::exception_ptr failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const cancelled&) {
    return exit_code::interrupted;
  } catch (const error& e) {
    out.failure(e);
    return exit_code_of(e);
  } catch (const usage_error& e) {
    out.failure(e.what(), exit_code::usage);
    return exit_code::usage;
  } catch (const apps::output_error& e) {
    out.failure(e.what(), exit_code::output);
    return exit_code::output;
  } catch (const std::exception& e) {
    out.failure(e.what(), exit_code::usage);
    return exit_code::usage;
  }
}

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
    return help.empty() ? run(o) : print_help(help);
  } catch (const std::exception& e) {
    return report_usage(e, asks_for_json(argc, argv));
  }
}
