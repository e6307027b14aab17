#include "libswill/base/pem.hpp"

#include <algorithm>
#include <limits>
#include <new>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

namespace swill {

namespace {

int no_passphrase(char*, int, int, void*) { return -1; }

struct reader_freed {
  void operator()(BIO* b) const noexcept { ::BIO_free(b); }
};
using reader = std::unique_ptr<BIO, reader_freed>;

/// Borrows the text.
reader reader_of(std::string_view text) {
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) throw std::bad_alloc{};
  reader from{::BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
  if (from == nullptr) throw std::bad_alloc{};
  return from;
}

} // namespace

void certificate_freed::operator()(X509* c) const noexcept { ::X509_free(c); }
void private_key_freed::operator()(EVP_PKEY* k) const noexcept { ::EVP_PKEY_free(k); }

std::vector<certificate> read_certificates(std::string_view pem) {
  const reader from = reader_of(pem);
  std::vector<certificate> all;
  ::ERR_clear_error();
  while (certificate next{::PEM_read_bio_X509_AUX(from.get(), nullptr, &no_passphrase, nullptr)})
    all.push_back(std::move(next));
  const unsigned long why = ::ERR_peek_last_error();
  const bool is_end = ERR_GET_LIB(why) == ERR_LIB_PEM && ERR_GET_REASON(why) == PEM_R_NO_START_LINE;
  ::ERR_clear_error();
  if (!is_end) all.clear();
  return all;
}

bool add_authorities(X509_STORE* to, const std::vector<certificate>& all) {
  return !all.empty() && std::all_of(all.begin(), all.end(), [to](const certificate& one) {
    return ::X509_STORE_add_cert(to, one.get()) == 1;
  });
}

private_key read_private_key(std::string_view pem) {
  const reader from = reader_of(pem);
  private_key key{::PEM_read_bio_PrivateKey(from.get(), nullptr, &no_passphrase, nullptr)};
  ::ERR_clear_error();
  return key;
}

// --- What is there instead

namespace {

bool has_certificate(std::string_view pem) { return pem.find("-----BEGIN CERTIFICATE-----") != std::string_view::npos; }
bool has_private_key(std::string_view pem) { return pem.find("PRIVATE KEY-----") != std::string_view::npos; }

/// By PKCS #8 (RFC 5958 §3), and as it was before (RFC 1421 §4.6.1.1).
bool has_passphrase(std::string_view pem) {
  return pem.find("-----BEGIN ENCRYPTED PRIVATE KEY-----") != std::string_view::npos ||
         pem.find("Proc-Type: 4,ENCRYPTED") != std::string_view::npos;
}

} // namespace

std::string_view why_no_certificate(std::string_view pem) {
  if (has_private_key(pem) && !has_certificate(pem)) return "has a key and no certificate";
  return "has no certificate in PEM that TLS could use";
}

std::string_view why_no_private_key(std::string_view pem) {
  if (has_passphrase(pem))
    return "has a key with a passphrase, for which nobody is asked; one without would be right, as openssl pkey writes "
           "it";
  if (has_certificate(pem) && !has_private_key(pem)) return "has a certificate and no key";
  return "has no key in PEM that TLS could use";
}

} // namespace swill
