#include "actors/workers/link_socket.hpp"

#include "libswill/base/certificate_names.hpp"
#include "libswill/base/pem.hpp"
#include "libswill/base/printable.hpp"
#include "libswill/base/whole_file.hpp"

#include <cerrno>
#include <csignal>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace swill::actors::workers {

// --- Certificates

namespace {

/// Bytes of a file of certificates, or of a key.
constexpr std::size_t largest_link_file = 4 * 1024 * 1024;

std::string text_of(const std::string& file) {
  auto text = read_whole_file(file, largest_link_file);
  if (!text) throw std::runtime_error("\"" + printable(file) + "\" " + text.error().message);
  return std::move(*text);
}

void on_event(const SSL* session, int where, int alert) {
  const bool is_refusal = (where & SSL_CB_WRITE_ALERT) == SSL_CB_WRITE_ALERT && (alert >> 8) == SSL3_AL_FATAL;
  if (!is_refusal) return;
  try {
    static_cast<link_socket*>(SSL_get_app_data(session))->note_alert(::SSL_alert_desc_string_long(alert));
  } catch (...) { // no memory for a word: must not unwind through OpenSSL
  }
}

} // namespace

link_certificates::link_certificates(link_tls files) : files_(std::move(files)) {
  if (files_.certificate.empty() || files_.key.empty() || files_.authority.empty())
    throw std::invalid_argument("TLS needs a certificate, a key and an authority");
  seen_ = look();
  context_ = read();
}

link_certificates::stamps link_certificates::look() const {
  const auto of = [](const std::string& file) {
    struct stat s {};
    return ::stat(file.c_str(), &s) == 0 ? stamp{s.st_mtim.tv_sec, s.st_mtim.tv_nsec} : stamp{};
  };
  return {of(files_.certificate), of(files_.key), of(files_.authority)};
}

link_certificates::context link_certificates::read() const {
  context out{::SSL_CTX_new(::TLS_method()), &::SSL_CTX_free};
  SSL_CTX* const c = out.get();
  const auto require = [](bool ok, const std::string& what) {
    ::ERR_clear_error();
    if (!ok) throw std::runtime_error("TLS: " + what);
  };
  require(c != nullptr, "no memory");
  require(SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) == 1, "TLS 1.2 is not there");
  const std::string chain_text = text_of(files_.certificate);
  const auto chain = read_certificates(chain_text);
  require(!chain.empty(), (files_.certificate + ' ').append(why_no_certificate(chain_text)));
  bool is_good = ::SSL_CTX_use_certificate(c, chain.front().get()) == 1;
  for (std::size_t i = 1; is_good && i < chain.size(); ++i) is_good = SSL_CTX_add1_chain_cert(c, chain[i].get()) == 1;
  require(is_good, files_.certificate + " has no certificate");
  const std::string key_text = text_of(files_.key);
  const auto key = read_private_key(key_text);
  require(key != nullptr, (files_.key + ' ').append(why_no_private_key(key_text)));
  require(::X509_check_private_key(chain.front().get(), key.get()) == 1 && ::SSL_CTX_use_PrivateKey(c, key.get()) == 1,
          files_.key + " does not have the key of " + files_.certificate + ", the certificate of " +
              names_in_short(chain.front().get()));
  require(add_authorities(::SSL_CTX_get_cert_store(c), read_certificates(text_of(files_.authority))),
          files_.authority + " has no certificate");
  ::SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  // Links are few and long: nothing is resumed, and nothing is kept for that.
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  ::SSL_CTX_set_num_tickets(c, 0);
  SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  return out;
}

std::unique_ptr<SSL, void (*)(SSL*)> link_certificates::make_session() {
  context now;
  {
    const std::lock_guard lock{mutex_};
    if (const stamps s = look(); s != seen_) {
      try {
        context_ = read();
        seen_ = s;
      } catch (const std::runtime_error&) { // half written: what was there before does until it can be read
      }
    }
    now = context_;
  }
  return {::SSL_new(now.get()), &::SSL_free};
}

// --- Sockets

