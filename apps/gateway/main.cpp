// swill-gateway: a server with the example service. Copy it to begin with one of your own: an app, what it serves, a server.
#include "apps/common/command_line.hpp"
#include "apps/common/example.hpp"
#include "apps/gateway/admin_options.hpp"
#include "apps/gateway/http_options.hpp"
#include "apps/gateway/options.hpp"
#include "apps/gateway/playground.hpp"
#include "apps/gateway/pubsub_options.hpp"
#include "apps/gateway/session_options.hpp"
#include "apps/gateway/welcome.hpp"
#include "apps/gateway/worker_options.hpp"
#include "libswill/api/app.hpp"
#include "libswill/base/line_writer.hpp"
#include "libswill/base/process.hpp"
#include "libswill/server/serve.hpp"

#include <unistd.h>

namespace {

using namespace swill;

app make_app(const gateway::options& chosen) {
  app a;
  a.mount(apps::make_example());
  chosen.apply(a);
  return a;
}

int run(int argc, char** argv) {
  apps::command_line program{"swill-gateway", "RPC over WebSocket and MessagePack, serving a small example."};
  program.reads_environment();
  gateway::options chosen;
  chosen.add_to(program);
  gateway::http_options http;
  http.add_to(program);
  gateway::worker_options workers;
  workers.add_to(program);
  gateway::session_options sessions;
  sessions.add_to(program);
  gateway::pubsub_options topics;
  topics.add_to(program);
  gateway::admin_options admin;
  admin.add_to(program);
  gateway::playground playground;
  playground.add_to(program);
  if (const auto answer = program.parse(argc, argv); !answer.empty()) return apps::end_with(answer);

  app a = make_app(chosen);
  http.apply(a);
  sessions.apply(a);
  admin.apply(a, topics.apply(a, sessions.redis()));
  workers.apply(a);
  server_options options = chosen.server();
  http.apply(options);
  playground.apply(a, options, http, chosen.trusts_proxy() || sessions.trusts_proxy());
  server{a, options}.run([&](server& s) {
    const auto say = ::isatty(STDOUT_FILENO) != 0 ? gateway::welcome : gateway::address_lines;
    print_in_time(chosen.log().beside_log(say(s.urls(), playground.url(s.urls()))));
  });
  return 0;
}

constexpr swill::apps::option_name option_names[] = {
    {"server_options.listen", "--listen"},
    {"server_options.listen.tls.identities", "--listen-tls-cert and --listen-tls-key"},
    {"server_options.listen.tls.client_authority", "--listen-tls-client-ca"},
    {"server_options.listen.tls.ticket_secrets", "--listen-tls-ticket-secrets"},
    {"server_options.path", "--path"},
    {"files.", "--static"},
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
    {"gateway_options.listen", "--workers-listen"},
    {"gateway_options.secret", "--workers-secret-file"},
    {"gateway_options.tls", "--workers-tls-cert, --workers-tls-key and --workers-tls-ca"},
    {"gateway_options.first_workers", "--workers-wait"},
};

} // namespace

int main(int argc, char** argv) {
  prepare_process();
  return swill::apps::run_program("swill-gateway", option_names, [&] { return run(argc, argv); });
}
