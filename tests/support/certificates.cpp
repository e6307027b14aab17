#include "tests/support/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace swill::test {

namespace {

void check(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string{"OpenSSL: "} + what);
}

void add_extension(X509* to, X509* issuer, int nid, const char* text) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
  X509_EXTENSION* e = X509V3_EXT_conf_nid(nullptr, &context, nid, text);
  check(e != nullptr, "X509V3_EXT_conf_nid");
  X509_add_ext(to, e, -1);
  X509_EXTENSION_free(e);
}

using file_ptr = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
file_ptr open_file(const std::filesystem::path& p) {
  file_ptr f{std::fopen(p.c_str(), "w"), &std::fclose};
  check(f != nullptr, "cannot write a file");
  return f;
}

} // namespace

void certificate_authority::freed_by_openssl::operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
void certificate_authority::freed_by_openssl::operator()(X509* p) const { X509_free(p); }

certificate_authority::key_ptr certificate_authority::make_key() {
  key_ptr k{EVP_EC_gen("P-256")};
  check(k != nullptr, "EVP_EC_gen");
  return k;
}

certificate_authority::certificate_ptr certificate_authority::make_certificate(const wanted& w, EVP_PKEY* of,
                                                                               X509* issuer, EVP_PKEY* signer) {
  static long serial = 0;
  certificate_ptr c{X509_new()};
  X509_set_version(c.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(c.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(c.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(c.get()), w.valid.count());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(c.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(w.name.c_str()), -1, -1, 0);
  X509* const by = issuer != nullptr ? issuer : c.get();
  X509_set_issuer_name(c.get(), X509_get_subject_name(by));
  X509_set_pubkey(c.get(), of);
  add_extension(c.get(), by, NID_basic_constraints, issuer != nullptr ? "CA:FALSE" : "critical,CA:TRUE");
  std::string names;
  for (const std::string& name : w.alternatives) names += (names.empty() ? "" : ",") + name;
  if (!names.empty()) add_extension(c.get(), by, NID_subject_alt_name, names.c_str());
  check(X509_sign(c.get(), signer, EVP_sha256()) > 0, "X509_sign");
  return c;
}

void certificate_authority::write(const std::filesystem::path& to, X509* certificate) {
  check(PEM_write_X509(open_file(to).get(), certificate) == 1, "PEM_write_X509");
}

void certificate_authority::write(const std::filesystem::path& to, EVP_PKEY* key) {
  check(PEM_write_PrivateKey(open_file(to).get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
        "PEM_write_PrivateKey");
}

certificate_authority::certificate_authority(const std::string& name)
    : key_(make_key()),
      certificate_(make_certificate({name, {}, std::chrono::hours{1}}, key_.get(), nullptr, key_.get())) {
  std::string pattern = (std::filesystem::temp_directory_path() / "swill-certificates-XXXXXX").string();
  check(::mkdtemp(pattern.data()) != nullptr, "mkdtemp");
  directory_ = pattern;
  write(directory_ / "authority.pem", certificate_.get());
}

certificate_authority::~certificate_authority() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

issued certificate_authority::issue(const std::string& name, const std::vector<std::string>& alternatives,
                                    std::chrono::seconds valid) const {
  const key_ptr key = make_key();
  const certificate_ptr certificate =
      make_certificate({name, alternatives, valid}, key.get(), certificate_.get(), key_.get());
  issued out{(directory_ / (name + ".pem")).string(), (directory_ / (name + ".key")).string()};
  write(out.certificate, certificate.get());
  write(std::filesystem::path{out.key}, key.get());
  return out;
}

std::string certificate_authority::write_file(const std::string& name, const std::string& text) const {
  const std::filesystem::path file = directory_ / name;
  check(std::fwrite(text.data(), 1, text.size(), open_file(file).get()) == text.size(), "fwrite");
  return file.string();
}

} // namespace swill::test
