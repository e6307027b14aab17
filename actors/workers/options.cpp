#include "actors/workers/options.hpp"

#include "actors/workers/link_socket.hpp"
#include "libswill/base/header_fields.hpp"
#include "libswill/base/host_and_port.hpp"
#include "libswill/base/printable.hpp"

#include <algorithm>
#include <stdexcept>

namespace swill {

actors::workers::host_and_port actors::workers::parse_host_and_port(const std::string& text) {
  const auto parts = split_host_and_port(text);
  const auto port = parts && parts->port ? port_number(*parts->port) : std::nullopt;
  if (!port || !may_be_host(parts->host)) throw std::invalid_argument("no HOST:PORT: " + text);
  return {std::string{parts->host}, *port};
}

namespace {

constexpr std::chrono::milliseconds some{1};
constexpr std::size_t longest_name = 300; // of a host, and a number

void check_address(const std::string& path, const std::string& text, mistake_list& out) {
  try {
    static_cast<void>(actors::workers::parse_host_and_port(text));
  } catch (const std::invalid_argument& e) {
    out.add(path, e.what());
  }
}

/// `on` is the path of the options.
void check_trust(const std::string& on, const std::string& secret, const link_tls& tls, mistake_list& out) {
  if (tls.empty()) {
    if (secret.size() < shortest_secret)
      out.add(on + ".secret", secret.empty() ? "is missing; one of 16 bytes or more, or TLS, would be right"
                                             : "has fewer than 16 bytes; a longer one, or TLS, would be right");
    return;
  }
  if (tls.certificate.empty() || tls.key.empty() || tls.authority.empty()) {
    out.add(on + ".tls", "certificate, key and authority belong together; all three, or none, would be right");
  } else {
    try {
      static_cast<void>(actors::workers::link_certificates{tls}); // as serve later
    } catch (const std::runtime_error& e) {
      out.add(on + ".tls", e.what());
    }
  }
  if (!secret.empty() && secret.size() < shortest_secret)
    out.add(on + ".secret", "has fewer than 16 bytes; a longer one, or none, would be right");
}

/// Who has not spoken for so long is dead, so it must speak twice at least meanwhile.
void check_pulse(const std::string& on, std::chrono::milliseconds heartbeat, std::chrono::milliseconds silence,
                 mistake_list& out) {
  out.check_time(on + ".heartbeat", heartbeat, some);
  out.check_time(on + ".silence", silence, std::max(some, 2 * heartbeat));
}

} // namespace

void check(const gateway_options& o, mistake_list& out) {
  const std::string on = "gateway_options";
  check_address(on + ".listen", o.listen, out);
  check_trust(on, o.secret, o.tls, out);
  check_pulse(on, o.heartbeat, o.silence, out);
  out.check_time(on + ".handshake_timeout", o.handshake_timeout, some);
  out.check_time(on + ".first_workers", o.first_workers);
  out.check_time(on + ".remember", o.remember);
  out.check_size(on + ".strangers", o.strangers, 1);
  out.check_size(on + ".workers", o.workers, 1);
  out.check_size(on + ".names", o.names, 1);
  out.check_size(on + ".announcement_size", o.announcement_size, 1);
  out.check_size(on + ".remembered_names", o.remembered_names);
  out.check_size(on + ".attempts", o.attempts, 1);
  out.check_size(on + ".upload_items", o.upload_items, 1);
  out.check_size(on + ".upload_bytes", o.upload_bytes, 1);
  out.check_size(on + ".link_window", o.link_window, 1);
  for (const std::string& name : o.hidden_headers) {
    if (!header_fields::is_token(name))
      out.add(on + ".hidden_headers",
              "\"" + printable(name) +
                  "\" is no name that a header can have; one such as Authorization would be right");
  }
}

void check(const worker_options& o, mistake_list& out) {
  const std::string on = "worker_options";
  if (o.gateways.empty()) out.add(on + ".gateways", "is empty; \"HOST:PORT\" of a gateway would be right");
  for (std::size_t i = 0; i < o.gateways.size(); ++i)
    check_address(on + ".gateways[" + std::to_string(i) + "]", o.gateways[i], out);
  check_trust(on, o.secret, o.tls, out);
  out.check_text(on + ".name", o.name, longest_name);
  check_pulse(on, o.heartbeat, o.silence, out);
  out.check_time(on + ".look_up_interval", o.look_up_interval, some);
  out.check_time(on + ".connect_timeout", o.connect_timeout, some);
  out.check_time(on + ".first_pause", o.first_pause, some);
  out.check_time(on + ".longest_pause", o.longest_pause, std::max(some, o.first_pause));
  out.check_size(on + ".capacity", o.capacity, 1);
  out.check_size(on + ".connections", o.connections, 1);
  out.check_size(on + ".stream_window", o.stream_window, 1);
  out.check_size(on + ".push_size", o.push_size, 1);
  out.check_size(on + ".link_window", o.link_window, 1);
}

} // namespace swill
