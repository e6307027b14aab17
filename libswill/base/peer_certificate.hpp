#pragma once

#include <string>
#include <vector>

namespace swill {

/// What the certificate of a TLS peer says, after it has been verified.
struct peer_certificate {
  std::string subject; ///< as RFC 4514 writes it: "CN=billing,O=Example"
  std::vector<std::string>
      names; ///< its subject alternative names: "DNS:example.org", "URI:spiffe://…", "email:…", "IP:127.0.0.1"
  std::string fingerprint; ///< SHA-256 of the certificate, 64 hex digits
};

} // namespace swill
