#pragma once

#include "libswill/base/limits.hpp"
#include "programs/options/command_line.hpp"

namespace swill::programs {

/// Adds one option for each member of swill::limits: `message_size` is `--message-size N`, or SWILL_MESSAGE_SIZE in the environment.
/// `l` gives the defaults and takes what was asked for when the program parses; it must live until then.
void add_limit_options(command_line& program, limits& l);

} // namespace swill::programs
