#include "libswill/programs/worker/worker_program.hpp"

#include "actors/workers/worker.hpp"
#include "libswill/api/app.hpp"
#include "libswill/base/process.hpp"
#include "libswill/programs/gateway/session_settings.hpp"
#include "libswill/programs/gateway/topic_settings.hpp"
#include "libswill/programs/options/link_options.hpp"
#include "libswill/programs/options/log_options.hpp"
#include "libswill/server/server.hpp"
#include "pubsub/pubsub.hpp"
#include "sessions/sessions.hpp"

#include <cstdio>
#include <stdexcept>
#include <utility>

namespace swill {

namespace {

struct worker_choices {
  worker_options link;
  programs::link_options secrets;
  programs::log_options log;
  server_options server{.listen = {}}; // it serves gateways alone
  bool debug = false;
  bool health = false;
};

void add_options(programs::command_line& program, worker_choices& c) {
  using programs::whole_number;
  program.add(
      {"--gateway", c.link.gateways, "HOST:PORT of a gateway to serve; repeatable"}); // required, but by --health
  c.secrets.add_to(program, "");
  program.add({"--capacity", whole_number(c.link.capacity, 1, 1'000'000),
               "calls of one gateway at a time; more go elsewhere, or fail with 429", "COUNT"});
  program.add({"--connections", whole_number(c.link.connections, 1, 1'000'000'000),
               "clients of one gateway that it knows at a time; calls of more go elsewhere, or fail with 429", "COUNT",
               "SWILL_WORKER_CONNECTIONS"}); // SWILL_CONNECTIONS is a limit of gateways
  program.add({"--name", c.link.name, "what it is called in logs; none: host and process"});
  program.add({"--io-threads", whole_number(c.server.io_threads, 0, 1024),
               "threads that serve calls; 0: one for each core", "COUNT"});
  program.add({"--workers", whole_number(c.server.workers, 0, 1024),
               "threads for blocking handlers; 0: as many as cores, at least 4", "COUNT"});
  program.add({.name = "--health",
               .value = c.health,
               .text =
                   "starts nothing: asks the worker that runs on this host, whatever it serves, how it is; exit code "
                   "0 when a gateway gives it calls, else 1",
               .variable = ""});
  program.add({.name = "--health-name",
               .value = c.link.health_name,
               .text = "where it can be asked so, or is; empty: nowhere",
               .may_be_empty = true});
  program.add({"--debug", c.debug, "tell clients what went wrong inside; not for strangers to see"});
  c.log.add_to(program);
}

int tell_health(const std::string& name) {
  const worker_health h = ask_worker(name);
  const std::string text = h.text + (h.text.ends_with('\n') ? "" : "\n");
  if (!h.is_serving) {
    std::fputs(text.c_str(), stderr);
    return static_cast<int>(programs::server_exit::failed);
  }
  return programs::end_with(text);
}

constexpr programs::option_name worker_option_names[] = {
    {"server_options.io_threads", "--io-threads"},
    {"server_options.workers", "--workers"},
    {"worker_options.gateways", "--gateway"},
    {"worker_options.secret", "--secret-file"},
    {"worker_options.tls", "--tls-cert, --tls-key and --tls-ca"},
    {"worker_options.name", "--name"},
    {"worker_options.capacity", "--capacity"},
    {"worker_options.connections", "--connections"},
    {"redis.", "--redis"},
    {"redis.tls", "--redis-tls-ca, --redis-tls-cert and --redis-tls-key"},
    {"redis.tls.server_name", "--redis-tls-server-name"},
};

} // namespace

int worker_program::serve(const std::function<void(app&, backends&)>& make) const {
  programs::command_line program{programs::program_name(argc_, argv_), settings_.about, settings_.version};
  program.reads_environment();
  worker_choices c;
  add_options(program, c);
  programs::session_settings sessions{settings_.sessions};
  sessions.add_to(program);
  programs::topic_settings topics{settings_.topics};
  topics.add_to(program);
  programs::add_own_options(program, settings_);
  if (const auto answer = program.parse(argc_, argv_); !answer.empty()) return programs::end_with(answer);
  if (c.health && c.link.health_name.empty())
    throw std::invalid_argument("--health-name: is empty: nobody can be asked");
  if (c.health) return tell_health(c.link.health_name);
  if (c.link.gateways.empty()) throw programs::wrong_command_line("--gateway is required");
  c.link.secret = c.secrets.secret(shortest_secret);
  c.link.tls = {c.secrets.certificate, c.secrets.key, c.secrets.authority};

  const auto redis = sessions.redis();
  sessions.require_redis(); // without it they would belong to no server
  topics.require_redis(redis.has_value());
  backends shared{.sessions = sessions.make(redis), .pubsub = topics.make(redis), .redis = redis ? &*redis : nullptr};
  app a;
  a.use(c.log.make());
  a.set_debug(c.debug);
  if (redis) {
    a.use(shared.sessions);
    a.use(shared.pubsub);
  }
  make(a, shared);
  a.use(std::make_shared<worker>(c.link));
  c.server.actor_system = settings_.actor_system;
  server{a, c.server}.run();
  return 0;
}

int worker_program::run(const std::function<void(app&, backends&)>& make) {
  prepare_process();
  return programs::run_program(programs::program_name(argc_, argv_), worker_option_names, [&] { return serve(make); },
                               {argv_, static_cast<std::size_t>(argc_)});
}

} // namespace swill
