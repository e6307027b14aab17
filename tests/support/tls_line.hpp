#pragma once

#include <memory>
#include <string>
#include <string_view>

using SSL = struct ssl_st;
using SSL_SESSION = struct ssl_session_st;

namespace swill::test {

/// A client's end of TLS for tests, without a socket: ciphertext goes in and comes out, cut as the test likes. It trusts nobody but who is
/// named. Throws std::runtime_error, which says why, when TLS fails.
class tls_line {
public:
  struct options {
    std::string authority{};          ///< file of who may have signed the server's certificate
    std::string name = "localhost";   ///< that is asked for (SNI) and expected
    std::string certificate{}, key{}; ///< files; empty: none
    std::string protocols{};          ///< as ALPN carries them: "\x08http/1.1"
    bool only_tls_1_2 = false;
    std::shared_ptr<SSL_SESSION> resume{};
  };
  explicit tls_line(const options& o);

  bool is_open() const;
  /// The other end has said that nothing follows.
  bool has_ended() const;
  /// Ciphertext from the other end.
  void feed(std::string_view ciphertext);
  /// What is to be sent to it.
  std::string take();
  /// What has come, decrypted.
  std::string read();
  void write(std::string_view plain);
  void end();

  /// What it can be resumed by: since a ticket has come.
  std::shared_ptr<SSL_SESSION> session() const;
  bool is_resumed() const;
  std::string protocol() const;
  /// "CN=…" of the server's certificate.
  std::string server() const;
  SSL* native() const noexcept { return ssl_.get(); }

private:
  void go_on();
  std::shared_ptr<SSL> ssl_;
  std::string plain_;
};

} // namespace swill::test
