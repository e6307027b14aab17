// swill-bench: measures Swill beside a bare Beast server. docs/performance.md says how to read what it prints.
#include "apps/bench/bare/server.hpp"
#include "apps/bench/harness/campaign.hpp"
#include "apps/bench/harness/report.hpp"
#include "apps/bench/serve.hpp"
#include "libswill/base/process.hpp"
#include "programs/options/command_line.hpp"
#include "programs/options/standard_output.hpp"
#include "tests/support/certificates.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <limits>
#include <stdexcept>

namespace {

using namespace swill::bench;
using swill::programs::flush_output;
using swill::programs::number;
using swill::programs::print;
using swill::programs::whole_number;

struct settings {
  options chosen;
  double seconds = 1;
  bool quick = false;
  bool check = false;
  std::string json_file;
  std::string markdown_file;
  std::vector<std::string> extra_servers; // LABEL=COMMAND
  std::vector<std::string> left_out;      // labels
  bool tls = false;
  serve_options served;
};

void add_options(swill::programs::command_line& program, settings& s) {
  program.add({"--rounds", whole_number(s.chosen.rounds, 1, 1000), "interleaved rounds; the table holds their medians",
               "COUNT"});
  program.add({"--seconds", number(s.seconds, 0.05, 600), "measured time per scenario, server and round", "SECONDS"});
  program.add({"--items", whole_number(s.chosen.items, 1, 100'000'000), "items of one stream", "COUNT"});
  program.add({"--connections", whole_number(s.chosen.idle_connections, 1, 60'000), "idle connections", "COUNT"});
  program.add({"--waiting", whole_number(s.chosen.waiting_requests, 1, 1'000'000), "waiting requests", "COUNT"});
  program.add({"--only", s.chosen.only, "scenarios whose name matches this pattern, such as 'add-*'"});
  program.add(
      {"--server", s.extra_servers, "another server as LABEL=COMMAND, with {port}, {threads} and {self}; repeatable"});
  program.add({"--without", s.left_out, "leave out the server of this label; repeatable"});
  program.add({"--tls", s.tls, "also measure swill-tls, which is swill by TLS with a P-256 key"});
  program.add({"--quick", s.quick, "one short round, to see that everything works"});
  program.add({"--check", s.check, "exit with 1 when a target is missed"});
  program.add({"--json", s.json_file, "write everything measured to this file"});
  program.add({"--markdown", s.markdown_file, "write the table for docs/performance.md to this file"});
}

server_spec parse_server(const std::string& text) {
  const auto at = text.find('=');
  if (at == std::string::npos || at == 0 || at + 1 == text.size())
    throw std::invalid_argument("--server: '" + text + "' is not LABEL=COMMAND");
  return {text.substr(0, at), text.substr(at + 1)};
}

/// Swill, with a certificate that lives as long as the authority.
server_spec by_tls(const server_spec& swill, const swill::test::certificate_authority& authority) {
  const auto own = authority.issue("localhost", {"DNS:localhost"}, std::chrono::hours{24});
  return {"swill-tls", swill.command + " --tls-cert " + own.certificate + " --tls-key " + own.key, authority.file()};
}

std::vector<server_spec> servers_of(const settings& c, const swill::test::certificate_authority& authority) {
  std::vector<server_spec> all{{"bare", "{self} serve-bare --port {port}"},
                               {"bare-own", "{self} serve-bare --own-frames --port {port}"},
                               {"swill", "{self} serve --port {port} --io-threads {threads}"}};
  if (c.tls) all.push_back(by_tls(all.back(), authority));
  for (const auto& text : c.extra_servers) all.push_back(parse_server(text));
  for (const auto& label : c.left_out) {
    if (std::erase_if(all, [&label](const auto& s) { return s.label == label; }) == 0)
      throw std::invalid_argument("--without: there is no server '" + label + "'");
  }
  return all;
}

options options_of(const settings& c, const swill::test::certificate_authority& authority) {
  auto o = c.chosen;
  o.duration = std::chrono::milliseconds(static_cast<long>(c.seconds * 1000));
  o.servers = servers_of(c, authority);
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

int run_bench(const settings& c) {
  const swill::test::certificate_authority authority{"swill-bench"};
  const auto o = options_of(c, authority);
  if (swill::raise_descriptor_limit() < o.idle_connections + 100) {
    std::fprintf(stderr, "warning: fewer file descriptors than idle connections; raise the hard limit (ulimit -Hn)\n");
  }
  print(describe_run(o) + "\n");
  flush_output();
  const auto outcomes = run_campaign(o, [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); });
  if (outcomes.empty()) std::fprintf(stderr, "no scenario is called %s\n", o.only.c_str());
  const auto table = to_table(outcomes);
  print(table);
  flush_output();
  write_file(c.json_file, to_json(outcomes, o));
  write_file(c.markdown_file, describe_run(o) + ".\n\n" + table);
  return exit_code(outcomes, c.check);
}

int run(int argc, char** argv) {
  swill::programs::command_line program{"swill-bench", "Measures Swill beside a bare Beast server."};
  settings s;
  add_options(program, s);
  auto& served = s.served;
  constexpr auto largest_port = std::numeric_limits<std::uint16_t>::max();
  auto bare_verb = program.verb("serve-bare", "be the baseline server");
  auto swill_verb = program.verb("serve", "be the Swill server");
  auto remote_verb = program.verb("serve-remote", "be a Swill gateway whose handlers are in a worker");
  auto worker_verb = program.verb("serve-worker", "be that worker");
  for (auto* verb : {&bare_verb, &swill_verb, &remote_verb})
    verb->add({"--port", whole_number(served.port, 0, largest_port), "on 127.0.0.1", "PORT"});
  for (auto* verb : {&swill_verb, &remote_verb, &worker_verb})
    verb->add({"--io-threads", whole_number(served.io_threads, 1, 256), "", "COUNT"});
  bare_verb.add({"--own-frames", served.own_frames, "read frames without Beast"});
  swill_verb.add({"--tls-cert", served.tls.certificate, "PEM file: by TLS"});
  swill_verb.add({"--tls-key", served.tls.key, "PEM file"});
  swill_verb.add({"--redis", whole_number(served.redis, 1, largest_port), "its port on 127.0.0.1", "PORT"});
  worker_verb.add({.name = "--gateway", .value = served.gateway, .text = "HOST:PORT", .is_required = true});
  if (const auto answer = program.parse(argc, argv); !answer.empty()) return swill::programs::end_with(answer);
  const auto given = program.given_verbs();
  const std::string verb = given.empty() ? "" : given.front();
  if (verb == "serve-bare") return bare::serve(served.port, served.own_frames);
  if (verb == "serve") return serve_swill(served);
  if (verb == "serve-remote") return serve_remote(served);
  if (verb == "serve-worker") return serve_worker(served);
  return run_bench(s);
}

} // namespace

int main(int argc, char** argv) {
  return swill::programs::run_program("swill-bench", {}, [&] { return run(argc, argv); });
}
