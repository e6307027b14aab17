#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

using EVP_PKEY = struct evp_pkey_st;
using X509 = struct x509_st;

namespace swill::test {

/// Files of a certificate and its key.
struct issued {
  std::string certificate;
  std::string key;
};

/// Signs certificates; its files are in a directory that goes with it.
class certificate_authority {
public:
  explicit certificate_authority(const std::string& name);
  ~certificate_authority();
  certificate_authority(const certificate_authority&) = delete;
  certificate_authority& operator=(const certificate_authority&) = delete;

  /// A new key with a certificate of this authority, in the files of that name, which may be there already. `alternatives`: "DNS:localhost",
  /// "IP:127.0.0.1", "URI:…". It is valid from an hour before now.
  issued issue(const std::string& name, const std::vector<std::string>& alternatives = {},
               std::chrono::seconds valid = std::chrono::hours{1}) const;
  /// This authority's own certificate.
  std::string file() const { return (directory_ / "authority.pem").string(); }
  /// A file beside the others, with this text.
  std::string write_file(const std::string& name, const std::string& text) const;

private:
  struct freed_by_openssl {
    void operator()(EVP_PKEY* p) const;
    void operator()(X509* p) const;
  };
  using key_ptr = std::unique_ptr<EVP_PKEY, freed_by_openssl>;
  using certificate_ptr = std::unique_ptr<X509, freed_by_openssl>;
  struct wanted {
    const std::string& name;
    const std::vector<std::string>& alternatives;
    std::chrono::seconds valid;
  };

  static key_ptr make_key();
  static certificate_ptr make_certificate(const wanted& w, EVP_PKEY* of, X509* issuer, EVP_PKEY* signer);
  static void write(const std::filesystem::path& to, X509* certificate);
  static void write(const std::filesystem::path& to, EVP_PKEY* key);

  std::filesystem::path directory_;
  key_ptr key_;
  certificate_ptr certificate_;
};

} // namespace swill::test
