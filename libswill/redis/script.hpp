#pragma once

#include "libswill/redis/client.hpp"

#include <span>
#include <string>
#include <string_view>

namespace swill::redis {

/// A Lua script, which Redis runs as one step. A client sends it in full the first time on each connection, and by its digest from then on:
/// what it is asked to run, Redis runs in that order. (Not after SCRIPT FLUSH: what Redis does not know any more is sent again.)
/// Immutable: any number of clients and threads may share it; it must outlive the answers.
class script {
public:
  /// `fits`: what its replies look like.
  explicit script(std::string source, shape fits = nullptr);

  /// Runs it on `c` (on its thread). Keys and arguments are copied at once.
  void run(client& c, std::span<const std::string_view> keys, std::span<const std::string_view> arguments,
           client::callback f) const {
    c.run(*this, keys, arguments, std::move(f));
  }
  void run(client& c, std::initializer_list<std::string_view> keys, std::initializer_list<std::string_view> arguments,
           client::callback f) const {
    run(c, std::span{keys.begin(), keys.size()}, std::span{arguments.begin(), arguments.size()}, std::move(f));
  }

  /// Its SHA-1, the name that Redis gives to it: 40 hex digits.
  const std::string& digest() const noexcept { return digest_; }
  const std::string& source() const noexcept { return source_; }
  shape fits() const noexcept { return fits_; }
  /// EVALSHA and the digest, encoded.
  const std::string& by_digest() const noexcept { return by_digest_; }

private:
  std::string source_;
  shape fits_;
  std::string digest_;
  std::string by_digest_;
};

} // namespace swill::redis
