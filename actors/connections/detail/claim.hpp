#pragma once

#include "libswill/api/connection.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace swill::detail {

/// Which client a connection is of, and its how many-th it is: `client=ID&client_number=N` in the query of its handshake (docs/protocol.md §1).
struct client_claim {
  std::string id;
  std::uint64_t number = 0;
};

/// Nothing for a connection that says neither, or what is none.
std::optional<client_claim> claim_of(const connection& c);

} // namespace swill::detail
