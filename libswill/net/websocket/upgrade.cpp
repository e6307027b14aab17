#include "libswill/net/websocket/upgrade.hpp"

#include "libswill/base/digest.hpp"
#include "libswill/base/encoding.hpp"

#include <algorithm>
#include <array>

namespace swill::net::websocket {

std::string accept_of(std::string_view key) {
  constexpr std::string_view guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  constexpr std::size_t usual_size = 24; // of a key that was checked
  if (key.size() != usual_size) return to_base64(sha1(std::string{key}.append(guid)));
  std::array<char, usual_size + guid.size()> both;
  guid.copy(std::copy(key.begin(), key.end(), both.data()), guid.size());
  return to_base64(sha1({both.data(), both.size()}));
}

void append_switching_protocols(buffer& to, std::string_view key, std::string_view subprotocol,
                                const header_list& headers) {
  constexpr std::size_t usual_size = 512; // a cookie is in it
  to.reserve(usual_size);
  const auto add = [&to](std::string_view text) { to.append(text.data(), text.size()); };
  add("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\nServer: swill\r\n"
      "Sec-WebSocket-Accept: ");
  add(accept_of(key));
  if (!subprotocol.empty()) {
    add("\r\nSec-WebSocket-Protocol: ");
    add(subprotocol);
  }
  for (const auto& [name, value] : headers) {
    add("\r\n");
    add(name);
    add(": ");
    add(value);
  }
  add("\r\n\r\n");
}

} // namespace swill::net::websocket
