#include "actors/workers/host_and_port.hpp"

#include "libswill/base/name_look_up.hpp"

#include <stdexcept>
#include <utility>

namespace swill::actors::workers {

host_and_port parse_host_and_port(const std::string& text) {
  const auto colon = text.rfind(':');
  const auto bad = [&text] { return std::invalid_argument("no HOST:PORT: " + text); };
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) throw bad();
  std::string host = text.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  unsigned long port = 0;
  for (const char c : text.substr(colon + 1)) {
    if (c < '0' || c > '9' || port > 65535) throw bad();
    port = port * 10 + static_cast<unsigned long>(c - '0');
  }
  if (port > 65535 || !may_be_host(host)) throw bad();
  return {std::move(host), static_cast<std::uint16_t>(port)};
}

} // namespace swill::actors::workers
