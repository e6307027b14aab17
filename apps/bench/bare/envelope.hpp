#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace swill::bench::bare {

/// What the bare server understands of a request: data is nil, one integer, or an array of two.
struct request {
  std::uint64_t seq = 0;
  std::int64_t data[2] = {0, 0};
  std::string_view rpc; // points into the frame
  std::uint64_t type = 0;
};

/// Nothing when `frame` is no request of that kind.
std::optional<request> decode(std::string_view frame);

/// Appends `[seq, value, 0, nil, nil]`.
void encode_message(std::string& out, std::uint64_t seq, std::int64_t value);
/// Appends `[seq, nil, 1, nil, nil]`.
void encode_end_of_stream(std::string& out, std::uint64_t seq);

} // namespace swill::bench::bare
