#include "libswill/programs/gateway/gateway.hpp"

#include "libswill/api/app.hpp"
#include "libswill/base/line_writer.hpp"
#include "libswill/base/process.hpp"
#include "libswill/programs/gateway/detail/admin_settings.hpp"
#include "libswill/programs/gateway/detail/http_settings.hpp"
#include "libswill/programs/gateway/detail/playground.hpp"
#include "libswill/programs/gateway/detail/serving_settings.hpp"
#include "libswill/programs/gateway/detail/welcome.hpp"
#include "libswill/programs/gateway/detail/worker_settings.hpp"
#include "libswill/programs/gateway/session_settings.hpp"
#include "libswill/programs/gateway/topic_settings.hpp"
#include "libswill/server/server.hpp"
#include "sessions/sessions.hpp"

#include <utility>

#include <unistd.h>

namespace swill {

namespace {

constexpr programs::option_name gateway_option_names[] = {
    {"server_options.listen", "--listen"},
    {"server_options.listen.tls.identities", "--listen-tls-cert and --listen-tls-key"},
    {"server_options.listen.tls.client_authority", "--listen-tls-client-ca"},
    {"server_options.listen.tls.ticket_secrets", "--listen-tls-ticket-secrets"},
    {"server_options.path", "--path"},
    {"server_options.test_echo", "--test-echo"},
    {"server_options.origins", "--origin"},
    {"server_options.io_threads", "--io-threads"},
    {"server_options.workers", "--workers"},
    {"session_options.idle", "--session-idle"},
    {"session_options.absolute", "--session-absolute"},
    {"pubsub_options.other_topics.history_length", "--topic-history"},
    {"pubsub_options.other_topics.history_age", "--topic-age"},
    {"pubsub_options.other_topics.overflow", "--topic-overflow"},
    {"pubsub_options.other_topics.conflate_by", "--topic-conflate-by"},
    {"pubsub_options.topic_count", "--topic-count"},
    {"pubsub_options.new_topics", "--new-topics"},
    {"pubsub_options.new_topics_per_second", "--new-topics-per-second"},
    {"pubsub_options.kept_size", "--kept-size"},
    {"pubsub_options.node_name", "--node-name"},
    {"redis.", "--redis"},
    {"redis.tls", "--redis-tls-ca, --redis-tls-cert and --redis-tls-key"},
    {"redis.tls.server_name", "--redis-tls-server-name"},
    {"gateway_options.listen", "--workers-listen"},
    {"gateway_options.secret", "--workers-secret-file"},
    {"gateway_options.tls", "--workers-tls-cert, --workers-tls-key and --workers-tls-ca"},
    {"gateway_options.first_workers", "--workers-wait"},
};

} // namespace

int gateway::serve(const std::function<void(app&, backends&)>& make, const std::function<void(server&)>& ready) const {
  programs::command_line program{programs::program_name(argc_, argv_), settings_.about, settings_.version};
  program.reads_environment();
  programs::serving_settings serving;
  serving.add_to(program);
  programs::http_settings http;
  http.add_to(program);
  programs::worker_settings workers;
  workers.add_to(program);
  programs::session_settings sessions{settings_.sessions};
  sessions.add_to(program);
  programs::topic_settings topics{settings_.topics};
  topics.add_to(program);
  programs::admin_settings admin;
  admin.add_to(program);
  programs::playground playground;
  playground.add_to(program);
  programs::add_own_options(program, settings_);
  if (const auto answer = program.parse(argc_, argv_); !answer.empty()) return programs::end_with(answer);

  programs::listening_places places;
  serving.add_to(places);
  http.add_to(places);
  workers.add_to(places);

  const auto redis = sessions.redis();
  backends shared{.sessions = sessions.make(redis), .pubsub = topics.make(redis), .redis = redis ? &*redis : nullptr};
  app a;
  serving.apply(a);
  http.apply(a);
  a.use(shared.sessions);
  a.use(shared.pubsub);
  shared.connections = admin.apply(a, shared.pubsub);
  workers.apply(a);
  server_options options = serving.server();
  options.actor_system = settings_.actor_system;
  http.apply(options);
  playground.apply(a, options, http, serving.trusts_proxy() || sessions.trusts_proxy());
  make(a, shared);
  server{a, options}.run([&](server& s) {
    if (ready) ready(s);
    const programs::places where{s.urls(), s.internal_addresses(), playground.url(s.urls())};
    print_in_time(serving.log().beside_log(::isatty(STDOUT_FILENO) != 0 ? programs::welcome(where, settings_.examples)
                                                                        : programs::address_lines(where)));
  });
  return 0;
}

int gateway::run(const std::function<void(app&, backends&)>& make, const std::function<void(server&)>& ready) {
  prepare_process();
  return programs::run_program(programs::program_name(argc_, argv_), gateway_option_names,
                               [&] { return serve(make, ready); }, {argv_, static_cast<std::size_t>(argc_)});
}

} // namespace swill
