#include "actors/remote/tls_sessions.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace swill::actors::remote {

namespace {

struct tended_thread {
  bool is_tended = false;
  const std::function<void(const std::string&)>* on_refused = nullptr;
};
thread_local tended_thread here;

/// Nothing has failed in this session when it only has to wait: what the list holds then is another's.
long on_io(BIO* socket, int operation, const char*, std::size_t, int, long, int result, std::size_t*) {
  if ((operation & BIO_CB_RETURN) != 0 && result <= 0 && BIO_should_retry(socket)) ::ERR_clear_error();
  return result;
}

void on_event(const SSL* session, int where, int alert) {
  if (where == SSL_CB_HANDSHAKE_START) {
    if (BIO* socket = ::SSL_get_rbio(session)) ::BIO_set_callback_ex(socket, &on_io);
    return;
  }
  const bool is_refusal = (where & SSL_CB_WRITE_ALERT) == SSL_CB_WRITE_ALERT && (alert >> 8) == SSL3_AL_FATAL;
  if (!is_refusal || here.on_refused == nullptr || !*here.on_refused) return;
  if ((alert & 0xff) == SSL_AD_DECODE_ERROR)
    return; // it has gone without a word, as those do who try whether somebody listens
  try {
    (*here.on_refused)(::SSL_alert_desc_string_long(alert));
  } catch (...) { // a log that fails must not unwind through OpenSSL
  }
}

void on_new(void* session, void*, CRYPTO_EX_DATA*, int, long, void*) {
  if (here.is_tended) ::SSL_set_info_callback(static_cast<SSL*>(session), &on_event);
}

} // namespace

void tend_tls_sessions(const std::function<void(const std::string&)>* on_refused) {
  // The one way to hear of sessions that others make; once in a process, and of no consequence on other threads.
  static const int index = SSL_get_ex_new_index(0, nullptr, &on_new, nullptr, nullptr);
  here = {index >= 0, on_refused};
}

} // namespace swill::actors::remote
