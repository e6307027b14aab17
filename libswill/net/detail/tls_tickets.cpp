#include "libswill/net/detail/tls_tickets.hpp"

#include "libswill/base/encoding.hpp"
#include "libswill/base/printable.hpp"
#include "libswill/base/random.hpp"
#include "libswill/net/detail/tls_context.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/ssl.h>

namespace swill::net {

namespace {

constexpr std::size_t name_size = 16;
constexpr std::size_t digits = 64;
constexpr std::size_t most_secrets = 16;

const unsigned char* raw(const sha256_digest& d) noexcept { return reinterpret_cast<const unsigned char*>(d.data()); }

int start_mac(EVP_MAC_CTX* mac, const tls_ticket_keys& keys) {
  auto key = keys.mac;
  std::string digest = "SHA256";
  const std::array<OSSL_PARAM, 3> how{::OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.data(), key.size()),
                                      ::OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
                                      ::OSSL_PARAM_construct_end()};
  return ::EVP_MAC_CTX_set_params(mac, how.data());
}

/// As SSL_CTX_set_tlsext_ticket_key_evp_cb wants it: 0: no key of ours, so a whole handshake; 2: a key of ours that is no longer the first.
int on_ticket(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
              int is_new) {
  const auto& all = *static_cast<const std::vector<tls_ticket_keys>*>(SSL_CTX_get_app_data(::SSL_get_SSL_CTX(session)));
  if (is_new != 0) {
    const tls_ticket_keys& keys = all.front();
    try {
      fill_random(iv, static_cast<std::size_t>(::EVP_CIPHER_get_iv_length(::EVP_aes_256_cbc())));
    } catch (...) { // must not unwind through OpenSSL
      return -1;
    }
    std::memcpy(name, keys.name.data(), name_size);
    if (::EVP_EncryptInit_ex(cipher, ::EVP_aes_256_cbc(), nullptr, raw(keys.cipher), iv) != 1) return -1;
    return start_mac(mac, keys) == 1 ? 1 : -1;
  }
  const auto of = std::find_if(all.begin(), all.end(), [name](const tls_ticket_keys& k) {
    return std::memcmp(name, k.name.data(), name_size) == 0;
  });
  if (of == all.end()) return 0;
  if (start_mac(mac, *of) != 1) return -1;
  if (::EVP_DecryptInit_ex(cipher, ::EVP_aes_256_cbc(), nullptr, raw(of->cipher), iv) != 1) return -1;
  return of == all.begin() ? 1 : 2;
}

} // namespace

tls_ticket_keys::tls_ticket_keys(std::string_view secret)
    : name(hmac_sha256(secret, "swill ticket name")),
      cipher(hmac_sha256(secret, "swill ticket cipher")),
      mac(hmac_sha256(secret, "swill ticket mac")) {}

std::vector<tls_ticket_keys> read_ticket_keys(const std::string& file, const std::string& member) {
  const std::string text = read_tls_file(file, member);
  const auto fail = [&](const char* why) { throw tls_file_error(member, "\"" + printable(file) + "\" " + why); };
  std::vector<tls_ticket_keys> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = std::string_view{text}.substr(at, end - at);
    at = end + 1;
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    const bool is_hex = std::all_of(line.begin(), line.end(), [](char c) { return hex_digit(c) >= 0; });
    if (line.size() != digits || !is_hex)
      fail("has a line that is not 64 hex digits, as `openssl rand -hex 32` makes them");
    std::string secret;
    for (std::size_t i = 0; i < digits; i += 2)
      secret += static_cast<char>(hex_digit(line[i]) * 16 + hex_digit(line[i + 1]));
    out.emplace_back(secret);
  }
  if (out.empty()) fail("has no secret; a line as `openssl rand -hex 32` makes it would be right");
  if (out.size() > most_secrets) fail("has more than 16 secrets");
  return out;
}

void use_ticket_keys(SSL_CTX* c, const std::vector<tls_ticket_keys>& keys) {
  SSL_CTX_set_app_data(c, const_cast<std::vector<tls_ticket_keys>*>(&keys)); // which only wants to have it back
  ::SSL_CTX_set_tlsext_ticket_key_evp_cb(c, &on_ticket);
  ::SSL_CTX_set_num_tickets(c, 1);
}

} // namespace swill::net
