#include "libswill/net/http/request_head.hpp"
#include "libswill/net/http/response.hpp"
#include "libswill/transport/upgrade.hpp"

#include <cstdlib>

// Whatever a peer sends first: the head of a request, in pieces of a size that the input chooses, and the rules of the upgrade.

using namespace swill;
using namespace swill::transport;

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
  if (verdict.status != 101 &&
      net::http::response(verdict.status, verdict.body, verdict.headers).find("HTTP/1.1 ") != 0)
    std::abort();
  return 0;
}
