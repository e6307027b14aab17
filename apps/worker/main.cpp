// swill-worker: the example service in a process of its own, for the clients of gateways. Copy it to begin with one of your own.
#include "actors/workers/worker.hpp"
#include "apps/common/command_line.hpp"
#include "apps/common/example.hpp"
#include "apps/common/link_options.hpp"
#include "apps/common/log_options.hpp"
#include "libswill/api/app.hpp"
#include "libswill/base/process.hpp"
#include "libswill/server/server.hpp"

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

namespace {

using namespace swill;

struct settings {
  worker_options link;
  apps::link_options secrets;
  apps::log_options log;
  server_options server{.listen = {}}; // it serves gateways alone
  std::string prefix = "work";
  bool debug = false;
  bool health = false;
};

void add_options(apps::command_line& program, settings& c) {
  using apps::whole_number;
  program.add(
      {"--gateway", c.link.gateways, "HOST:PORT of a gateway to serve; repeatable"}); // required, but by --health
  c.secrets.add_to(program, "");
  program.add({"--capacity", whole_number(c.link.capacity, 1, 1'000'000),
               "calls of one gateway at a time; more go elsewhere, or fail with 429", "COUNT"});
  program.add({"--connections", whole_number(c.link.connections, 1, 1'000'000'000),
               "clients of one gateway that it knows at a time; calls of more go elsewhere, or fail with 429", "COUNT",
               "SWILL_WORKER_CONNECTIONS"}); // SWILL_CONNECTIONS is a limit of gateways
  program.add({"--name", c.link.name, "what it is called in logs; none: host and process"});
  program.add({.name = "--prefix",
               .value = c.prefix,
               .text = "name of the blueprint that the example is mounted in",
               .may_be_empty = true});
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
    return static_cast<int>(apps::server_exit::failed);
  }
  return apps::end_with(text);
}

int run(int argc, char** argv) {
  apps::command_line program{"swill-worker", "Serves a small example to the clients of gateways."};
  program.reads_environment();
  settings c;
  add_options(program, c);
  if (const auto answer = program.parse(argc, argv); !answer.empty()) return apps::end_with(answer);
  if (c.health && c.link.health_name.empty())
    throw std::invalid_argument("--health-name: is empty: nobody can be asked");
  if (c.health) return tell_health(c.link.health_name);
  if (c.link.gateways.empty()) throw apps::wrong_command_line("--gateway is required");
  c.link.secret = c.secrets.secret();
  c.link.tls = {c.secrets.certificate, c.secrets.key, c.secrets.authority};

  blueprint example{c.prefix};
  example.mount(apps::make_example());
  app a;
  a.use(c.log.make());
  a.mount(std::move(example));
  a.set_debug(c.debug);
  a.use(std::make_shared<worker>(c.link));
  server{a, c.server}.run();
  return 0;
}

constexpr swill::apps::option_name option_names[] = {
    {"server_options.io_threads", "--io-threads"},
    {"server_options.workers", "--workers"},
    {"worker_options.gateways", "--gateway"},
    {"worker_options.secret", "--secret-file"},
    {"worker_options.tls", "--tls-cert, --tls-key and --tls-ca"},
    {"worker_options.name", "--name"},
    {"worker_options.capacity", "--capacity"},
    {"worker_options.connections", "--connections"},
    {"handlers.", "--prefix"}, // all else in a handler's name is ours
};

} // namespace

int main(int argc, char** argv) {
  prepare_process();
  return swill::apps::run_program("swill-worker", option_names, [&] { return run(argc, argv); });
}
