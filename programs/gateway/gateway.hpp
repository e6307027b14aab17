#pragma once

#include "programs/gateway/program_settings.hpp"

#include <functional>

namespace swill {

class app;
class server;

/// A whole gateway for an application's own handlers (docs/server.md): listeners, TLS, files, sessions, topics, workers, the log, the
/// administrators' token and the playground, each by an option of the command line or the environment, as --help lists them.
///
///     int main(int argc, char** argv) {
///       return swill::gateway{argc, argv}.run([](swill::app& app, swill::backends& b) { app.mount(make_shop(b)); });
///     }
class gateway {
public:
  /// Borrows argv until run() has returned. The program is called as argv[0] says.
  gateway(int argc, char** argv, program_settings s = {}) : argc_{argc}, argv_{argv}, settings_{std::move(s)} {}

  /// The last line of a main(). Reads the command line; calls `make`, which adds the application's handlers to an app that has all of the
  /// above; serves it until SIGINT or SIGTERM. `ready`, if any, is called when the server listens, as by server::run. Returns what the
  /// process ends with (docs/operations.md, "Exit codes"): 0; 1 when it could not start, or `make` has thrown; 2 for a wrong command line, and
  /// for a std::invalid_argument of `make`. What is wrong is told on standard error. To be called once, from the main thread, before the
  /// application starts others.
  int run(const std::function<void(app&, backends&)>& make, const std::function<void(server&)>& ready = {});

private:
  int serve(const std::function<void(app&, backends&)>& make, const std::function<void(server&)>& ready) const;

  int argc_;
  char** argv_;
  program_settings settings_;
};

} // namespace swill
