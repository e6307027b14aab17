#include "libswill/net/detail/tls_context.hpp"

#include "libswill/base/certificate_names.hpp"
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

void require(bool done, const std::string& member, const std::string& file, std::string_view otherwise) {
  ::ERR_clear_error();
  if (!done) throw tls_file_error(member, ("\"" + printable(file) + "\" ").append(otherwise));
}

/// Of a key that is not that of the certificate which the chain begins with.
std::string whose_key_it_is_not(const std::vector<certificate>& chain, const EVP_PKEY* key, const std::string& file) {
  std::string text = "has another key than that of the certificate in \"" + printable(file) + "\", which is that of " +
                     names_in_short(chain.front().get());
  for (std::size_t i = 1; i < chain.size(); ++i)
    if (::X509_check_private_key(chain[i].get(), key) == 1)
      return text + "; the certificate of this key, which comes after it there, must be the first";
  return text;
}

} // namespace

void use_identity(SSL_CTX* c, const tls_identity& who) {
  if (who.certificate.empty()) throw tls_file_error("certificate", "is missing; a PEM file would be right");
  if (who.key.empty()) throw tls_file_error("key", "is missing; a PEM file would be right");
  const std::string chain_text = read_tls_file(who.certificate, "certificate");
  const auto chain = read_certificates(chain_text);
  const std::string key_text = read_tls_file(who.key, "key");
  const auto key = read_private_key(key_text);
  require(!chain.empty(), "certificate", who.certificate, why_no_certificate(chain_text));
  bool is_good = ::SSL_CTX_use_certificate(c, chain.front().get()) == 1;
  for (std::size_t i = 1; is_good && i < chain.size(); ++i) is_good = SSL_CTX_add1_chain_cert(c, chain[i].get()) == 1;
  require(is_good, "certificate", who.certificate, "has no certificate in PEM that TLS could use");
  require(key != nullptr, "key", who.key, why_no_private_key(key_text));
  if (::X509_check_private_key(chain.front().get(), key.get()) != 1)
    require(false, "key", who.key, whose_key_it_is_not(chain, key.get(), who.certificate));
  require(::SSL_CTX_use_PrivateKey(c, key.get()) == 1, "key", who.key, "has no key that TLS could use");
}

std::vector<certificate> use_authority(SSL_CTX* c, const std::string& file, const std::string& member) {
  const std::string text = read_tls_file(file, member, largest_bundle);
  auto all = read_certificates(text);
  require(!all.empty(), member, file, why_no_certificate(text));
  require(add_authorities(::SSL_CTX_get_cert_store(c), all), member, file,
          "has no certificates in PEM that TLS could use");
  return all;
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
