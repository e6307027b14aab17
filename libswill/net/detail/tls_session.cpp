#include "libswill/net/detail/tls_session.hpp"

#include "libswill/base/certificate_names.hpp"
#include "libswill/base/encoding.hpp"
#include "libswill/base/printable.hpp"
#include "libswill/net/detail/tls_context.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <utility>

namespace swill::net {

namespace {

// What a peer may send before its hands are shaken: two long chains of certificates.
constexpr std::size_t largest_handshake = 64 * 1024;
// Ciphertext that waits: a record, and what answers the peer's own doing (alerts, updates of keys). A peer that asks for more than it reads is gone.
constexpr std::size_t most_waiting = 64 * 1024;

constexpr std::string_view no_tls = "it does not speak TLS";

} // namespace

/// The way between OpenSSL and a session's bytes: from what was fed, and to what waits. OpenSSL's own BIOs copy both once more.
struct tls_bio {
  static int read(BIO* b, char* to, int size) noexcept {
    auto& session = *static_cast<tls_session*>(::BIO_get_data(b));
    BIO_clear_retry_flags(b);
    const std::size_t n = std::min(session.input_.size(), static_cast<std::size_t>(size));
    if (n == 0) {
      BIO_set_retry_read(b);
      return -1;
    }
    std::memcpy(to, session.input_.data(), n);
    session.input_ = session.input_.subspan(n);
    return static_cast<int>(n);
  }

  static int write(BIO* b, const char* from, int size) noexcept {
    auto& session = *static_cast<tls_session*>(::BIO_get_data(b));
    BIO_clear_retry_flags(b);
    if (session.waiting() > most_waiting) return -1;
    try {
      session.output_.append(from, static_cast<std::size_t>(size));
    } catch (const std::bad_alloc&) {
      return -1;
    }
    return size;
  }

  static long control(BIO*, int what, long, void*) noexcept { return what == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO* make(tls_session& s) {
    static BIO_METHOD* const method = [] {
      BIO_METHOD* m = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "connection");
      if (m == nullptr) throw std::bad_alloc{};
      ::BIO_meth_set_read(m, &read);
      ::BIO_meth_set_write(m, &write);
      ::BIO_meth_set_ctrl(m, &control);
      return m;
    }();
    BIO* b = ::BIO_new(method);
    if (b == nullptr) throw std::bad_alloc{};
    ::BIO_set_data(b, &s);
    ::BIO_set_init(b, 1);
    return b;
  }
};

void tls_session::freed::operator()(SSL* s) const noexcept { ::SSL_free(s); }

void tls_session::attach(SSL_CTX* context) {
  ssl_.reset(::SSL_new(context));
  if (ssl_ == nullptr) throw std::bad_alloc{};
  BIO* b = tls_bio::make(*this);
  ::SSL_set_bio(ssl_.get(), b, b);
}

tls_session::tls_session(SSL_CTX* context, std::shared_ptr<const void> keeps) : keeps_(std::move(keeps)) {
  attach(context);
  ::SSL_set_accept_state(ssl_.get());
}

tls_session::tls_session(const tls_client_options& o, const std::string& host, std::string_view protocol) {
  const tls_context context = make_tls_client(o, protocol);
  attach(context.get());
  const std::string& name = o.server_name.empty() ? host : o.server_name;
  ::SSL_set_hostflags(ssl_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(ssl_.get()), name.c_str()) != 1) {
    ::SSL_set1_host(ssl_.get(), name.c_str());
    ::SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(name.c_str()));
  }
  ::SSL_set_connect_state(ssl_.get());
  shake();
}

tls_session::~tls_session() = default;

// --- Bytes

bool tls_session::shake() {
  const auto begun = std::chrono::steady_clock::now();
  ::ERR_clear_error(); // what somebody else has left there would be taken for ours
  const int r = ::SSL_do_handshake(ssl_.get());
  cost_ += std::chrono::steady_clock::now() - begun;
  if (r == 1)
    state_ = state::open;
  else
    note_failure(r);
  return r == 1;
}

