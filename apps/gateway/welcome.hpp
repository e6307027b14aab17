#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace swill::gateway {

/// What the gateway says when it listens: where, and three commands that work when pasted into a shell on this machine. The command line
/// tool `swill` lies beside this program.
std::string welcome(const std::vector<std::string>& addresses, std::string_view path);

} // namespace swill::gateway
