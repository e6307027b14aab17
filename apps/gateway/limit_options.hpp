#pragma once

#include "apps/common/command_line.hpp"
#include "libswill/base/limits.hpp"

namespace swill::gateway {

/// Adds one option for each member of swill::limits: `message_size` is `--message-size N`, or SWILL_MESSAGE_SIZE in the environment.
/// `l` gives the defaults and takes what was asked for when the program parses; it must live until then.
void add_limit_options(apps::command_line& program, limits& l);

} // namespace swill::gateway
