#pragma once

#include "libswill/net/http/responder.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace swill::net::http {

/// What answers at a path.
struct route {
  std::string path;   ///< begins with a slash; without one at its end, but for "/"
  bool below = false; ///< also at all paths below it
  std::shared_ptr<const responder>
      to; ///< shared by the routers of a server. Null: a WebSocket endpoint, which the handshake's rules answer for
  bool is_absent = false; ///< nothing answers there, whatever is mounted above it
};

/// The paths that one listener answers at. Does not change once it is made, so that any thread may ask.
class router {
public:
  router() = default;
  /// Throws std::invalid_argument, which names the path, where two routes have one path, or a path is none.
  explicit router(std::vector<route> all);

  struct match {
    const route* found = nullptr; ///< null: nothing answers there
    std::string path;             ///< decoded, where a responder answers
  };
  /// A WebSocket endpoint by its path as it is written, everything else by the decoded path: the route of exactly that path, or else the longest that it is below.
  match find(std::string_view target) const;

private:
  std::vector<route> routes_; // the longest paths first
};

} // namespace swill::net::http
