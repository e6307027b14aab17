#pragma once

#include "libswill/base/limits.hpp"

namespace CLI {
class App;
}

namespace swill::gateway {

/// Adds one option for each member of swill::limits: `message_size` is `--message-size N`, or SWILL_MESSAGE_SIZE in the environment.
/// `l` gives the defaults and takes what was asked for when the program parses; it must live until then.
void add_limit_options(CLI::App& program, limits& l);

} // namespace swill::gateway
