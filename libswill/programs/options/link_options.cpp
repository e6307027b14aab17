#include "libswill/programs/options/link_options.hpp"

#include "libswill/programs/options/small_file.hpp"

namespace swill::programs {

void link_options::add_to(command_line& program, const std::string& prefix) {
  secret_option_ = "--" + prefix + "secret-file";
  const auto add = [&](const std::string& name, std::string& to, const std::string& text) {
    all_.push_back(program.add({"--" + prefix + name, to, text}));
  };
  add("secret-file", secret_file_, "file with the secret that gateways and workers share, at least 16 bytes");
  add("tls-cert", certificate, "this side's certificate between gateway and worker (PEM)");
  add("tls-key", key, "its key (PEM)");
  add("tls-ca", authority, "whose certificates the other side may show (PEM)");
}

std::string link_options::secret(std::size_t least) const {
  return secret_file_.empty() ? std::string{} : read_secret(secret_option_, secret_file_, least);
}

} // namespace swill::programs
