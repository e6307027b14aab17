#pragma once

#include "libswill/base/temporaries.hpp"

#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace swill {

/// Who one is in TLS: a file with a certificate and those between it and its authority, and a file with its key. Both are PEM, and may be
/// the same file.
struct tls_identity {
  std::string certificate;
  std::string key;
};

/// Who a listener is, each with a certificate of its own: a vector, made from a list of pairs, hence two pairs of braces:
/// `{{certificate, key}}`.
class tls_identities : public std::vector<tls_identity> {
public:
  tls_identities() = default;
  tls_identities(std::initializer_list<tls_identity> all) : vector(all) {}
  tls_identities(std::vector<tls_identity> all) : vector(std::move(all)) {}
  /// Refuses one pair of braces around two texts: to a vector they would be the begin and end of one.
  template <std::convertible_to<std::string> Certificate, std::convertible_to<std::string> Key>
  tls_identities(Certificate, Key) {
    static_assert(detail::refused<Certificate>,
                  "identities are pairs, also where there is one: two pairs of braces, {{\"cert.pem\", \"key.pem\"}}");
  }
};

/// Whether clients have to show a certificate.
enum class client_certificates : std::uint8_t { none, optional, required };

/// TLS of a listener: 1.2 and 1.3, without renegotiation. Its files are read when the server starts, and again when they have changed.
struct tls_server_options {
  /// At least one. A client that names a host (SNI, RFC 6066 §3) gets the first whose certificate has that name; any other gets the first of all.
  tls_identities identities{};
  /// PEM file with the authorities whose certificates clients may show. Empty: clients are asked for none.
  std::string client_authority{};
  /// Where there is a client_authority. A certificate that is shown must be good in any case; docs/server.md says how hooks see it.
  client_certificates clients = client_certificates::required;
  /// File with the secrets of session tickets, by which a client comes back at less cost: 64 hex digits a line, as from `openssl rand -hex 32`.
  /// Tickets are made with the first, and those of the others are still taken. All nodes that share it take each other's tickets. Empty: a
  /// secret of this process.
  std::string ticket_secrets{};
  /// How often the files are looked at; what has changed is read by the look after that. When it cannot be used, the log says why, and what was
  /// there before goes on. 0: only when server::reload is called.
  std::chrono::milliseconds look_interval{10000};
};

/// TLS of a client: the server must show a good certificate with the name of its host.
struct tls_client_options {
  /// PEM file with the authorities that servers' certificates may be of. Empty: the system's.
  std::string authority{};
  /// Shown to servers that ask. Empty: none.
  tls_identity identity{};
  /// The name that the server's certificate must have, and that is sent (SNI). Empty: the host of the address.
  std::string server_name{};
};

} // namespace swill
