#include "libswill/net/websocket/upgrade.hpp"

#include "libswill/base/digest.hpp"
#include "libswill/base/encoding.hpp"

namespace swill::net::websocket {

std::string accept_of(std::string_view key) {
  return to_base64(sha1(std::string{key} + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
}

std::string switching_protocols(std::string_view key, std::string_view subprotocol, const header_list& headers) {
  constexpr std::size_t usual_size = 400; // a cookie is in it
  std::string response;
  response.reserve(usual_size);
  response += "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\nServer: swill\r\n";
  const auto add = [&response](std::string_view name, std::string_view value) {
    response.append(name).append(": ").append(value).append("\r\n");
  };
  add("Sec-WebSocket-Accept", accept_of(key));
  if (!subprotocol.empty()) add("Sec-WebSocket-Protocol", subprotocol);
  for (const auto& [name, value] : headers) add(name, value);
  return response += "\r\n";
}

} // namespace swill::net::websocket
