#include "apps/bench/harness/measurement.hpp"
#include "apps/bench/mailbox.hpp"

#include <stdexcept>

// Messages of actors to a request that waits for them. The server says what its I/O thread needed; a sender's own thread is not in it.

namespace swill::bench {
namespace {

constexpr std::uint16_t messages_of_request = 50'000;
constexpr std::uint16_t messages_of_thread = 5'000; // on a busy machine each batch may wait for its turn on a core

/// The I/O thread's CPU time for one request, in µs by message.
double received_by_one(connection& c, std::uint16_t how, std::uint16_t count = messages_of_request) {
  request_frame frame("receive", payload::pair);
  frame.set_seq(1);
  frame.set_pair(count, how);
  c.send(frame.bytes());
  double ns = 0;
  while (ns == 0) {
    c.wait_readable();
    const bool is_open = c.receive([&ns](std::string_view bytes) {
      const auto r = parse_response(bytes);
      if (!r || r->seq != 1 || r->value <= 0) throw std::runtime_error("wrong answer: " + to_hex(as_bytes(bytes)));
      ns = static_cast<double>(r->value);
    });
    if (!is_open) throw std::runtime_error("the server closed the connection");
  }
  return ns / 1e3 / count;
}

} // namespace

metrics measure_messages(const server_spec& spec, const options& o) {
  constexpr std::uint16_t batch = 50; // a part of both
  const running_server server(spec);
  connection c = server.connect();
  double alone = 0, turns = 0, in_batches = 0, by_thread = 0;
  unsigned rounds = 0;
  received_by_one(c, 1);       // to warm up
  repeat_for(o.duration, [&] { // in turns, so that a neighbour's load meets all of them
    alone += received_by_one(c, 1);
    turns += received_by_one(c, receive_how::turns_alone);
    in_batches += received_by_one(c, batch);
    by_thread += received_by_one(c, receive_how::by_thread + batch, messages_of_thread);
    ++rounds;
  });
  return {{"cpu_us", (alone - turns) / rounds},
          {"with_turn_us", alone / rounds},
          {"in_batches_us", in_batches / rounds},
          {"by_thread_us", by_thread / rounds},
          {"rss_mb", server.rss() / 1e6}};
}

} // namespace swill::bench
