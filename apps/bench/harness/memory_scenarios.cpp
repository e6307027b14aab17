#include "apps/bench/harness/measurement.hpp"
#include "apps/bench/load/load_loop.hpp"
#include "apps/bench/load/topic_clients.hpp"

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

std::vector<connection> connect(const running_server& server, unsigned count) {
  std::vector<connection> all;
  all.reserve(count);
  for (unsigned i = 0; i < count; ++i) {
    all.push_back(server.connect(i / connections_per_source));
    call_add(all.back());
  }
  return all;
}

/// `name` is what each of `count` has added to the server's memory, in KiB.
metrics growth(const running_server& server, double before, const char* name, unsigned count) {
  const auto after = server.rss();
  return {{name, (after - before) / 1024 / count}, {"rss_mb", after / 1e6}};
}

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
  const running_server server(spec);
  connect(server, 1); // it has come and gone: what a server sets up once is not counted
  const auto before = server.rss();
  const auto connections = connect(server, o.idle_connections);
  return growth(server, before, "connection_kb", o.idle_connections);
}

metrics measure_waiting_requests(const server_spec& spec, const options& o) {
  const running_server server(spec);
  auto connections = connect(server, (o.waiting_requests + requests_per_connection - 1) / requests_per_connection);
  const auto before = server.rss();
  open_waiting(connections, o.waiting_requests);
  return growth(server, before, "request_kb", o.waiting_requests);
}

metrics measure_subscriptions(const server_spec& spec, const options& o) {
  const running_server server(spec);
  std::vector<std::string> topics;
  for (unsigned i = 0; i < requests_per_connection; ++i) topics.push_back("news." + std::to_string(i));
  tally seen;
  const published nothing;
  load_loop loop;
  const unsigned count = (o.waiting_requests + requests_per_connection - 1) / requests_per_connection;
  for (unsigned i = 0; i < count; ++i) loop.add<subscriber_client>(server.connect(), seen, nothing, topics);
  const auto before = server.rss();
  loop.start_all();
  loop.run_until_idle();
  require_no_errors(seen);
  return growth(server, before, "subscription_kb", count * requests_per_connection);
}

} // namespace swill::bench
