#include "libswill/redis/place.hpp"

#include "libswill/redis/client.hpp"

#include <stdexcept>
#include <utility>

namespace swill::redis {

place place::at(std::string_view address, std::string prefix) {
  auto server = options::parse(address);
  if (!server) throw std::invalid_argument(server.error().message);
  return {std::move(*server), std::move(prefix)};
}

std::unique_ptr<client> place::make_client(swill::loop& l, const log_sink* log) const {
  return std::make_unique<client>(l, server, log);
}

} // namespace swill::redis
