#include "tests/net/decoding.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

// What a peer sends once it is connected, to a server or a client, in pieces of a size that the input chooses: the codec and Beast alone make
// the same of it.

using namespace swill;
using namespace swill::net::websocket;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const role r = (data[0] & 1U) == 0 ? role::server : role::client;
  const std::size_t piece = 1 + (data[0] >> 1U);
  // A header whose payload is still to come may be judged before or after it has. Whatever header it ends with gets what it waits for.
  const std::string all = std::string{reinterpret_cast<const char*>(data + 1), size - 1} + std::string(32, '\0');
  const std::string_view input{all};

  decoding<> both{4096, r};
  decoding<beast_alone> beast{4096, r};
  beast.put(input);
  for (std::size_t at = 0; at < input.size() && both.closed == 0; at += piece) both.put(input.substr(at, piece));

  if (both.closed != beast.closed || both.messages != beast.messages || both.pongs != beast.pongs) std::abort();
  if (plain(both.output) != plain(beast.output)) std::abort();
  return 0;
}
