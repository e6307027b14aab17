#include "actors/workers/host_and_port.hpp"

#include "libswill/base/host_and_port.hpp"

#include <stdexcept>

namespace swill::actors::workers {

host_and_port parse_host_and_port(const std::string& text) {
  const auto parts = split_host_and_port(text);
  const auto port = parts && parts->port ? port_number(*parts->port) : std::nullopt;
  if (!port || !may_be_host(parts->host)) throw std::invalid_argument("no HOST:PORT: " + text);
  return {std::string{parts->host}, *port};
}

} // namespace swill::actors::workers
