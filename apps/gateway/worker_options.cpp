#include "apps/gateway/worker_options.hpp"

#include "actors/workers/remote_handlers.hpp"
#include "apps/common/option_values.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace swill::gateway {

void worker_options::add_to(CLI::App& program) {
  program
      .add_option(
          "--workers-listen", listen_,
          "ADDRESS:PORT where workers connect; a private network, or TLS: see docs/workers.md; none: no workers")
      ->envname("SWILL_WORKERS_LISTEN");
  link_.add_to(program, "workers-");
  program
      .add_option("--workers-wait", wait_,
                  "how long after the start workers are awaited: what nobody serves is answered 503, and /ready too "
                  "until the first worker serves")
      ->envname("SWILL_WORKERS_WAIT")
      ->type_name("SECONDS")
      ->check(apps::whole_number(0, 3600))
      ->capture_default_str();
  program
      .add_option("--workers-hide-header", hidden_headers_,
                  "header of the client's handshake that workers are not shown; repeatable")
      ->envname("SWILL_WORKERS_HIDE_HEADER")
      ->delimiter(',')
      ->take_all();
  others_ = link_.all();
  for (const char* option : {"--workers-wait", "--workers-hide-header"}) others_.push_back(program.get_option(option));
}

void worker_options::apply(app& a) const {
  for (const CLI::Option* o : others_) apps::require_effect(o, !listen_.empty(), "without --workers-listen");
  if (listen_.empty()) return;
  gateway_options o;
  o.listen = listen_;
  o.secret = link_.secret();
  o.tls = {link_.certificate, link_.key, link_.authority};
  o.first_workers = std::chrono::seconds{wait_};
  o.hidden_headers = hidden_headers_;
  a.use(std::make_shared<remote_handlers>(std::move(o)));
}

} // namespace swill::gateway
