#pragma once

#include "libswill/api/app.hpp"
#include "libswill/server/server.hpp"
#include "programs/gateway/detail/http_settings.hpp"
#include "programs/options/command_line.hpp"

#include <string>
#include <vector>

namespace swill::programs {

/// The page at /playground, from which every handler can be called by hand (docs/playground.md), and the option that says whether there is one.
class playground {
public:
  /// The program writes here when it parses; this must live until then.
  void add_to(command_line& program);

  /// Adds the page to the app, where the option says so; where it was not given, if all public listeners of `o` are loopback addresses and clients
  /// do not come through a proxy, since then nobody but who is on this machine sees it, and if nothing else has its path.
  void apply(app& a, const server_options& o, const http_settings& files, bool behind_proxy);

  /// Where the page is on a server with these URLs (server::urls); empty where there is none.
  std::string url(const std::vector<std::string>& urls) const;

private:
  bool on_ = false;
  added_option option_ = nullptr;
  std::string endpoint_; ///< path of the WebSocket endpoint
};

} // namespace swill::programs
