#include "libswill/base/limits.hpp"

#include "libswill/base/mistakes.hpp"

namespace swill {

using std::chrono::milliseconds;

namespace {

constexpr std::size_t deepest = 256;      // what readers can take (limits::nesting)
constexpr std::size_t least_message = 28; // [seq, nil, "swill.introspect"] with the largest seq (docs/protocol.md §2)
constexpr std::size_t least_header = 128; // the shortest upgrade request that a browser could send

void check_sizes(const limits& l, mistake_list& out) {
  out.check_size("limits.message_size", l.message_size, least_message);
  out.check_size("limits.nesting", l.nesting, 2, deepest);
  out.check_size("limits.metadata_size", l.metadata_size);
  out.check_size("limits.rpc_name", l.rpc_name, 1);
  out.check_size("limits.decoded_size", l.decoded_size);
  out.check_size("limits.elements", l.elements, 1);
  out.check_size("limits.elements_on_loop", l.elements_on_loop);
  out.check_size("limits.problems", l.problems, 1);
  out.check_size("limits.requests_per_connection", l.requests_per_connection, 1);
  out.check_size("limits.queued_bytes", l.queued_bytes);
  out.check_size("limits.remembered_requests", l.remembered_requests);
  out.check_size("limits.pool_jobs_per_connection", l.pool_jobs_per_connection);
  out.check_size("limits.connections", l.connections, 1);
  out.check_size("limits.send_buffer", l.send_buffer, 2); // streams wait while half of it waits
  out.check_size("limits.connection_memory", l.connection_memory, 1);
  out.check_size("limits.server_memory", l.server_memory);
  out.check_size("limits.header_size", l.header_size, least_header);
  out.check_size("limits.stream_quantum", l.stream_quantum, 1);
}

void check_times(const limits& l, mistake_list& out) {
  constexpr milliseconds some{1};
  out.check_time("limits.slow_handler", l.slow_handler);
  out.check_time("limits.default_deadline", l.default_deadline, {}, milliseconds::max()); // cut to what a clock holds
  out.check_time("limits.maximum_deadline", l.maximum_deadline, {}, milliseconds::max());
  out.check_time("limits.retry_after", l.retry_after);
  out.check_time("limits.slow_reader_timeout", l.slow_reader_timeout, some);
  out.check_time("limits.message_timeout", l.message_timeout, some);
  out.check_time("limits.handshake_timeout", l.handshake_timeout, some);
  out.check_time("limits.keep_alive_timeout", l.keep_alive_timeout, some);
  out.check_time("limits.ping_interval", l.ping_interval);
  out.check_time("limits.ping_timeout", l.ping_timeout, some);
  out.check_time("limits.close_timeout", l.close_timeout);
  out.check_time("limits.drain_timeout", l.drain_timeout);
}

} // namespace

void check(const limits& l, mistake_list& out) {
  check_sizes(l, out);
  check_times(l, out);
  constexpr std::size_t messages = 8; // limits::server_memory
  if (l.server_memory != 0 && l.message_size < mistake_list::largest_size &&
      l.server_memory / messages < l.message_size) {
    out.add("limits.server_memory", "is " + std::to_string(l.server_memory) + "; 0, or " + std::to_string(messages) +
                                        " times limits.message_size (" + std::to_string(messages * l.message_size) +
                                        ") or more would be right");
  }
  if (l.message_size > l.connection_memory) {
    out.add("limits.message_size", "is " + std::to_string(l.message_size) + ", more than limits.connection_memory (" +
                                       std::to_string(l.connection_memory) +
                                       "), which keeps a message until it is complete; at most that would be right, "
                                       "or a limits.connection_memory of " +
                                       std::to_string(l.message_size) + " or more");
  }
  if (l.maximum_deadline.count() > 0 && l.default_deadline > l.maximum_deadline) {
    out.add("limits.default_deadline",
            "is " + mistake_list::text_of(l.default_deadline) + ", longer than limits.maximum_deadline (" +
                mistake_list::text_of(l.maximum_deadline) + "); at most that would be right");
  }
}

} // namespace swill
