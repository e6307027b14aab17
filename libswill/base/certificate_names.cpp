#include "libswill/base/certificate_names.hpp"

#include "libswill/base/error.hpp"
#include "libswill/base/printable.hpp"
#include "libswill/base/utf8.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <memory>
#include <openssl/bio.h>
#include <openssl/x509v3.h>

namespace swill {

namespace {

constexpr std::size_t most_names_shown = 3;
constexpr std::size_t longest_name_shown = 100;

/// A name with control characters, such as a NUL that hides what follows it, is none.
void add_text(const char* kind, const ASN1_STRING* s, std::vector<std::string>& out) {
  const std::string text{reinterpret_cast<const char*>(::ASN1_STRING_get0_data(s)),
                         static_cast<std::size_t>(::ASN1_STRING_length(s))};
  const auto is_plain = [](char c) { return c > ' ' && c < 0x7f; };
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_plain)) out.push_back(kind + text);
}

void add_address(const ASN1_STRING* s, std::vector<std::string>& out) {
  const int size = ::ASN1_STRING_length(s);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (size != 4 && size != 16) return;
  if (::inet_ntop(size == 4 ? AF_INET : AF_INET6, ::ASN1_STRING_get0_data(s), text.data(), text.size()) != nullptr)
    out.push_back(std::string{"IP:"} + text.data());
}

} // namespace

std::string subject_of(const X509* certificate) {
  const std::unique_ptr<BIO, int (*)(BIO*)> out{::BIO_new(::BIO_s_mem()), &::BIO_free};
  constexpr unsigned long flags = XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
  ::X509_NAME_print_ex(out.get(), ::X509_get_subject_name(certificate), 0, flags);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return make_valid_utf8({text, static_cast<std::size_t>(std::max(size, 0L))});
}

std::vector<std::string> alternative_names_of(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)> all{
      static_cast<GENERAL_NAMES*>(::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      &::GENERAL_NAMES_free};
  std::vector<std::string> out;
  for (int i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    switch (name->type) {
      case GEN_DNS: add_text("DNS:", name->d.dNSName, out); break;
      case GEN_URI: add_text("URI:", name->d.uniformResourceIdentifier, out); break;
      case GEN_EMAIL: add_text("email:", name->d.rfc822Name, out); break;
      case GEN_IPADD: add_address(name->d.iPAddress, out); break;
      default: break;
    }
  }
  return out;
}

std::string names_in_short(const X509* certificate) {
  const auto shown = [](const std::string& name) { return printable(cut_text(name, longest_name_shown)); };
  std::string text = shown(subject_of(certificate));
  if (text.empty()) text = "nobody";
  const auto names = alternative_names_of(certificate);
  for (std::size_t i = 0; i < std::min(most_names_shown, names.size()); ++i)
    text += (i == 0 ? " (" : ", ") + shown(names[i]);
  if (names.size() > most_names_shown) text += " and " + std::to_string(names.size() - most_names_shown) + " more";
  return names.empty() ? text : text + ')';
}

} // namespace swill
