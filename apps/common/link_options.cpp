#include "apps/common/link_options.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

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
  const auto add = [&](const std::string& name, std::string& to, const std::string& text) {
    program.add_option("--" + prefix + name, to, text)->envname(environment_name(prefix + name));
  };
  add("secret-file", secret_file_, "file with the secret that gateways and workers share, at least 16 bytes");
  add("tls-cert", certificate, "this side's certificate between gateway and worker (PEM)");
  add("tls-key", key, "its key (PEM)");
  add("tls-ca", authority, "whose certificates the other side may show (PEM)");
}

std::string link_options::secret() const {
  if (secret_file_.empty()) return {};
  std::ifstream file{secret_file_, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
  if (!file && text.empty()) throw std::runtime_error("cannot read " + secret_file_);
  const auto last = text.find_last_not_of(" \t\r\n");
  return text.substr(0, last == std::string::npos ? 0 : last + 1);
}

} // namespace swill::apps
