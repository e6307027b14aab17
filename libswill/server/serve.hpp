#pragma once

#include "libswill/server/server.hpp"

#include <functional>
#include <string>
#include <vector>

namespace swill {

/// The last line of a main(): `return swill::serve(app, {.listen = {"127.0.0.1:8080"}});`. Serves the app as server::run does, until SIGINT
/// or SIGTERM. One line on standard output says where it listens. `ready`, if any, is called before that, as by server::run: the place for
/// what needs a server that runs, such as pubsub::listen. What keeps it from starting, such as an address that another program has, or an
/// exception of `ready`, is one line on standard error. Returns the exit code of the program: 0, or 1 when it could not start.
int serve(app& a, server_options options = {}, const std::function<void(server&)>& ready = {});
int serve(app&& a, server_options options = {}, const std::function<void(server&)>& ready = {});

/// "Swill listens on ws://127.0.0.1:8080/ws, unix:/run/shop, 127.0.0.1:8081 (internal)" and the end of the line: what a program prints when its
/// server listens. Empty when it listens nowhere. `urls` are those of server::urls, `internal` those of server::internal_addresses.
std::string listening_line(const std::vector<std::string>& urls, const std::vector<std::string>& internal = {});

} // namespace swill
