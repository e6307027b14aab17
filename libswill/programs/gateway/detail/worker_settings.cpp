#include "libswill/programs/gateway/detail/worker_settings.hpp"

#include "actors/workers/remote_handlers.hpp"

#include <memory>

namespace swill::programs {

void worker_settings::add_to(command_line& program) {
  program.add({"--workers-listen", listen_,
               "ADDRESS:PORT where workers connect; a private network, or TLS: see docs/workers.md; none: no workers"});
  link_.add_to(program, "workers-");
  others_ = link_.all();
  others_.push_back(
      program.add({"--workers-wait", whole_number(wait_, 0, 3600),
                   "how long after the start workers are awaited: what nobody serves is answered 503, and "
                   "/ready too until the first worker serves",
                   "SECONDS"}));
  others_.push_back(program.add({"--workers-hide-header", hidden_headers_,
                                 "header of the client's handshake that workers are not shown; repeatable"}));
}

void worker_settings::add_to(listening_places& all) const {
  if (!listen_.empty()) all.add("--workers-listen", listen_);
}

void worker_settings::apply(app& a) const {
  for (added_option o : others_) require_effect(o, !listen_.empty(), "without --workers-listen");
  if (listen_.empty()) return;
  gateway_options o;
  o.listen = listen_;
  o.secret = link_.secret(shortest_secret);
  o.tls = {link_.certificate, link_.key, link_.authority};
  o.first_workers = std::chrono::seconds{wait_};
  o.hidden_headers = hidden_headers_;
  a.use(std::make_shared<remote_handlers>(std::move(o)));
}

} // namespace swill::programs