std::size_t tls_session::read(std::byte* to, std::size_t room) {
  if (state_ == state::shaking) {
    shaken_ += input_.size();
    if (!shake() && shaken_ > largest_handshake && state_ == state::shaking) {
      state_ = state::failed;
      failure_ = "its handshake is too large";
    }
  }
  std::size_t have = 0;
  ::ERR_clear_error();
  while (state_ == state::open && have < room && (!input_.empty() || ::SSL_pending(ssl_.get()) != 0)) {
    std::size_t n = 0;
    const int r = ::SSL_read_ex(ssl_.get(), to + have, room - have, &n);
    if (r != 1) note_failure(r);
    have += n;
  }
  if (state_ != state::open) input_ = {};
  return have;
}

std::size_t tls_session::write(bytes_view plain) {
  std::size_t n = 0;
  ::ERR_clear_error();
  const int r = ::SSL_write_ex(ssl_.get(), plain.data(), std::min(plain.size(), record_size), &n);
  if (r == 1) return n;
  note_failure(r);
  if (state_ != state::failed) fail("it cannot be written"); // nothing that is asked of the peer keeps us from writing
  return 0;
}

void tls_session::end() noexcept {
  if (!is_open()) return;
  ::ERR_clear_error();
  ::SSL_shutdown(ssl_.get());
  ::ERR_clear_error();
}

void tls_session::sent(std::size_t bytes) noexcept {
  sent_ += bytes;
  written_ += bytes;
  if (waiting() != 0) return;
  output_.clear();
  sent_ = 0;
}

// --- What went wrong

void tls_session::fail(std::string why) {
  state_ = state::failed;
  failure_ = std::move(why);
}

void tls_session::note_failure(int returned) {
  switch (::SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ: return;
    case SSL_ERROR_ZERO_RETURN: state_ = state::ended; break;
    default: fail(reason());
  }
  ::ERR_clear_error();
}

bool tls_session::meets_no_tls() const noexcept { return failure_ == no_tls; }

std::string tls_session::why_not_trusted() const {
  const long why = ::SSL_get_verify_result(ssl_.get());
  std::string text = ::X509_verify_cert_error_string(why);
  if (why != X509_V_ERR_HOSTNAME_MISMATCH && why != X509_V_ERR_IP_ADDRESS_MISMATCH) return text;
  X509_VERIFY_PARAM* wanted = ::SSL_get0_param(ssl_.get());
  const std::unique_ptr<char, void (*)(char*)> address{::X509_VERIFY_PARAM_get1_ip_asc(wanted),
                                                       [](char* p) { ::OPENSSL_free(p); }};
  const char* const name = address != nullptr ? address.get() : ::X509_VERIFY_PARAM_get0_host(wanted, 0);
  // Only what has been verified is a session's peer; this is there all the same.
  const STACK_OF(X509)* const shown = ::SSL_get0_verified_chain(ssl_.get());
  if (name == nullptr || shown == nullptr || sk_X509_num(shown) == 0) return text;
  return text + ": \"" + printable(name) + "\" was asked for, and it is the certificate of " +
         names_in_short(sk_X509_value(shown, 0));
}

std::string tls_session::reason() const {
  const unsigned long code = ::ERR_peek_error();
  const int reason = ERR_GET_REASON(code);
  constexpr int first_alert = 1000; // SSL_AD_REASON_OFFSET
  if (ERR_GET_LIB(code) == ERR_LIB_SSL) {
    if (reason == SSL_R_HTTP_REQUEST) return "it speaks HTTP without TLS; wss:// or https:// would be right";
    if (reason == SSL_R_WRONG_VERSION_NUMBER) return std::string{no_tls};
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) return "its certificate is not trusted: " + why_not_trusted();
    const char* text = ::ERR_reason_error_string(code);
    if (reason > first_alert && text != nullptr) return std::string{"it refuses: "} + text;
  }
  const char* text = ::ERR_reason_error_string(code);
  return text != nullptr ? text : "TLS failed";
}

// --- The peer

bool tls_session::is_resumed() const noexcept { return ::SSL_session_reused(ssl_.get()) == 1; }

std::shared_ptr<const peer_certificate> tls_session::peer() const {
  const X509* certificate = ::SSL_get0_peer_certificate(ssl_.get());
  if (certificate == nullptr) return nullptr;
  auto out = std::make_shared<peer_certificate>();
  out->subject = subject_of(certificate);
  out->names = alternative_names_of(certificate);
  std::array<std::byte, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (::X509_digest(certificate, ::EVP_sha256(), reinterpret_cast<unsigned char*>(digest.data()), &size) == 1)
    out->fingerprint = to_hex(bytes_view{digest}.first(size));
  ::ERR_clear_error();
  return out;
}

} // namespace swill::net
