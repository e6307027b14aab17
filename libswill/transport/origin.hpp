#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace swill::transport {

/// Scheme, host and port of a page (RFC 6454), each in its normal form: lower case, and the port that the scheme implies where none is
/// named.
struct origin {
  std::string scheme;
  std::string host; ///< a name, an IPv4 address, or an IPv6 address in brackets
  std::uint16_t port = 0;

  /// What a browser says in its Origin header; nothing where that is no origin.
  static std::optional<origin> parse(std::string_view text);
  bool operator==(const origin&) const = default;
};

/// Where browsers may come from. Made once from what the operator wrote, asked for each handshake.
class origin_list {
public:
  /// Any origin, and none.
  origin_list() = default;

  /// Each is an origin such as `https://example.org`, with a port where it is not the scheme's own; `https://*.example.org`, for every
  /// name below that host, but not the host itself; `null`, for pages without an origin, such as files; or `*`, for any. Case does not
  /// matter, nor a slash at the end. None at all: any. Throws std::invalid_argument, which names what can never match, and says why.
  explicit origin_list(const std::vector<std::string>& texts);
  origin_list(std::initializer_list<std::string> texts) : origin_list(std::vector<std::string>{texts}) {}

  /// `text` is the value of a request's Origin header.
  bool allows(std::string_view text) const;

private:
  void add(const std::string& text);

  std::vector<origin> hosts_;
  std::vector<origin> domains_; // of those, the host begins with the dot after the star
  bool null_ = false;
  bool any_ = true;
};

} // namespace swill::transport
