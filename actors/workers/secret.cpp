#include "actors/workers/secret.hpp"

#include "libswill/base/random.hpp"

#include <algorithm>

namespace swill::actors::workers {

namespace {

proof hmac(std::string_view secret, std::string_view label, std::string_view worker, std::string_view gateway) {
  std::string text{label};
  text.append(worker).append(gateway); // both of a fixed size
  return hmac_sha256(secret, text);
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

} // namespace swill::actors::workers
