#pragma once

#include "libswill/api/ports.hpp"
#include "libswill/client/detail/endpoint.hpp"

#include <memory>
#include <string>

namespace swill::client_detail {

/// A client's half of the opening handshake (RFC 6455 §4.1; docs/protocol.md §1).
class upgrade {
public:
  /// Throws connect_error bad_url for a header that is none.
  upgrade(const endpoint& to, const header_list& headers);
  ~upgrade();

  const std::string& request() const noexcept { return request_; }

  /// Takes what it needs off `input`; true when the response is complete. Throws connect_error when it is no 101 that fits. `at_end`:
  /// nothing will follow.
  bool read(buffer& input, bool at_end);

  /// Nothing more is waited for: throws connect_error with the status of a rejection whose body is not complete, but whose headers are.
  void reject_if_refused() const;

  /// The headers of the response, when it is complete.
  header_list headers() const;

private:
  struct parser;
  void check() const;
  [[noreturn]] void reject() const;

  const bool is_encrypted_;
  const std::string target_;
  std::string key_;
  std::string request_;
  std::unique_ptr<parser> parser_;
};

} // namespace swill::client_detail
