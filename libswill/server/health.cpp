#include "libswill/server/health.hpp"

#include "libswill/base/value.hpp"

#include <limits>

namespace swill {

http_response livez() { return {.body = "alive\n", .headers = {{"Cache-Control", "no-store"}}}; }

http_response readyz(const std::vector<std::string>& reasons) {
  http_response r{.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}}};
  if (reasons.empty()) {
    r.body = "{\"ready\":true}\n";
    return r;
  }
  r.status = 503;
  r.headers.emplace_back("Retry-After", "1");
  value all = value::array({});
  for (const std::string& reason : reasons) all.get_if<value_array>()->emplace_back(reason);
  r.body = "{\"ready\":false,\"reasons\":" + to_text(all, std::numeric_limits<std::size_t>::max()) + "}\n";
  return r;
}

} // namespace swill
