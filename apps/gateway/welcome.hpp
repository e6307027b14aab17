#pragma once

#include <string>
#include <vector>

namespace swill::gateway {

/// What the gateway says to somebody at a terminal when it listens: where, three commands that work when pasted into a shell on this machine,
/// and how to end it. The command line tool `swill` lies beside this program. When its output is kept or goes elsewhere, as in a container, it says
/// swill::listening_line: who reads that may be on another machine, where loopback addresses, paths of programs and Ctrl-C mean something else.
std::string welcome(const std::vector<std::string>& urls);

} // namespace swill::gateway
