#include "libswill/base/pem.hpp"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string>

namespace swill {
namespace {

struct pem_texts {
  private_key key;
  std::string of_key, of_key_with_passphrase, of_certificate;
};

template <class Write>
std::string written(const Write& write) {
  BIO* to = ::BIO_new(::BIO_s_mem());
  EXPECT_EQ(write(to), 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(to, &data);
  std::string text(data, static_cast<std::size_t>(size));
  ::BIO_free(to);
  return text;
}

pem_texts make_pem() {
  pem_texts t;
  t.key.reset(EVP_EC_gen("P-256"));
  const certificate c{::X509_new()};
  ::X509_set_pubkey(c.get(), t.key.get());
  ::X509_gmtime_adj(::X509_getm_notBefore(c.get()), 0);
  ::X509_gmtime_adj(::X509_getm_notAfter(c.get()), 60);
  ::X509_sign(c.get(), t.key.get(), ::EVP_sha256());
  t.of_certificate = written([&](BIO* to) { return ::PEM_write_bio_X509(to, c.get()); });
  t.of_key = written(
      [&](BIO* to) { return ::PEM_write_bio_PrivateKey(to, t.key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  const std::string passphrase = "open";
  t.of_key_with_passphrase = written([&](BIO* to) {
    return ::PEM_write_bio_PrivateKey(to, t.key.get(), ::EVP_aes_128_cbc(),
                                      reinterpret_cast<const unsigned char*>(passphrase.data()),
                                      static_cast<int>(passphrase.size()), nullptr, nullptr);
  });
  return t;
}

TEST(Pem, ReadsAllCertificatesOfATextAndItsKey) {
  const pem_texts first = make_pem(), second = make_pem();
  const std::string all = "A word before.\n" + first.of_certificate + first.of_key + second.of_certificate;

  const auto chain = read_certificates(all);
  ASSERT_EQ(chain.size(), 2U);
  EXPECT_EQ(::X509_check_private_key(chain[0].get(), first.key.get()), 1);
  EXPECT_EQ(::X509_check_private_key(chain[1].get(), second.key.get()), 1);
  const private_key key = read_private_key(all);
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(::X509_check_private_key(chain[0].get(), key.get()), 1);
}

TEST(Pem, ReadsNothingOfWhatIsBroken) {
  const pem_texts t = make_pem();
  const std::string half = t.of_certificate.substr(0, t.of_certificate.size() / 2);

  for (const std::string& text :
       {std::string{}, std::string{"no certificate"}, half, t.of_certificate + half, t.of_key})
    EXPECT_TRUE(read_certificates(text).empty()) << text;
  for (const std::string& text : {std::string{}, t.of_certificate, t.of_key.substr(0, 60), t.of_key_with_passphrase})
    EXPECT_EQ(read_private_key(text), nullptr) << text;
}

TEST(Pem, SaysWhatATextHasInstead) {
  const pem_texts t = make_pem();
  const std::string pkcs8 = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n";

  EXPECT_EQ(why_no_private_key(t.of_certificate), "has a certificate and no key");
  for (const std::string& text : {t.of_key_with_passphrase, pkcs8, t.of_certificate + pkcs8})
    EXPECT_TRUE(why_no_private_key(text).starts_with("has a key with a passphrase")) << text;
  for (const std::string& text : {std::string{}, t.of_key.substr(0, 60), t.of_certificate + t.of_key.substr(0, 60)})
    EXPECT_EQ(why_no_private_key(text), "has no key in PEM that TLS could use") << text;

  for (const std::string& text : {t.of_key, t.of_key_with_passphrase})
    EXPECT_EQ(why_no_certificate(text), "has a key and no certificate");
  for (const std::string& text :
       {std::string{}, t.of_certificate.substr(0, 100), t.of_certificate.substr(0, 100) + t.of_key})
    EXPECT_EQ(why_no_certificate(text), "has no certificate in PEM that TLS could use") << text;
}

} // namespace
} // namespace swill
