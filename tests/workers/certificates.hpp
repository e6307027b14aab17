#pragma once

#include "actors/workers/options.hpp"

#include <filesystem>
#include <memory>
#include <string>

using EVP_PKEY = struct evp_pkey_st;
using X509 = struct x509_st;

namespace swill::worker_tests {

/// Signs certificates; its files are in a directory that goes with it.
class certificate_authority {
public:
  explicit certificate_authority(const std::string& name);
  ~certificate_authority();
  certificate_authority(const certificate_authority&) = delete;
  certificate_authority& operator=(const certificate_authority&) = delete;

  /// A new key with a certificate of this authority, and whom its owner trusts.
  link_tls issue(const std::string& name, const certificate_authority& trusted) const;
  link_tls issue(const std::string& name) const { return issue(name, *this); }
  /// This authority's own certificate.
  std::string file() const { return (directory_ / "authority.pem").string(); }

private:
  struct freed_by_openssl {
    void operator()(EVP_PKEY* p) const;
    void operator()(X509* p) const;
  };
  using key_ptr = std::unique_ptr<EVP_PKEY, freed_by_openssl>;
  using certificate_ptr = std::unique_ptr<X509, freed_by_openssl>;

  static key_ptr make_key();
  static certificate_ptr make_certificate(const std::string& name, EVP_PKEY* of, X509* issuer, EVP_PKEY* signer);
  static void write(const std::filesystem::path& to, X509* certificate);
  static void write(const std::filesystem::path& to, EVP_PKEY* key);

  std::filesystem::path directory_;
  key_ptr key_;
  certificate_ptr certificate_;
};

} // namespace swill::worker_tests
