#pragma once

#include "apps/cli/described_api.hpp"
#include "apps/cli/verbs.hpp"

#include <functional>
#include <string>

namespace swill::cli {

/// Connects to `url` in the way that the command line says, lets `run` talk, which may throw, and closes the connection in an orderly way.
task<void> with_server(const options& o, output& out, std::string url, std::function<task<void>(session)> run);

/// What a server says about itself: that of the URL, or one of which `swill introspect` has printed it into this file. Throws usage_error
/// for a file that holds something else.
task<described_api> api_at(const options& o, output& out, const std::string& place);

} // namespace swill::cli
