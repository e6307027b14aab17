#include "tests/support/tls_line.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdexcept>
#include <utility>

namespace swill::test {

namespace {

[[noreturn]] void fail() {
  const char* why = ::ERR_reason_error_string(::ERR_peek_error());
  const std::string text = why != nullptr ? why : "TLS failed";
  ::ERR_clear_error();
  throw std::runtime_error(text);
}

void require(bool done) {
  if (!done) fail();
}

} // namespace

tls_line::tls_line(const options& o) {
  const std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> context{::SSL_CTX_new(::TLS_client_method()),
                                                                    &::SSL_CTX_free};
  SSL_CTX* const c = context.get();
  if (!o.authority.empty()) require(::SSL_CTX_load_verify_locations(c, o.authority.c_str(), nullptr) == 1);
  ::SSL_CTX_set_verify(c, SSL_VERIFY_PEER, nullptr);
  if (o.only_tls_1_2) SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION);
  if (!o.certificate.empty()) {
    require(::SSL_CTX_use_certificate_chain_file(c, o.certificate.c_str()) == 1);
    require(::SSL_CTX_use_PrivateKey_file(c, o.key.c_str(), SSL_FILETYPE_PEM) == 1);
  }
  ssl_.reset(::SSL_new(c), &::SSL_free);
  ::SSL_set_bio(ssl_.get(), ::BIO_new(::BIO_s_mem()), ::BIO_new(::BIO_s_mem()));
  ::SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(o.name.c_str()));
  ::SSL_set1_host(ssl_.get(), o.name.c_str());
  if (!o.protocols.empty())
    ::SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(o.protocols.data()),
                          static_cast<unsigned>(o.protocols.size()));
  if (o.resume) {
    const std::unique_ptr<SSL_SESSION, decltype(&::SSL_SESSION_free)> copy{::SSL_SESSION_dup(o.resume.get()),
                                                                           &::SSL_SESSION_free};
    ::SSL_set_session(ssl_.get(), copy.get());
  }
  ::SSL_set_connect_state(ssl_.get());
  go_on();
}

void tls_line::go_on() {
  ::ERR_clear_error();
  char chunk[16384];
  for (;;) {
    const int n = ::SSL_read(ssl_.get(), chunk, sizeof chunk);
    if (n <= 0) {
      const int e = ::SSL_get_error(ssl_.get(), n);
      if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_ZERO_RETURN) return;
      fail();
    }
    plain_.append(chunk, static_cast<std::size_t>(n));
  }
}

bool tls_line::is_open() const { return SSL_is_init_finished(ssl_.get()); }
bool tls_line::has_ended() const { return (::SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }

void tls_line::feed(std::string_view ciphertext) {
  if (!ciphertext.empty())
    ::BIO_write(::SSL_get_rbio(ssl_.get()), ciphertext.data(), static_cast<int>(ciphertext.size()));
  go_on();
}

std::string tls_line::take() {
  char* data = nullptr;
  BIO* const out = ::SSL_get_wbio(ssl_.get());
  const long n = BIO_get_mem_data(out, &data);
  std::string all(data, static_cast<std::size_t>(n));
  BIO_reset(out);
  return all;
}

std::string tls_line::read() { return std::exchange(plain_, {}); }

void tls_line::write(std::string_view plain) {
  ::ERR_clear_error();
  require(plain.empty() || ::SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size())) > 0);
}

void tls_line::end() { ::SSL_shutdown(ssl_.get()); }

std::shared_ptr<SSL_SESSION> tls_line::session() const {
  // A copy: OpenSSL marks the original as spent when a connection of it goes without close_notify.
  return {::SSL_SESSION_dup(::SSL_get0_session(ssl_.get())), &::SSL_SESSION_free};
}
bool tls_line::is_resumed() const { return ::SSL_session_reused(ssl_.get()) == 1; }

std::string tls_line::protocol() const {
  const unsigned char* data = nullptr;
  unsigned size = 0;
  ::SSL_get0_alpn_selected(ssl_.get(), &data, &size);
  return {reinterpret_cast<const char*>(data), size};
}

std::string tls_line::server() const {
  char name[256] = {};
  ::X509_NAME_get_text_by_NID(::X509_get_subject_name(::SSL_get0_peer_certificate(ssl_.get())), NID_commonName, name,
                              sizeof name);
  return name;
}

} // namespace swill::test
