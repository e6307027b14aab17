#pragma once

#include "libswill/base/digest.hpp"

#include <string>
#include <string_view>
#include <vector>

using SSL_CTX = struct ssl_ctx_st;

namespace swill::net {

/// The keys that one secret gives: what its tickets are called, encrypted and signed by.
struct tls_ticket_keys {
  explicit tls_ticket_keys(std::string_view secret);
  sha256_digest name; ///< its first 16 bytes travel
  sha256_digest cipher;
  sha256_digest mac;
};

/// Those of a file, in its order: 64 hex digits a line; empty lines, and those that begin with #, do not count. Throws tls_file_error.
std::vector<tls_ticket_keys> read_ticket_keys(const std::string& file, const std::string& member);

/// Sessions of this context are resumed by tickets of these keys; new ones are of the first. They must live as long as its sessions.
void use_ticket_keys(SSL_CTX* c, const std::vector<tls_ticket_keys>& keys);

} // namespace swill::net
