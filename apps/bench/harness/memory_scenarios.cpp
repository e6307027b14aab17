#include "apps/bench/harness/memory_scenarios.hpp"

#include "apps/bench/harness/measurement.hpp"
#include "apps/bench/load/connection.hpp"
#include "apps/bench/load/request_frame.hpp"
#include "apps/bench/load/response.hpp"
#include "libswill/base/encoding.hpp"

#include <algorithm>
#include <stdexcept>

namespace swill::bench {
namespace {

constexpr unsigned requests_per_connection = 100; // a server may allow no more than 128
constexpr unsigned connections_per_source = 20'000;
constexpr std::uint32_t ten_minutes_ms = 600'000;
constexpr std::uint32_t call_seq = 1'000'000;

// A server works through a connection's requests in order, so this answer says that all before it were seen.
void call_add(connection& c) {
  request_frame frame("add", payload::pair);
  frame.set_seq(call_seq);
  frame.set_pair(20, 22);
  c.send(frame.bytes());
  for (bool answered = false; !answered;) {
    c.wait_readable();
    const bool open = c.receive([&](std::string_view bytes) {
      const auto r = parse_response(bytes);
      if (!r || r->seq != call_seq || r->value != 42)
        throw std::runtime_error("wrong answer: " + to_hex(as_bytes(bytes.substr(0, 64))));
      answered = true;
    });
    if (!open) throw std::runtime_error("the server closed the connection");
  }
}

std::vector<connection> connect(std::uint16_t port, unsigned count) {
  std::vector<connection> all;
  all.reserve(count);
  for (unsigned i = 0; i < count; ++i) {
    all.emplace_back(port, i / connections_per_source);
    call_add(all.back());
  }
  return all;
}

double kib(std::uint64_t bytes) { return static_cast<double>(bytes) / 1024; }

// One connection that has come and gone: what a server sets up once is not counted.
void warm_up(std::uint16_t port) { connect(port, 1); }

void open_waiting(std::vector<connection>& connections, unsigned count) {
  request_frame frame("sleep", payload::integer);
  frame.set_integer(ten_minutes_ms);
  std::string batch;
  for (auto& c : connections) {
    batch.clear();
    for (unsigned i = 0; i < std::min(count, requests_per_connection); ++i) {
      frame.set_seq(i + 1);
      batch.append(frame.bytes());
    }
    count -= std::min(count, requests_per_connection);
    c.send(batch);
    call_add(c);
  }
}

} // namespace

metrics measure_idle_connections(const server_spec& spec, const options& o) {
  running_server server(spec);
  warm_up(server.port);
  const auto before = server.process.rss_bytes();
  const auto connections = connect(server.port, o.idle_connections);
  const auto after = server.process.rss_bytes();
  return {{"connection_kb", (kib(after) - kib(before)) / o.idle_connections},
          {"rss_mb", static_cast<double>(after) / 1e6}};
}

metrics measure_waiting_requests(const server_spec& spec, const options& o) {
  running_server server(spec);
  auto connections = connect(server.port, (o.waiting_requests + requests_per_connection - 1) / requests_per_connection);
  const auto before = server.process.rss_bytes();
  open_waiting(connections, o.waiting_requests);
  const auto after = server.process.rss_bytes();
  return {{"request_kb", (kib(after) - kib(before)) / o.waiting_requests},
          {"rss_mb", static_cast<double>(after) / 1e6}};
}

} // namespace swill::bench
