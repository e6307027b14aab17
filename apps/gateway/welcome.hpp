#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace swill::gateway {

/// What the gateway says when it listens: where, and three commands that work when pasted into a shell in the same directory.
/// `program` is how it was called itself; the command line tool `swill` lies beside it.
std::string welcome(std::string_view program, const std::vector<std::string>& addresses, std::string_view path);

} // namespace swill::gateway
