#pragma once

#include <string>

namespace swill {

/// How a connection ended: a close code of RFC 6455 §7.4 (1006 when there was no close frame) and the reason.
struct close_reason {
  int code = 1006;
  std::string reason;
  bool by_peer = true;
};

} // namespace swill
