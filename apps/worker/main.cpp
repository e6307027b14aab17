// swill-worker: the example service in a process of its own, for the clients of gateways. Copy it to begin with one of your own.
#include "actors/workers/worker.hpp"
#include "apps/common/command_line.hpp"
#include "apps/common/example.hpp"
#include "apps/common/link_options.hpp"
#include "apps/common/log_options.hpp"
#include "apps/common/option_values.hpp"
#include "apps/common/standard_output.hpp"
#include "libswill/api/app.hpp"
#include "libswill/base/process.hpp"
#include "libswill/server/server.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

namespace {

using namespace swill;

struct command_line {
  worker_options link;
  apps::link_options secrets;
  apps::log_options log;
  server_options server{.listen = {}}; // it serves gateways alone
  std::string prefix = "work";
  bool debug = false;
  bool health = false;
};

void add_options(CLI::App& program, command_line& c) {
  program.add_option("--gateway", c.link.gateways, "HOST:PORT of a gateway to serve; repeatable")
      ->envname("SWILL_GATEWAY")
      ->delimiter(',')
      ->take_all(); // required, but by --health
  c.secrets.add_to(program, "");
  program
      .add_option("--capacity", c.link.capacity, "calls of one gateway at a time; more go elsewhere, or fail with 429")
      ->envname("SWILL_CAPACITY")
      ->type_name("COUNT")
      ->check(apps::whole_number(1, 1'000'000))
      ->capture_default_str();
  program
      .add_option("--connections", c.link.connections,
                  "clients of one gateway that it knows at a time; calls of more go elsewhere, or fail with 429")
      ->envname("SWILL_WORKER_CONNECTIONS") // SWILL_CONNECTIONS is a limit of gateways
      ->type_name("COUNT")
      ->check(apps::whole_number(1, 1'000'000'000))
      ->capture_default_str();
  program.add_option("--name", c.link.name, "what it is called in logs; none: host and process")->envname("SWILL_NAME");
  program.add_option("--prefix", c.prefix, "name of the blueprint that the example is mounted in")
      ->envname("SWILL_PREFIX")
      ->check(apps::may_be_empty())
      ->capture_default_str();
  program.add_option("--io-threads", c.server.io_threads, "threads that serve calls; 0: one for each core")
      ->envname("SWILL_IO_THREADS")
      ->type_name("COUNT")
      ->check(apps::whole_number(0, 1024))
      ->capture_default_str();
  program.add_option("--workers", c.server.workers, "threads for blocking handlers; 0: as many as cores, at least 4")
      ->envname("SWILL_WORKERS")
      ->type_name("COUNT")
      ->check(apps::whole_number(0, 1024))
      ->capture_default_str();
  program.add_flag(
      "--health", c.health,
      "starts nothing: asks the worker that runs on this host, whatever it serves, how it is; exit code 0 when a "
      "gateway gives it calls, else 1");
  program.add_option("--health-name", c.link.health_name, "where it can be asked so, or is; empty: nowhere")
      ->envname("SWILL_HEALTH_NAME")
      ->check(apps::may_be_empty())
      ->capture_default_str();
  program.add_flag("--debug", c.debug, "tell clients what went wrong inside; not for strangers to see")
      ->envname("SWILL_DEBUG");
  c.log.add_to(program);
}

int tell_health(const std::string& name) {
  const worker_health h = ask_worker(name);
  const std::string text = h.text + (h.text.ends_with('\n') ? "" : "\n");
  if (!h.is_serving) {
    std::fputs(text.c_str(), stderr);
    return static_cast<int>(apps::server_exit::failed);
  }
  apps::print(text);
  apps::flush_output();
  return static_cast<int>(apps::server_exit::ok);
}

int run(int argc, char** argv) {
  CLI::App program{"Serves a small example to the clients of gateways."};
  program.footer("Options may also come from the environment, by the name that stands with each: --io-threads as "
                 "SWILL_IO_THREADS.");
  command_line c;
  add_options(program, c);
  if (const auto end = apps::parse_command_line(program, "swill-worker", argc, argv)) return *end;
  if (c.health && c.link.health_name.empty())
    throw std::invalid_argument("--health-name: is empty: nobody can be asked");
  if (c.health) return tell_health(c.link.health_name);
  if (c.link.gateways.empty()) return apps::end_of(program, CLI::RequiredError("--gateway"));
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