void block_broken_pipes() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void visit::end() {
  const std::lock_guard lock{mutex_};
  if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
}

bool visit::is_over() const {
  const std::lock_guard lock{mutex_};
  return fd_ < 0;
}

void visit::forget() {
  const std::lock_guard lock{mutex_};
  fd_ = -1;
}

link_socket::link_socket(int fd, role r, link_certificates* certificates)
    : fd_(fd), tls_(nullptr, &::SSL_free), stay_(std::make_shared<visit>(fd)) {
  if (certificates == nullptr) return;
  tls_ = certificates->make_session();
  if (!tls_ || ::SSL_set_fd(tls_.get(), fd) != 1) {
    ::close(fd);
    throw std::runtime_error("TLS: no memory");
  }
  SSL_set_app_data(tls_.get(), this);
  ::SSL_set_info_callback(tls_.get(), &on_event);
  if (r == role::connected) {
    ::SSL_set_connect_state(tls_.get());
  } else {
    ::SSL_set_accept_state(tls_.get());
  }
}

link_socket::~link_socket() {
  stay_->forget();
  tls_.reset();
  if (is_owned_) ::close(fd_);
}

int link_socket::release() noexcept {
  is_owned_ = false;
  return fd_;
}

io_result link_socket::of_tls(int returned) {
  const int system = errno;
  switch (::SSL_get_error(tls_.get(), returned)) {
    case SSL_ERROR_WANT_READ: return io_result::wants_read;
    case SSL_ERROR_WANT_WRITE: return io_result::wants_write;
    case SSL_ERROR_ZERO_RETURN: failure_ = "the other side has closed the connection"; break;
    case SSL_ERROR_SYSCALL:
      failure_ = system != 0 ? std::generic_category().message(system) : "the other side has closed the connection";
      break;
    default: {
      const auto code = ::ERR_peek_last_error();
      const char* reason = ::ERR_reason_error_string(code);
      // What the peer did is told by the alert that it got, which names the fault and not the place in OpenSSL.
      failure_ = !refusal_.empty() ? refusal_ : reason != nullptr ? reason : "TLS failed";
      if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        failure_ = "the other side has closed the connection";
        refusal_.clear();
      }
    }
  }
  ::ERR_clear_error(); // the list belongs to the thread, and the next session that it serves must not find this one's
  return io_result::failed;
}

io_result link_socket::of_system(bool wants_write) {
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
    return wants_write ? io_result::wants_write : io_result::wants_read;
  failure_ = std::generic_category().message(errno);
  return io_result::failed;
}

io_result link_socket::shake_hands() {
  if (!tls_) return io_result::done;
  errno = 0;
  const int r = ::SSL_do_handshake(tls_.get());
  return r == 1 ? io_result::done : of_tls(r);
}

io_result link_socket::read(void* to, std::size_t size, std::size_t& n) {
  n = 0;
  if (tls_) {
    errno = 0;
    const int r = ::SSL_read_ex(tls_.get(), to, size, &n);
    return r == 1 ? io_result::done : of_tls(r);
  }
  const ssize_t r = ::recv(fd_, to, size, 0);
  if (r < 0) return of_system(false);
  n = static_cast<std::size_t>(r);
  if (n > 0) return io_result::done;
  failure_ = "the other side has closed the connection";
  return io_result::failed;
}

io_result link_socket::write(const void* from, std::size_t size, std::size_t& n) {
  n = 0;
  if (size == 0) return io_result::done;
  if (tls_) {
    errno = 0;
    const int r = ::SSL_write_ex(tls_.get(), from, size, &n);
    return r == 1 ? io_result::done : of_tls(r);
  }
  const ssize_t r = ::send(fd_, from, size, MSG_NOSIGNAL);
  if (r < 0) return of_system(true);
  n = static_cast<std::size_t>(r);
  return io_result::done;
}

std::size_t link_socket::pending() const noexcept {
  return tls_ ? static_cast<std::size_t>(::SSL_pending(tls_.get())) : 0;
}

} // namespace swill::actors::workers
