#include "libswill/net/detail/tls_context.hpp"

#include "libswill/base/printable.hpp"
#include "libswill/base/whole_file.hpp"

#include <new>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace swill::net {

namespace {

constexpr long largest_chain = 32 * 1024; // of the peer's certificates

} // namespace

void tls_context_freed::operator()(SSL_CTX* c) const noexcept { ::SSL_CTX_free(c); }

tls_context make_tls_context(tls_role r) {
  tls_context out{::SSL_CTX_new(r == tls_role::server ? ::TLS_server_method() : ::TLS_client_method())};
  SSL_CTX* const c = out.get();
  if (c == nullptr) throw std::bad_alloc{};
  SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
  ::SSL_CTX_set_cipher_list(c, "ECDHE+AESGCM:ECDHE+CHACHA20"); // of TLS 1.2; all of 1.3 are good
  ::SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(c, largest_chain);
  // A key with a passphrase is a mistake; nobody is asked for it at the terminal.
  ::SSL_CTX_set_default_passwd_cb(c, [](char*, int, int, void*) { return -1; });
  return out;
}

std::string read_tls_file(const std::string& file, const std::string& member, std::size_t most) {
  auto text = read_whole_file(file, most);
  if (!text) throw tls_file_error(member, "\"" + printable(file) + "\" " + text.error().message);
  return std::move(*text);
}

namespace {

void require(bool done, const std::string& member, const std::string& file, const char* otherwise) {
  ::ERR_clear_error();
  if (!done) throw tls_file_error(member, "\"" + printable(file) + "\" " + otherwise);
}

} // namespace

void use_identity(SSL_CTX* c, const tls_identity& who) {
  if (who.certificate.empty()) throw tls_file_error("certificate", "is missing; a PEM file would be right");
  if (who.key.empty()) throw tls_file_error("key", "is missing; a PEM file would be right");
  read_tls_file(who.certificate, "certificate");
  read_tls_file(who.key, "key");
  require(::SSL_CTX_use_certificate_chain_file(c, who.certificate.c_str()) == 1, "certificate", who.certificate,
          "has no certificate in PEM that TLS could use");
  const bool fits = ::SSL_CTX_use_PrivateKey_file(c, who.key.c_str(), SSL_FILETYPE_PEM) == 1;
  const bool is_other = ERR_GET_REASON(::ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH ||
                        ERR_GET_REASON(::ERR_peek_last_error()) == X509_R_KEY_TYPE_MISMATCH;
  require(fits, "key", who.key,
          is_other ? "has another key than that of the certificate" : "has no key in PEM without a passphrase");
}

void use_authority(SSL_CTX* c, const std::string& file, const std::string& member) {
  read_tls_file(file, member, largest_bundle);
  require(::SSL_CTX_load_verify_locations(c, file.c_str(), nullptr) == 1, member, file,
          "has no certificates in PEM that TLS could use");
}

tls_context make_tls_client(const tls_client_options& o, std::string_view protocol) {
  tls_context out = make_tls_context(tls_role::client);
  SSL_CTX* const c = out.get();
  if (!o.authority.empty())
    use_authority(c, o.authority, "authority");
  else
    ::SSL_CTX_set_default_verify_paths(c);
  ::SSL_CTX_set_verify(c, SSL_VERIFY_PEER, nullptr);
  if (!o.identity.certificate.empty() || !o.identity.key.empty()) use_identity(c, o.identity);
  if (!protocol.empty()) {
    std::string offer(1, static_cast<char>(protocol.size()));
    offer += protocol;
    ::SSL_CTX_set_alpn_protos(c, reinterpret_cast<const unsigned char*>(offer.data()),
                              static_cast<unsigned>(offer.size()));
  }
  return out;
}

} // namespace swill::net
