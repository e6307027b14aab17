#pragma once

#include <string>
#include <vector>

using X509 = struct x509_st;

// Whose a certificate is. None of it need be true: that is for who has verified the certificate.

namespace swill {

/// Its subject as RFC 2253 writes it, such as "CN=shop,O=Example". Valid UTF-8.
std::string subject_of(const X509* certificate);

/// Its alternative names (RFC 5280 §4.2.1.6), such as "DNS:example.org", "IP:10.0.0.1", "URI:spiffe://x/y". Those of other kinds, and with
/// characters that no such name has, are left out.
std::vector<std::string> alternative_names_of(const X509* certificate);

/// Both for a message, of bounded length and without control characters: "CN=shop (DNS:example.org, IP:10.0.0.1)".
std::string names_in_short(const X509* certificate);

} // namespace swill
