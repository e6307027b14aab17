#pragma once

#include "libswill/server/server.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace swill {

/// The last line of a main(): `return swill::serve(app, {.listen = {"127.0.0.1:8080"}});`. Serves the app as server::run does, until SIGINT
/// or SIGTERM. One line on standard output says where it listens. What keeps it from starting, such as an address that another program
/// has, is one line on standard error instead of an exception. Returns the exit code of the program: 0, or 1 when it could not start.
int serve(app& a, server_options options = {});

/// "Swill listens on ws://127.0.0.1:8080/ws, unix:/run/shop" and the end of the line: what a program prints when its server listens.
/// `addresses` are those of server::addresses, `path` is that of its options.
std::string listening_line(const std::vector<std::string>& addresses, std::string_view path);

} // namespace swill
