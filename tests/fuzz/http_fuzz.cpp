#include "libswill/net/asio_loop.hpp"
#include "libswill/net/http/request_head.hpp"
#include "libswill/net/http/response.hpp"
#include "libswill/net/websocket/codec.hpp"
#include "libswill/net/websocket/frame.hpp"
#include "libswill/transport/upgrade.hpp"

#include <cstdlib>

// Whatever a peer sends first: the head of a request, in pieces of a size that the input chooses, the rules of the upgrade, and the
// frames that follow it.

using namespace swill;
using namespace swill::transport;

namespace {

void decode(const upgrade_verdict& verdict, bytes_view frames) {
  static net::asio_loop loop;
  constexpr std::size_t limit = 4096;
  net::websocket::codec d{loop.context(), limit};
  buffer output;
  if (!d.accept(verdict.key, verdict.subprotocol, {}, output)) std::abort();
  net::websocket::last_pong pong;
  d.feed(frames, output, 0, pong);
  std::size_t message = 0;
  while (d.ready()) {
    std::byte room[100];
    std::size_t got = 0;
    const auto status = d.read(room, sizeof room, got);
    message += got;
    if (message > limit) std::abort();
    if (status == net::websocket::codec::status::done) message = 0;
    if (status == net::websocket::codec::status::closed) break;
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = 1 + data[0];
  const bytes_view input{reinterpret_cast<const std::byte*>(data + 1), size - 1};

  net::http::request_head head{2048};
  auto state = net::http::request_head::state::incomplete;
  for (std::size_t n = 0; state == net::http::request_head::state::incomplete && n < input.size();) {
    n = std::min(input.size(), n + piece);
    state = head.put(input.first(n));
  }
  if (state != net::http::request_head::state::complete) return 0;
  if (head.used() > input.size() || head.used() > 2048) std::abort();

  const auto verdict = check_upgrade(head.take(), {.origins = {"http://good.example"}, .echo = true});
  if (verdict.status == 101)
    decode(verdict, input.subspan(head.used()));
  else if (net::http::response(verdict.status, verdict.body, verdict.headers).find("HTTP/1.1 ") != 0)
    std::abort();
  return 0;
}
