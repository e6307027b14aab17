#pragma once

#include "libswill/base/temporaries.hpp"
#include "libswill/net/tls_options.hpp"

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace swill {

/// Where a server listens, and how. An address alone is one, too.
struct listener {
  /// Null is no address, as an empty text is none.
  listener(const char* a) : address(a == nullptr ? "" : a) {}
  listener(std::string a) : address(std::move(a)) {}
  listener(std::nullptr_t) = delete;
  listener(std::string a, tls_server_options t) : address(std::move(a)), tls(std::move(t)) {}
  /// Refuses two addresses in two pairs of braces, which would be taken for the ends of one text.
  template <std::same_as<const char*> Text>
  listener(Text, Text) {
    static_assert(detail::refused<Text>,
                  "two pairs of braces around two addresses; one would be right: .listen = {\"127.0.0.1:1\", "
                  "\"127.0.0.1:2\"}");
  }

  /// "ADDRESS:PORT", "[ADDRESS]:PORT" or "unix:PATH"; port 0: any free one.
  std::string address;
  /// Clients connect by wss:// instead of ws://. Empty: without TLS.
  std::optional<tls_server_options> tls;
  /// For those who run the server: it has no WebSocket endpoint and no files, but the paths that are for them, health among them. It answers
  /// also where limits::connections is reached.
  bool is_internal = false;
};

/// Where a server listens: a vector, made from a list in braces, or from one listener or address without them.
class listeners : public std::vector<listener> {
public:
  listeners() = default;
  listeners(std::initializer_list<listener> all) : vector(all) {}
  listeners(std::vector<listener> all) : vector(std::move(all)) {}
  /// Such as those that a program has read from its configuration.
  listeners(const std::vector<std::string>& addresses) : vector(addresses.begin(), addresses.end()) {}
  listeners(listener one) : vector{std::move(one)} {}
  listeners(const char* address) : vector{listener{address}} {}
  listeners(std::string address) : vector{listener{std::move(address)}} {}
  listeners(std::string_view address) : vector{listener{std::string{address}}} {}
  listeners(std::nullptr_t) = delete;
  template <class Number>
  requires std::is_arithmetic_v<Number> listeners(Number) {
    static_assert(detail::refused<Number>, "an address to listen on is a text: .listen = \"127.0.0.1:8080\"");
  }
};

/// A listener for those who run the server: `{.listen = {"0.0.0.0:8080", swill::internal_listener("127.0.0.1:8081")}}`.
inline listener internal_listener(std::string address) {
  listener l{std::move(address)};
  l.is_internal = true;
  return l;
}
/// The same with TLS.
inline listener internal_listener(std::string address, tls_server_options tls) {
  listener l{std::move(address), std::move(tls)};
  l.is_internal = true;
  return l;
}
/// The same of one address in braces. Refuses two, which would be taken for the ends of one text.
template <std::size_t N>
listener internal_listener(const char* const (&addresses)[N]) {
  static_assert(N == 1, "internal_listener is about one address: write it once for each of them");
  return internal_listener(std::string{addresses[0]});
}

} // namespace swill
