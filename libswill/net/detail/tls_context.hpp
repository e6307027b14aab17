#pragma once

#include "libswill/base/pem.hpp"
#include "libswill/net/tls_options.hpp"

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using SSL_CTX = struct ssl_ctx_st;

namespace swill::net {

/// A file that TLS cannot use.
struct tls_file_error : std::runtime_error {
  tls_file_error(std::string which, const std::string& why) : std::runtime_error(why), member(std::move(which)) {}
  std::string member; ///< of the options: "certificate", "key", "client_authority", …
};

// What servers and clients are made of. Each throws tls_file_error.

struct tls_context_freed {
  void operator()(SSL_CTX* c) const noexcept;
};
using tls_context = std::unique_ptr<SSL_CTX, tls_context_freed>;

enum class tls_role : std::uint8_t { server, client };
/// TLS 1.2 and 1.3 with ciphers that keep what was said secret when a key gets lost; no compression, renegotiation, or cache of sessions.
tls_context make_tls_context(tls_role r);
void use_identity(SSL_CTX* c, const tls_identity& who);
/// Whose certificates the peer's may be of. Gives these.
std::vector<certificate> use_authority(SSL_CTX* c, const std::string& file, const std::string& member);
/// `protocol` is offered by ALPN; empty: none is.
tls_context make_tls_client(const tls_client_options& o, std::string_view protocol);

/// Bytes of a file with certificates of a chain, a key, or secrets; and of one with authorities, of which a system has many.
constexpr std::size_t largest_file = 64 * 1024;
constexpr std::size_t largest_bundle = 4 * 1024 * 1024;
/// The text of a regular file.
std::string read_tls_file(const std::string& file, const std::string& member, std::size_t most = largest_file);

} // namespace swill::net
