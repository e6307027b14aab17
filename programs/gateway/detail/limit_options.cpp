#include "programs/gateway/detail/limit_options.hpp"

#include "libswill/base/mistakes.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <variant>

namespace swill::programs {

namespace {

using std::chrono::milliseconds;
using size_limit = std::size_t limits::*;
using time_limit = milliseconds limits::*;

struct limit_option {
  std::string_view name; ///< of the member
  std::variant<size_limit, time_limit> member;
  std::string_view unit;
  std::string_view text;
};

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): nothing else gives a member its name
#define SWILL_LIMIT(member, unit, text)                                                                                \
  { #member, &limits::member, unit, text }

// IF YOU ADD A LIMIT: add its line here; the order is that of limits.hpp.
const limit_option table[] = {
    SWILL_LIMIT(message_size, "BYTES", "a message of a client; larger: close 1009"),
    SWILL_LIMIT(nesting, "LEVELS", "arrays and maps within each other, at most 256; deeper: undecodable"),
    SWILL_LIMIT(metadata_size, "BYTES", "metadata of one request; larger: ERROR 400"),
    SWILL_LIMIT(rpc_name, "BYTES", "name of an rpc; longer: ERROR 400"),
    SWILL_LIMIT(decoded_size, "BYTES", "memory for decoding one message, beside its own size; more: ERROR 413"),
    SWILL_LIMIT(elements, "COUNT", "values in one message, at every depth; more: ERROR 413"),
    SWILL_LIMIT(elements_on_loop, "COUNT", "values of a message above which the worker pool decodes it"),
    SWILL_LIMIT(problems, "COUNT", "problems reported for one invalid message; the rest is left out"),
    SWILL_LIMIT(requests_per_connection, "COUNT", "open requests of a connection; one more: ERROR 429"),
    SWILL_LIMIT(queued_bytes, "BYTES", "items that wait for the handler of a request; more: reading waits"),
    SWILL_LIMIT(remembered_requests, "COUNT",
                "finished, and refused, streaming requests whose late items are dropped; older ones are forgotten"),
    SWILL_LIMIT(pool_jobs_per_connection, "COUNT",
                "blocking functions of a connection that run at a time, 0: half of the workers; others wait"),
    SWILL_LIMIT(slow_handler, "MS", "how long a function may hold its I/O thread, 0: any; longer: a line in the log"),
    SWILL_LIMIT(default_deadline, "MS", "deadline of a request that names none, 0: none; when it passes: ERROR 408"),
    SWILL_LIMIT(maximum_deadline, "MS", "longest deadline that a client may ask for, 0: any; a longer one is cut"),
    SWILL_LIMIT(retry_after, "MS", "what an ERROR 429 says when to try again"),
    SWILL_LIMIT(connections, "COUNT", "connections of this server; one more: HTTP 503"),
    SWILL_LIMIT(send_buffer, "BYTES", "output that waits on one connection; streams wait at half of it"),
    SWILL_LIMIT(slow_reader_timeout, "MS", "patience with a client that does not read; then it is disconnected"),
    SWILL_LIMIT(connection_memory, "BYTES", "input of a connection that is kept; more: it is read no further for now"),
    SWILL_LIMIT(server_memory, "BYTES",
                "what all connections keep, 0: a quarter of the memory, at most 256 MiB; more: all wait"),
    SWILL_LIMIT(message_timeout, "MS", "from a message's first byte to its last; longer: close 1008"),
    SWILL_LIMIT(handshake_timeout, "MS", "from TCP accept to the end of the upgrade request; then HTTP 408"),
    SWILL_LIMIT(keep_alive_timeout, "MS", "silence of a client whose HTTP requests were answered, before its next one"),
    SWILL_LIMIT(header_size, "BYTES", "request line and headers of an HTTP request; larger: HTTP 431"),
    SWILL_LIMIT(ping_interval, "MS", "silence of a client before it gets a ping, 0: none"),
    SWILL_LIMIT(ping_timeout, "MS", "silence after a ping; then it is disconnected"),
    SWILL_LIMIT(close_timeout, "MS", "wait for the client's half of the close handshake"),
    SWILL_LIMIT(stream_quantum, "COUNT", "items that a busy stream may send before its neighbours get a turn"),
    SWILL_LIMIT(drain_timeout, "MS", "how long open requests may take to finish when the server stops"),
};

#undef SWILL_LIMIT

// Every member is one word wide, so the size of the struct tells their number.
static_assert(sizeof(limits) == sizeof(std::size_t) * std::size(table),
              "a member of swill::limits is missing in this table");

std::string option_of_limit(std::string_view member) {
  std::string name = "--" + std::string{member};
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

// What a number can be at all. Which of them make sense, is for app::validate to say.
option_value value_of(std::size_t& limit) { return whole_number(limit, 0, mistake_list::largest_size); }

option_value value_of(milliseconds& limit) { return whole_number(limit, 0, std::uint64_t{365} * 24 * 60 * 60 * 1000); }

} // namespace

void add_limit_options(command_line& program, limits& l) {
  for (const limit_option& o : table) {
    program.add({.name = option_of_limit(o.name),
                 .value = std::visit([&l](auto member) { return value_of(l.*member); }, o.member),
                 .text = std::string{o.text},
                 .unit = std::string{o.unit},
                 .group = "Limits"});
  }
}

} // namespace swill::programs
