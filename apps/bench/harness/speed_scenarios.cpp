#include "apps/bench/harness/speed_scenarios.hpp"

#include "apps/bench/harness/measurement.hpp"
#include "apps/bench/load/load_loop.hpp"

#include <algorithm>

namespace swill::bench {
namespace {

constexpr std::chrono::seconds patience{120};

std::chrono::milliseconds warm_up_of(const options& o) {
  return std::min(o.duration / 4, std::chrono::milliseconds(300));
}

// Whole streams only: what the server has produced and the client not yet seen would be counted on one side.
template <class Client>
metrics measure_streams(const server_spec& spec, const options& o) {
  running_server server(spec);
  tally seen;
  load_loop loop;
  auto& c = loop.add<Client>(connection(server.port), seen, o.items);
  const auto one_stream = [&] {
    loop.start_all();
    loop.run_until([&] { return c.idle(); }, patience);
  };
  one_stream();
  seen.clear();
  const auto from = moment::now(server.process);
  do {
    one_stream();
  } while (monotonic_ns() - from.wall_ns < static_cast<std::uint64_t>(std::chrono::nanoseconds(o.duration).count()));
  auto result = evaluate(from, moment::now(server.process), seen);
  result["rss_mb"] = static_cast<double>(server.process.rss_bytes()) / 1e6;
  return result;
}

} // namespace

metrics measure_calls(running_server& server, const options& o, unary_rpc rpc, unsigned connections, unsigned depth) {
  tally seen;
  load_loop loop;
  std::vector<unary_client*> clients;
  for (unsigned i = 0; i < connections; ++i) {
    clients.push_back(&loop.add<unary_client>(connection(server.port), seen, rpc, depth));
  }
  loop.start_all();
  loop.run_for(warm_up_of(o));
  seen.clear();
  const auto from = moment::now(server.process);
  loop.run_for(o.duration);
  const auto to = moment::now(server.process);
  auto result = evaluate(from, to, seen);
  result["rss_mb"] = static_cast<double>(server.process.rss_bytes()) / 1e6;

  // Every request must get its answer, the last ones too.
  for (auto* c : clients) c->stop();
  loop.run_until([&] { return std::all_of(clients.begin(), clients.end(), [](auto* c) { return c->idle(); }); },
                 patience);
  require_no_errors(seen);
  return result;
}

metrics measure_add(const server_spec& spec, const options& o, unsigned connections, unsigned depth) {
  running_server server(spec);
  return measure_calls(server, o, unary_rpc::add, connections, depth);
}

metrics measure_timer0(const server_spec& spec, const options& o) {
  running_server server(spec);
  const auto rpc = spec.label == baseline_label ? unary_rpc::add : unary_rpc::sleep0;
  return measure_calls(server, o, rpc, 50, 16);
}

metrics measure_stream_out(const server_spec& spec, const options& o) { return measure_streams<burst_client>(spec, o); }

metrics measure_stream_in(const server_spec& spec, const options& o) { return measure_streams<upload_client>(spec, o); }

metrics measure_fairness(const server_spec& spec, const options& o) {
  running_server server(spec);
  const auto alone = measure_calls(server, o, unary_rpc::add, 1, 1);

  tally streamed, seen;
  load_loop loop;
  loop.add<unary_client>(connection(server.port), seen, unary_rpc::add, 1u);
  auto& stream = loop.add<burst_client>(connection(server.port), streamed, o.items);
  loop.start_all();
  loop.run_for(warm_up_of(o));
  seen.clear();
  const auto from = moment::now(server.process);
  const auto end = from.wall_ns + static_cast<std::uint64_t>(std::chrono::nanoseconds(o.duration).count());
  loop.run_until(
      [&] {
        if (stream.idle()) stream.start(monotonic_ns());
        return monotonic_ns() >= end;
      },
      patience);
  auto result = evaluate(from, moment::now(server.process), seen);
  require_no_errors(streamed);
  result["p99_alone_us"] = alone.at("p99_us");
  result["delay_ms"] = (result["p99_us"] - alone.at("p99_us")) / 1e3;
  result["stream_rate"] =
      static_cast<double>(streamed.messages) / static_cast<double>(monotonic_ns() - from.wall_ns) * 1e9;
  result.erase("cpu_us"); // it is the stream's
  result.erase("client_us");
  return result;
}

// Requests that cost the server many times what they cost the generator, which has no core of its own here.
metrics measure_threads(const server_spec& spec, const options& o) {
  metrics result;
  for (const unsigned threads : {1u, 2u}) {
    running_server server(spec, threads);
    auto m = measure_calls(server, o, unary_rpc::sum, 50, 4);
    result["rate_" + std::to_string(threads)] = m.at("rate");
    result["busy_" + std::to_string(threads)] = m.at("busy");
    if (threads == 2) result.merge(m);
  }
  result["scaling"] = result["rate_2"] / result["rate_1"];
  return result;
}

} // namespace swill::bench
