#include "apps/bench/harness/measurement.hpp"
#include "apps/bench/serve_actors.hpp"

namespace swill::bench {

metrics measure_actor(const server_spec& spec, const options& o, const char* rpc) {
  constexpr unsigned turns = 4;
  const running_server server(spec);
  auto part = o;
  part.duration /= turns;
  metrics result;
  double caf_us = 0;
  double few_us = 0;
  double plain_us = 0;
  const auto exchange_us = [&](const char* ask) {
    return measure_calls(server, part, {ask, payload::integer}, 1, 1).at("cpu_us") / exchanges_per_ask;
  };
  for (unsigned i = 0; i < turns; ++i) {
    caf_us += exchange_us("ask.800") / turns;
    few_us += exchange_us("ask.16") / turns;
    plain_us += measure_calls(server, part, add, 50, 16).at("cpu_us") / turns;
    for (const auto& [name, v] : measure_calls(server, part, {rpc, payload::pair}, 50, 16)) result[name] += v / turns;
  }
  result["caf_us"] = caf_us;
  result["caf_16_us"] = few_us;
  result["plain_us"] = plain_us;
  result["over_caf"] = result.at("cpu_us") / caf_us;
  result["over_caf_16"] = result.at("cpu_us") / few_us;
  result["added_over_caf"] = (result.at("cpu_us") - plain_us) / caf_us;
  return result;
}

} // namespace swill::bench
