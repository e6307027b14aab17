#pragma once

#include <string>
#include <utility>

namespace swill {

/// Where a server listens, and how. An address alone is one, too.
struct listener {
  listener(const char* a) : address(a) {}
  listener(std::string a) : address(std::move(a)) {}

  /// "ADDRESS:PORT", "[ADDRESS]:PORT" or "unix:PATH"; port 0: any free one.
  std::string address;
};

} // namespace swill
