#include "apps/common/link_options.hpp"

#include "apps/common/small_file.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace swill::apps {

namespace {

std::string environment_name(std::string option) {
  std::transform(option.begin(), option.end(), option.begin(), [](char c) {
    if (c == '-') return '_';
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return "SWILL_" + option;
}

} // namespace

void link_options::add_to(CLI::App& program, const std::string& prefix) {
  secret_option_ = "--" + prefix + "secret-file";
  const auto add = [&](const std::string& name, std::string& to, const std::string& text) {
    all_.push_back(program.add_option("--" + prefix + name, to, text)->envname(environment_name(prefix + name)));
  };
  add("secret-file", secret_file_, "file with the secret that gateways and workers share, at least 16 bytes");
  add("tls-cert", certificate, "this side's certificate between gateway and worker (PEM)");
  add("tls-key", key, "its key (PEM)");
  add("tls-ca", authority, "whose certificates the other side may show (PEM)");
}

std::string link_options::secret() const {
  return secret_file_.empty() ? std::string{} : read_secret(secret_option_, secret_file_, 16);
}

} // namespace swill::apps
