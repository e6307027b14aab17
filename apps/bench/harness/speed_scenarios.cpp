#include "apps/bench/harness/measurement.hpp"
#include "apps/bench/load/load_loop.hpp"

#include <algorithm>

namespace swill::bench {
namespace {

std::chrono::milliseconds warm_up_of(const options& o) {
  return std::min(o.duration / 4, std::chrono::milliseconds(300));
}

// Whole streams only: what the server has produced and the client not yet seen would be counted on one side.
template <class Client>
metrics measure_streams(const server_spec& spec, const options& o) {
  const running_server server(spec);
  tally seen;
  load_loop loop;
  loop.add<Client>(server.connect(), seen, o.items);
  const auto one_stream = [&] {
    loop.start_all();
    loop.run_until_idle();
  };
  one_stream();
  return measure(server, seen, [&] { repeat_for(o.duration, one_stream); });
}

} // namespace

metrics measure_calls(const running_server& server, const options& o, unary_rpc rpc, unsigned connections,
                      unsigned depth) {
  tally seen;
  load_loop loop;
  std::vector<unary_client*> clients;
  for (unsigned i = 0; i < connections; ++i)
    clients.push_back(&loop.add<unary_client>(server.connect(), seen, rpc, depth));
  loop.start_all();
  loop.run_for(warm_up_of(o));
  auto result = measure(server, seen, [&] { loop.run_for(o.duration); });

  // Every request must get its answer, the last ones too.
  for (auto* c : clients) c->stop();
  loop.run_until_idle();
  require_no_errors(seen);
  return result;
}

metrics measure_add(const server_spec& spec, const options& o, unsigned connections, unsigned depth) {
  return measure_calls(running_server(spec), o, add, connections, depth);
}

metrics measure_connects(const server_spec& spec, const options& o) {
  constexpr int at_once = 16;
  const std::string close{'\x88', '\x80', 0, 0, 0, 0};
  const running_server server(spec);
  tally seen;
  request_frame call("add", payload::pair);
  call.set_seq(1);
  call.set_pair(20, 22);
  const auto take = [&seen](std::string_view bytes) {
    const auto r = parse_response(bytes);
    if (!r || r->seq != 1 || r->value != 42) throw std::runtime_error("wrong answer: " + to_hex(as_bytes(bytes)));
    ++seen.messages;
  };
  const auto come_and_go = [&] {
    std::vector<connection> all;
    for (int i = 0; i < at_once; ++i) all.push_back(server.begin_connect());
    for (auto& c : all) {
      c.open();
      c.send(call.bytes());
    }
    const auto before = seen.messages;
    for (auto& c : all) {
      c.wait_readable();
      if (!c.receive(take)) throw std::runtime_error("the server closed the connection");
      c.send(close);
    }
    if (seen.messages != before + at_once) throw std::runtime_error("an answer is missing");
    for (auto& c : all) {
      do c.wait_readable();
      while (c.receive(take)); // until its close frame
    }
  };
  repeat_for(warm_up_of(o), come_and_go);
  return measure(server, seen, [&] { repeat_for(o.duration, come_and_go); });
}

metrics measure_way(const server_spec& spec, const options& o, const char* rpc) {
  constexpr unsigned turns = 4;
  const running_server server(spec);
  auto part = o;
  part.duration /= turns;
  metrics result;
  double plain_us = 0;
  for (unsigned i = 0; i < turns; ++i) {
    plain_us += measure_calls(server, part, add, 50, 16).at("cpu_us") / turns;
    for (const auto& [name, v] : measure_calls(server, part, {rpc, payload::pair}, 50, 16)) result[name] += v / turns;
  }
  result["over_plain"] = result.at("cpu_us") / plain_us;
  return result;
}

metrics measure_timer0(const server_spec& spec, const options& o) {
  return measure_calls(running_server(spec), o, spec.is_bare() ? add : unary_rpc{"sleep0", payload::integer}, 50, 16);
}

metrics measure_stream_out(const server_spec& spec, const options& o) { return measure_streams<burst_client>(spec, o); }

metrics measure_stream_in(const server_spec& spec, const options& o) { return measure_streams<upload_client>(spec, o); }

metrics measure_fairness(const server_spec& spec, const options& o) {
  const running_server server(spec);
  const auto alone = measure_calls(server, o, add, 1, 1).at("p99_us");

  tally streamed, seen;
  load_loop loop;
  loop.add<unary_client>(server.connect(), seen, add, 1u);
  auto& stream = loop.add<burst_client>(server.connect(), streamed, o.items);
  loop.start_all();
  loop.run_for(warm_up_of(o));
  streamed.clear();
  auto result = measure(server, seen, [&] {
    const auto end = monotonic_ns() + static_cast<std::uint64_t>(std::chrono::nanoseconds(o.duration).count());
    loop.run_until([&] {
      if (stream.idle()) stream.start(monotonic_ns());
      return monotonic_ns() >= end;
    });
  });
  require_no_errors(streamed);
  result["p99_alone_us"] = alone;
  result["delay_ms"] = (result["p99_us"] - alone) / 1e3;
  result["stream_rate"] = result["rate"] * static_cast<double>(streamed.messages) / static_cast<double>(seen.messages);
  result.erase("cpu_us"); // it is the stream's
  result.erase("client_us");
  return result;
}

// Requests that cost the server many times what they cost the generator, which has no core of its own here.
metrics measure_threads(const server_spec& spec, const options& o) {
  metrics result;
  for (const unsigned threads : {1u, 2u}) {
    auto m = measure_calls(running_server(spec, threads), o, {"sum", payload::list}, 50, 4);
    result["rate_" + std::to_string(threads)] = m.at("rate");
    result["busy_" + std::to_string(threads)] = m.at("busy");
    if (threads == 2) result.merge(m);
  }
  result["scaling"] = result["rate_2"] / result["rate_1"];
  return result;
}

} // namespace swill::bench
