#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace swill::gateway {

/// What the gateway says to somebody at a terminal when it listens: where, three commands that work when pasted into a shell on this machine,
/// and how to end it. The command line tool `swill` lies beside this program.
std::string welcome(const std::vector<std::string>& addresses, std::string_view path);

/// What it says when its output is kept or goes elsewhere, as in a container: one line with the addresses as they are. Who reads it may be on
/// another machine, where loopback addresses, paths of programs and Ctrl-C mean something else.
std::string listening_line(const std::vector<std::string>& addresses, std::string_view path);

} // namespace swill::gateway
