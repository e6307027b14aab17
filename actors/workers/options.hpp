#pragma once

#include "libswill/base/mistakes.hpp"
#include "libswill/base/name_look_up.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace swill {

/// PEM files of TLS between gateways and workers. All three or none: each side shows its certificate, and both check the other's
/// against the authority.
struct link_tls {
  std::string certificate;
  std::string key;
  std::string authority;
  bool empty() const noexcept { return certificate.empty() && key.empty() && authority.empty(); }
};

/// Bytes of the secret that gateways and workers share, where there is one.
inline constexpr std::size_t shortest_secret = 16;

/// A gateway's side of the links to its workers (docs/workers.md).
struct gateway_options {
  /// "ADDRESS:PORT" or "[ADDRESS]:PORT" where workers connect; port 0: any free one.
  std::string listen = "127.0.0.1:0";
  /// What both sides know, at least 16 bytes; with TLS it may be empty. Nothing is read of whoever does not know it but the attempt to show
  /// that it does.
  std::string secret{};
  link_tls tls{};
  /// How often each side says that it lives.
  std::chrono::milliseconds heartbeat{250};
  /// Silence of a worker. When reached: it is out; its calls are retried elsewhere or fail with 503.
  std::chrono::milliseconds silence{1500};
  /// From a connection's first moment until it has shown who it is, again from then to the worker's announcement, and once more from the moment
  /// when the worker is out until its connection has gone. When reached: it is dropped.
  std::chrono::milliseconds handshake_timeout{5000};
  /// How long after the start workers are awaited. Until then a name that nobody serves is answered with ERROR 503, which may be retried, and
  /// /ready with 503 until the first worker serves. When reached: 404, and ready. 0: nobody is awaited.
  std::chrono::milliseconds first_workers{5000};
  /// Connections that have not shown who they are. When reached: the next takes the place of the oldest one of the address that has most.
  std::size_t strangers = 256;
  /// Connections that have shown who they are: workers that serve, and those that have not joined yet or are out. When reached: the next is
  /// refused, and says so in its log.
  std::size_t workers = 1024;
  /// Names in one announcement. When reached: the worker is refused.
  std::size_t names = 4096;
  /// Bytes of one announcement. When reached: the worker is refused.
  std::size_t announcement_size = 4 * 1024 * 1024;
  /// How long a name whose workers have all gone is answered with 503. When reached: 404.
  std::chrono::milliseconds remember{600000};
  /// Names that are remembered so. When reached: the one that has been gone longest is forgotten.
  std::size_t remembered_names = 4096;
  /// Workers that one call of an idempotent handler may be sent to, one after the other. When reached: ERROR 503.
  std::size_t attempts = 3;
  /// Items of one upload that a worker's handler has not taken yet. When reached: the next wait in the gateway, where
  /// limits::queued_bytes counts.
  std::size_t upload_items = 64;
  /// The same in bytes.
  std::size_t upload_bytes = 256 * 1024;
  /// Bytes under way to one worker from one I/O thread. When reached: uploads wait, and new calls go to others or fail with 429.
  std::size_t link_window = 4 * 1024 * 1024;
  /// Headers of the client's handshake that workers are not shown.
  std::vector<std::string> hidden_headers{};
};

/// A worker's side (docs/workers.md).
struct worker_options {
  /// "HOST:PORT" of each gateway to serve. A name that has several addresses stands for several gateways.
  std::vector<std::string> gateways{};
  /// How often names are looked up again, for gateways that have come or gone.
  std::chrono::milliseconds look_up_interval{2000};
  /// Gives the addresses of one of `gateways`. It may block: nobody waits for its thread, so it may run on after the worker has stopped,
  /// and must not refer to what ends before. Null: look_up_addresses.
  look_up_function look_up{};
  std::string secret{};
  link_tls tls{};
  /// What it is called in logs; at most 300 bytes without control characters. Empty: the host's name and the process's number.
  std::string name{};
  /// Under which name this host's programs (in its network namespace) can ask how it is, as `swill-worker --health` does; of several
  /// workers with one name the first answers. Empty: nobody can.
  std::string health_name = "swill-worker";
  /// Calls of one gateway at a time. When reached: the gateway sends calls elsewhere, or answers 429.
  std::uint32_t capacity = 1024;
  /// Clients' connections of one gateway that it keeps images of at a time. When reached: calls of further connections go elsewhere, or fail with 429.
  std::uint32_t connections = 100000;
  /// How often each side says that it lives.
  std::chrono::milliseconds heartbeat{250};
  /// Silence of a gateway. When reached: its calls are cancelled, and the worker connects again.
  std::chrono::milliseconds silence{1500};
  /// For one attempt to connect and to show who is who, and again for what CAF says first, and for the handshake. When reached: the attempt has failed.
  std::chrono::milliseconds connect_timeout{3000};
  /// Between attempts: doubled from the first to the most, each shortened at random by up to a half.
  std::chrono::milliseconds first_pause{100};
  /// The longest of these pauses.
  std::chrono::milliseconds longest_pause{5000};
  /// Bytes of one streaming response that its gateway has not passed on yet, at least 64 KiB. When reached: its handler waits at co_yield.
  std::size_t stream_window = 256 * 1024;
  /// Bytes under way to a gateway on one of its links. When reached: all streaming handlers of that link wait, and pushes fail with ERROR 429.
  std::size_t link_window = 4 * 1024 * 1024;
  /// Bytes of what is pushed to a client's inbox, name and value. When reached: ERROR 413.
  std::size_t push_size = 64 * 1024;
};

/// Adds what makes no sense, under the paths "gateway_options.NAME" and "worker_options.NAME".
void check(const gateway_options& o, mistake_list& out);
void check(const worker_options& o, mistake_list& out);

namespace actors::workers {

struct host_and_port {
  std::string host;
  std::uint16_t port = 0;
};
/// Of "HOST:PORT" or "[ADDRESS]:PORT". Throws std::invalid_argument.
host_and_port parse_host_and_port(const std::string& text);

} // namespace actors::workers
} // namespace swill
