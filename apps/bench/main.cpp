// swill-bench: measures Swill beside a bare Beast server. docs/performance.md says how to read what it prints.
#include "apps/bench/bare/server.hpp"
#include "apps/bench/harness/campaign.hpp"
#include "apps/bench/harness/child_process.hpp"
#include "apps/bench/harness/report.hpp"
#include "apps/bench/serve_swill.hpp"
#include "apps/common/command_line.hpp"
#include "apps/common/option_values.hpp"
#include "apps/common/standard_output.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <limits>
#include <stdexcept>

namespace {

using namespace swill::bench;
using swill::apps::flush_output;
using swill::apps::number;
using swill::apps::print;
using swill::apps::whole_number;

struct command_line {
  options chosen;
  double seconds = 1;
  bool quick = false;
  bool check = false;
  std::string json_file;
  std::string markdown_file;
  std::vector<std::string> extra_servers; // LABEL=COMMAND
  std::vector<std::string> left_out;      // labels
  serve_options served;
};

void add_bench_options(CLI::App& app, command_line& c) {
  app.add_option("--rounds", c.chosen.rounds, "interleaved rounds; the table holds their medians")
      ->type_name("COUNT")
      ->check(whole_number(1, 1000))
      ->capture_default_str();
  app.add_option("--seconds", c.seconds, "measured time per scenario, server and round")
      ->type_name("SECONDS")
      ->check(number(0.05, 600))
      ->capture_default_str();
  app.add_option("--items", c.chosen.items, "items of one stream")
      ->type_name("COUNT")
      ->check(whole_number(1, 100'000'000))
      ->capture_default_str();
  app.add_option("--connections", c.chosen.idle_connections, "idle connections")
      ->type_name("COUNT")
      ->check(whole_number(1, 60'000))
      ->capture_default_str();
  app.add_option("--waiting", c.chosen.waiting_requests, "waiting requests")
      ->type_name("COUNT")
      ->check(whole_number(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--only", c.chosen.only, "scenarios whose name matches this pattern, such as 'add-*'")
      ->capture_default_str();
  app.add_option("--server", c.extra_servers,
                 "another server as LABEL=COMMAND, with {port}, {threads} and {self}; repeatable")
      ->take_all();
  app.add_option("--without", c.left_out, "leave out the server of this label; repeatable")->take_all();
  app.add_flag("--quick", c.quick, "one short round, to see that everything works");
  app.add_flag("--check", c.check, "exit with 1 when a target is missed");
  app.add_option("--json", c.json_file, "write everything measured to this file");
  app.add_option("--markdown", c.markdown_file, "write the table for docs/performance.md to this file");
}

server_spec parse_server(const std::string& text) {
  const auto at = text.find('=');
  if (at == std::string::npos || at == 0 || at + 1 == text.size())
    throw std::invalid_argument("--server: '" + text + "' is not LABEL=COMMAND");
  return {text.substr(0, at), text.substr(at + 1)};
}

std::vector<server_spec> servers_of(const command_line& c) {
  std::vector<server_spec> all{{baseline_label, "{self} serve-bare --port {port}"},
                               {"swill", "{self} serve --port {port} --io-threads {threads}"}};
  for (const auto& text : c.extra_servers) all.push_back(parse_server(text));
  for (const auto& label : c.left_out) {
    if (std::erase_if(all, [&label](const auto& s) { return s.label == label; }) == 0)
      throw std::invalid_argument("--without: there is no server '" + label + "'");
  }
  return all;
}

options options_of(const command_line& c) {
  auto o = c.chosen;
  o.duration = std::chrono::milliseconds(static_cast<long>(c.seconds * 1000));
  o.servers = servers_of(c);
  if (c.quick) {
    o.rounds = 1;
    o.duration = std::min(o.duration, std::chrono::milliseconds(200));
    o.items = std::min(o.items, 100'000u);
    o.idle_connections = std::min(o.idle_connections, 1000u);
    o.waiting_requests = std::min(o.waiting_requests, 2000u);
  }
  return o;
}

void write_file(const std::string& path, const std::string& text) {
  if (path.empty()) return;
  std::ofstream file(path);
  if (!(file << text).flush()) throw std::runtime_error("cannot write " + path);
}

// A wrong answer always fails; a missed target only with --check.
int exit_code(const std::vector<outcome>& outcomes, bool check) {
  for (const auto& out : outcomes) {
    for (const auto& s : out.servers) {
      if (!s.error.empty() || (check && keeps_target(out.subject.aim, s) == false)) return 1;
    }
  }
  return outcomes.empty() ? 1 : 0;
}

int run_bench(const command_line& c) {
  const auto o = options_of(c);
  if (raise_descriptor_limit() < o.idle_connections + 100) {
    std::fprintf(stderr, "warning: fewer file descriptors than idle connections; raise the hard limit (ulimit -Hn)\n");
  }
  print(describe_run(o) + "\n");
  flush_output();
  const auto outcomes = run_campaign(o, [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); });
  if (outcomes.empty()) std::fprintf(stderr, "no scenario is called %s\n", o.only.c_str());
  print(to_text(outcomes));
  flush_output();
  write_file(c.json_file, to_json(outcomes, o));
  write_file(c.markdown_file, to_markdown(outcomes, o));
  return exit_code(outcomes, c.check);
}

int run(int argc, char** argv) {
  CLI::App app("Measures Swill beside a bare Beast server.");
  command_line c;
  add_bench_options(app, c);
  app.require_subcommand(0, 1);
  auto* const bare_verb = app.add_subcommand("serve-bare", "be the baseline server");
  auto* const swill_verb = app.add_subcommand("serve", "be the Swill server");
  auto* const remote_verb = app.add_subcommand("serve-remote", "be a Swill gateway whose handlers are in a worker");
  auto* const worker_verb = app.add_subcommand("serve-worker", "be that worker");
  auto& served = c.served;
  constexpr auto largest_port = std::numeric_limits<std::uint16_t>::max();
  for (auto* verb : {bare_verb, swill_verb, remote_verb})
    verb->add_option("--port", served.port, "on 127.0.0.1")
        ->type_name("PORT")
        ->check(whole_number(0, largest_port))
        ->capture_default_str();
  for (auto* verb : {bare_verb, swill_verb})
    verb->add_option("--redis", served.redis, "its port on 127.0.0.1")
        ->type_name("PORT")
        ->check(whole_number(1, largest_port));
  for (auto* verb : {swill_verb, remote_verb, worker_verb})
    verb->add_option("--io-threads", served.io_threads)
        ->type_name("COUNT")
        ->check(whole_number(1, 256))
        ->capture_default_str();
  worker_verb->add_option("--gateway", served.gateway, "HOST:PORT")->required();
  if (const auto end = swill::apps::parse_command_line(app, "swill-bench", argc, argv)) return *end;
  if (*bare_verb) return bare::serve(served.port, served.redis);
  if (*swill_verb) return serve_swill(served);
  if (*remote_verb) return serve_remote(served);
  if (*worker_verb) return serve_worker(served);
  return run_bench(c);
}

} // namespace

int main(int argc, char** argv) {
  return swill::apps::run_program("swill-bench", {}, [&] { return run(argc, argv); });
}
