#include "apps/conformance/handlers.hpp"
#include "apps/conformance/types.hpp"

#include <chrono>

namespace swill::conformance {

namespace {

whoami describe_connection(request<maybe_integer> r) {
  const connection& c = r.context().connection();
  whoami out;
  out.id = c.id();
  out.method = c.method();
  out.path = c.path();
  out.query = c.query();
  out.args = c.arguments();
  out.cookies = c.cookies();
  out.user_agent = c.header("User-Agent");
  out.x_test = c.header("X-Test");
  out.remote_addr = c.remote_address();
  out.subprotocol = c.subprotocol();
  out.tls = c.is_tls();
  return out;
}

} // namespace

void add_connection_handlers(app& to, hook_log& log) {
  to.handle("whoami", describe_connection);
  to.handle("hooklog", [&log](request<std::string> token) -> task<std::vector<hook_log::entry>> {
    // A log so long takes its reader seconds. It is worth a moment, in which other threads serve what they have received before.
    if (log.size(token.data()) > 10'000) co_await sleep_for(std::chrono::milliseconds{50});
    co_return log.entries(token.data());
  });
}

} // namespace swill::conformance
