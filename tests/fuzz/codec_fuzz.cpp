// Any bytes through everything in libswill/wire that reads; seeds are the golden envelopes (tests/wire/vectors).
#include "libswill/base/utf8.hpp"
#include "libswill/wire/codec.hpp"
#include "libswill/wire/envelope.hpp"

#include "tests/wire/msgpack_cxx.hpp"

#include <cstdint>
#include <cstdlib>

namespace swill::wire {
namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

/// Our verdict on well-formedness is msgpack-cxx's, up to the nesting limit.
void scan_agrees(bytes_view input) {
  reader r{input};
  const scan_status status = r.scan(reader::deepest);
  if (status == scan_status::too_deep) return;
  const auto expected = length_by_msgpack_cxx(input);
  check((status == scan_status::ok) == expected.has_value());
  check(r.position() == expected.value_or(0));
}

/// What can be read is written as msgpack-cxx writes it, and is read again as the same.
void values_round_trip(bytes_view input) {
  reader from{input};
  value v;
  std::size_t budget = 64 * 1024 * 1024;
  if (read_value(from, v, 32, budget) != value_status::ok) return check(from.position() == 0 && v.is_nil());
  buffer out;
  writer to{out};
  write_value(to, v);
  check(as_text(out.view()) == packed_by_msgpack_cxx(v));
  reader again{out.view()};
  check(read_value(again, v, 32) && again.at_end());
  check(as_text(out.view()) == packed_by_msgpack_cxx(v));
  check(to_text(v, 200).size() <= 200);
}

void requests_round_trip(bytes_view input) {
  const decoded_request r = decode_request(input, {});
  check((r.status == decode_status::ok) == r.problem.empty());
  if (r.status == decode_status::undecodable) return;
  check(r.envelope.seq >= 1 && r.envelope.seq <= largest_seq);
  if (r.status == decode_status::bad_request) return;
  check(length_by_msgpack_cxx(input) == input.size());
  check(length_by_msgpack_cxx(r.envelope.data) == r.envelope.data.size());
  check(valid_utf8(r.envelope.rpc));
  buffer out;
  writer to{out};
  write_request(to, r.envelope.seq, r.envelope.data, r.envelope.rpc, r.envelope.type, r.envelope.metadata);
  const decoded_request again = decode_request(out.view(), {});
  check(again.status == decode_status::ok && again.envelope.type == r.envelope.type);
  check(as_text(again.envelope.metadata) == as_text(r.envelope.metadata));
}

void responses_round_trip(bytes_view input) {
  const decoded_response r = decode_response(input, {});
  if (r.status != decode_status::ok) return;
  check(length_by_msgpack_cxx(input) == input.size());
  buffer out;
  writer to{out};
  begin_response(to, r.envelope.seq);
  to.raw(r.envelope.data);
  end_response(to, r.envelope.type, r.envelope.leading, r.envelope.trailing);
  check(decode_response(out.view(), {}).status == decode_status::ok);
}

void text_is_mended(bytes_view input) {
  const std::string mended = make_valid_utf8(as_text(input));
  check(valid_utf8(mended));
  check(valid_utf8(as_text(input)) == (mended == as_text(input)));
}

} // namespace
} // namespace swill::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace swill::wire;
  const swill::bytes_view input{reinterpret_cast<const std::byte*>(data), size};
  scan_agrees(input);
  values_round_trip(input);
  requests_round_trip(input);
  responses_round_trip(input);
  text_is_mended(input);
  return 0;
}
