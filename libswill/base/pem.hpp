#pragma once

#include <memory>
#include <string_view>
#include <vector>

using X509 = struct x509_st;
using X509_STORE = struct x509_store_st;
using EVP_PKEY = struct evp_pkey_st;

// Certificates and keys as files of PEM have them (RFC 7468), from bytes that were read already. What else is in the text is passed over.

namespace swill {

struct certificate_freed {
  void operator()(X509* c) const noexcept;
};
using certificate = std::unique_ptr<X509, certificate_freed>;

struct private_key_freed {
  void operator()(EVP_PKEY* k) const noexcept;
};
using private_key = std::unique_ptr<EVP_PKEY, private_key_freed>;

/// The certificates of a text, in their order. Empty: there is none, or one that is broken.
std::vector<certificate> read_certificates(std::string_view pem);

/// Adds authorities to those whose certificates are believed. False: there are none, or one that cannot be used.
bool add_authorities(X509_STORE* to, const std::vector<certificate>& all);

/// The first private key of a text. Null: there is none, or one that is broken or has a passphrase, for which nobody is asked.
private_key read_private_key(std::string_view pem);

/// Why the text, in which nothing was found by the functions above, cannot be used: the rest of a sentence that begins with the file, such as
/// "has a certificate and no key".
std::string_view why_no_certificate(std::string_view pem);
std::string_view why_no_private_key(std::string_view pem);

} // namespace swill
