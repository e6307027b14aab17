#pragma once

#include "libswill/base/error.hpp"
#include "libswill/base/limits.hpp"
#include "libswill/wire/reader.hpp"
#include "libswill/wire/writer.hpp"

#include <cstdint>
#include <cstring>
#include <string_view>

namespace swill::wire {

/// MESSAGE, END_OF_STREAM, METADATA, CANCEL (docs/protocol.md §2).
/// IF YOU ADD A VALUE: docs/protocol.md §2, envelope.cpp, the connection actor, tests/wire/vectors, clients.
enum class request_type : std::uint8_t { message = 0, end_of_stream = 1, metadata = 2, cancel = 3 };

/// MESSAGE, END_OF_STREAM, METADATA, ERROR (docs/protocol.md §2).
/// IF YOU ADD A VALUE: docs/protocol.md §2, envelope.cpp, the client, tests/wire/vectors, clients.
enum class response_type : std::uint8_t { message = 0, end_of_stream = 1, metadata = 2, error = 3 };

/// seq is from 1 to this; 0 is reserved.
inline constexpr std::uint64_t largest_seq = (std::uint64_t{1} << 53) - 1;

/// A request as it came; everything in it borrows the message.
struct request_envelope {
  std::uint64_t seq = 0;
  bytes_view data;        ///< one well-formed value; str in it not yet checked for UTF-8
  std::size_t values = 0; ///< in data: itself, and at every depth the items, keys and values in it
  bool is_checked = true; ///< else nothing is known of data, and values is 0: see usual_request
  std::string_view rpc;
  request_type type = request_type::message;
  bytes_view metadata; ///< an encoded map with str keys (valid UTF-8); empty when it was nil or left out
};

/// A response as it came; everything in it borrows the message.
struct response_envelope {
  std::uint64_t seq = 0;
  bytes_view data; ///< one well-formed value
  response_type type = response_type::message;
  bytes_view leading; ///< as request_envelope::metadata
  bytes_view trailing;
};

/// `bad_request`: only the seq can be relied on; the server answers ERROR 400 on it, a client fails that request.
/// `undecodable`: nothing can; the connection closes with 1007 (docs/protocol.md §5).
enum class decode_status : std::uint8_t { ok, bad_request, undecodable };

struct decoded_request {
  decode_status status = decode_status::undecodable;
  request_envelope envelope; ///< seq is valid unless undecodable, the rest when ok
  std::string_view problem;  ///< unless ok: what was wrong, short enough for a close reason; static text
  std::string_view
      bad_rpc; ///< of a bad request, to know which one it is; empty when it, or the type, could not be read
  request_type bad_type = request_type::message;
};

/// An envelope as nearly all are that open a request or go on with its stream: seq, data and rpc, perhaps also the type and the metadata where
/// they say no more than their absence. It is looked at from both ends, as far as the data, so that who decodes these can be the first who does.
class usual_request {
public:
  /// Borrows the message.
  explicit usual_request(bytes_view message) noexcept {
    if (message.size() < 2 || std::to_integer<unsigned>(message[0]) - 0x93U > 2) return;
    reader from{message.subspan(1)};
    if (!from.read_uint(seq_) || seq_ > largest_seq) seq_ = 0;
    rest_ = from.rest();
    elements_ = std::to_integer<unsigned>(message[0]) & 0xfU;
  }

  /// 0: it is another one.
  std::uint64_t seq() const noexcept { return seq_; }

  /// The bytes that are the data if this is for `rpc`; empty: it is not. Where they are exactly one well-formed value, the envelope is what
  /// decode_request() says of it, but for the nesting, which is still to be looked at. Where they are not, that has to say what is wrong.
  bytes_view data_for(std::string_view rpc) const noexcept {
    std::size_t end = rest_.size();
    if (end < rpc.size() + elements_ - 1 || rpc.size() >= 32) return {}; // a byte of data at least
    if (elements_ == 5 && rest_[--end] != std::byte{0xc0}) return {};
    if (elements_ >= 4 && rest_[--end] != std::byte{0}) return {};
    end -= rpc.size();
    if (end < 2 || std::memcmp(rest_.data() + end, rpc.data(), rpc.size()) != 0) return {};
    return rest_[--end] == static_cast<std::byte>(0xa0U | rpc.size()) ? rest_.first(end) : bytes_view{};
  }

private:
  std::uint64_t seq_ = 0;
  bytes_view rest_; ///< after the seq
  unsigned elements_ = 0;
};

struct decoded_response {
  decode_status status = decode_status::undecodable;
  response_envelope envelope;
  std::string_view problem;
};

/// Decodes one binary message of a client (docs/protocol.md §2, §5). Heeds limits nesting (the envelope counts as one), rpc_name and
/// metadata_size, all of which are ERROR 400 when passed. Looks at each byte once, allocates nothing.
decoded_request decode_request(bytes_view message, const limits& limits) noexcept;

/// Decodes one binary message of a server in the same way. Metadata that were left out count as nil.
decoded_response decode_response(bytes_view message, const limits& limits) noexcept;

/// The two ends of a response; between them the caller writes exactly one value, the data. When that throws, the caller truncates
/// the buffer to where the response began. Metadata are encoded maps, or empty for nil.
inline void begin_response(writer& to, std::uint64_t seq) {
  to.array(5);
  to.unsigned_integer(seq);
}
/// The usual end, without metadata.
inline void end_response(writer& to, response_type type) {
  std::byte* at = to.out().reserve(3);
  at[0] = static_cast<std::byte>(type);
  at[1] = at[2] = std::byte{0xc0};
  to.out().commit(3);
}
void end_response(writer& to, response_type type, bytes_view leading, bytes_view trailing = {});

/// A whole ERROR envelope. A message that is not UTF-8 is mended; data that have no form on the wire are left out.
void write_error(writer& to, std::uint64_t seq, const error& e);

/// The error that the data of an ERROR envelope say; in what they do not say, it is `otherwise`.
error read_error(bytes_view data, error otherwise);

/// A whole request; trailing elements that hold their default are left out. `data` is one encoded value, or empty for nil; `rpc` is
/// UTF-8; `metadata` an encoded map, or empty for nil.
void write_request(writer& to, std::uint64_t seq, bytes_view data, std::string_view rpc,
                   request_type type = request_type::message, bytes_view metadata = {});

} // namespace swill::wire
