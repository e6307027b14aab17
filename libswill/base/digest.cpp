#include "libswill/base/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <memory>
#include <stdexcept>

namespace swill {

namespace {

struct frees_context {
  void operator()(EVP_MD_CTX* c) const noexcept { EVP_MD_CTX_free(c); }
};

/// Each thread keeps what a digest is made in: to make that takes half as long again.
template <class Digest>
Digest digest_of(std::string_view text, const EVP_MD* kind) {
  thread_local const std::unique_ptr<EVP_MD_CTX, frees_context> context{EVP_MD_CTX_new()};
  Digest out{};
  if (kind == nullptr || context == nullptr || EVP_DigestInit_ex(context.get(), kind, nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), text.data(), text.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(out.data()), nullptr) != 1)
    throw std::runtime_error("libcrypto makes no digest");
  return out;
}

} // namespace

// Found once, and kept: to look one up costs as much as to use it.
sha1_digest sha1(std::string_view text) {
  static const EVP_MD* const kind = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  return digest_of<sha1_digest>(text, kind);
}

sha256_digest sha256(std::string_view text) {
  static const EVP_MD* const kind = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return digest_of<sha256_digest>(text, kind);
}

sha256_digest hmac_sha256(std::string_view key, std::string_view text) {
  sha256_digest out{};
  unsigned size = 0;
  const char* const secret = key.empty() ? "" : key.data(); // null would mean the key of the call before
  if (HMAC(EVP_sha256(), secret, static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
           text.size(), reinterpret_cast<unsigned char*>(out.data()), &size) == nullptr)
    throw std::runtime_error("libcrypto makes no HMAC");
  return out;
}

bool equal_in_constant_time(bytes_view a, bytes_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace swill
