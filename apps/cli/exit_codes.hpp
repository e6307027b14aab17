#pragma once

#include "libswill/base/error.hpp"
#include "programs/options/command_line.hpp"

namespace swill::cli {

/// What the program ends with: docs/cli.md. Numbers are for scripts: they never change.
enum class exit_code : int {
  ok = 0,
  usage = 1,      ///< the command line, or JSON on it or on stdin; what was compared differs: gen --check, schema diff
  connection = 2, ///< no connection, or it was lost
  client_error = 3,  ///< 4xx that has no number of its own, 501
  validation = 4,    ///< 422
  not_found = 5,     ///< 404, the server's or a handler's own
  deadline = 6,      ///< 408
  denied = 7,        ///< 401, 403
  busy = 8,          ///< 429, 503 from a handler
  server_error = 9,  ///< 5xx
  cancelled = 10,    ///< 499
  application = 11,  ///< any other code, an application's own
  output = 12,       ///< what was to be printed could not be written
  interrupted = 130, ///< Ctrl-C
};

/// The command line, or what stands in for it, is wrong.
using usage_error = programs::wrong_command_line;

exit_code exit_code_of(const error& e);

} // namespace swill::cli
