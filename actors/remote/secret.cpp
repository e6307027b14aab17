#include "actors/remote/secret.hpp"

#include "libswill/base/random.hpp"

#include <algorithm>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdexcept>

namespace swill::actors::remote {

namespace {

proof hmac(std::string_view secret, std::string_view label, std::string_view worker, std::string_view gateway) {
  std::string text{label};
  text.append(worker).append(gateway); // both of a fixed size
  proof out{};
  unsigned size = 0;
  const auto* key = secret.empty() ? "" : secret.data();
  if (HMAC(EVP_sha256(), key, static_cast<int>(secret.size()), reinterpret_cast<const unsigned char*>(text.data()),
           text.size(), reinterpret_cast<unsigned char*>(out.data()), &size) == nullptr)
    throw std::runtime_error("HMAC-SHA256 failed");
  return out;
}

token shortened(const proof& p) {
  token out{};
  std::copy_n(p.begin(), out.size(), out.begin());
  return out;
}

} // namespace

link_keys::link_keys(std::string_view secret, std::string_view worker_nonce, std::string_view gateway_nonce)
    : of_worker(hmac(secret, "swill-link/2 worker", worker_nonce, gateway_nonce)),
      of_gateway(hmac(secret, "swill-link/2 gateway", worker_nonce, gateway_nonce)),
      to_worker(shortened(hmac(secret, "swill-link/2 to worker", worker_nonce, gateway_nonce))),
      to_gateway(shortened(hmac(secret, "swill-link/2 to gateway", worker_nonce, gateway_nonce))),
      ticket(shortened(hmac(secret, "swill-link/2 ticket", worker_nonce, gateway_nonce))) {}

std::string make_nonce() {
  std::string out(nonce_size, '\0');
  fill_random(out.data(), out.size());
  return out;
}

bool same(bytes_view a, bytes_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace swill::actors::remote
