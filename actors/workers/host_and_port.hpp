#pragma once

#include <cstdint>
#include <string>

namespace swill::actors::workers {

struct host_and_port {
  std::string host;
  std::uint16_t port = 0;
};
/// Of "HOST:PORT" or "[ADDRESS]:PORT". Throws std::invalid_argument.
host_and_port parse_host_and_port(const std::string& text);

} // namespace swill::actors::workers
