#pragma once

#include <string>
#include <vector>

namespace swill::programs {

/// Where a gateway is.
struct places {
  std::vector<std::string> urls;     ///< server::urls
  std::vector<std::string> internal; ///< server::internal_addresses
  std::string playground;            ///< a URL; empty: it has none
};

/// What a gateway says to somebody at a terminal when it listens: where, where its playground is, if it has one, commands of the tool `swill` that
/// work when pasted into a shell on this machine, and how to end it. That tool lies beside this program, or is found as any. When its output is kept
/// or goes elsewhere, as in a container, it says address_lines: who reads that may be on another machine, where loopback addresses, paths of
/// programs and Ctrl-C mean something else.
std::string welcome(const places& where, const std::vector<std::string>& examples);

/// swill::listening_line, and one for the playground, if there is one.
std::string address_lines(const places& where);

} // namespace swill::programs
