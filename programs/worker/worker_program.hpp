#pragma once

#include "programs/gateway/program_settings.hpp"

#include <functional>

namespace swill {

class app;

/// A whole worker for an application's own handlers (docs/workers.md): the gateways that it serves, secret and TLS, its probe, the log, each by
/// an option of the command line or the environment, as --help lists them. One function may serve both programs:
///
///     int main(int argc, char** argv) { return swill::worker_program{argc, argv}.run(add_shop); }
class worker_program {
public:
  /// As gateway. Its examples are not shown.
  worker_program(int argc, char** argv, program_settings s = {}) : argc_{argc}, argv_{argv}, settings_{std::move(s)} {}

  /// The last line of a main(), as gateway::run. With --redis, `make` gets the sessions and topics of the gateways that use the same. Without,
  /// it gets objects that belong to no server, since a worker has no clients of its own: what is published fails with ERROR 503. Serves
  /// gateways until SIGINT or SIGTERM.
  int run(const std::function<void(app&, backends&)>& make);

private:
  int serve(const std::function<void(app&, backends&)>& make) const;

  int argc_;
  char** argv_;
  program_settings settings_;
};

} // namespace swill
