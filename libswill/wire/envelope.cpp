#include "libswill/wire/envelope.hpp"

#include "libswill/base/utf8.hpp"
#include "libswill/wire/codec.hpp"

#include <utility>

namespace swill::wire {

namespace {

constexpr std::string_view not_an_array = "envelope is not a MessagePack array";
constexpr std::string_view truncated = "envelope is truncated or malformed";
constexpr std::string_view trailing_bytes = "bytes after the envelope";
constexpr std::string_view bad_seq = "seq is not an integer from 1 to 2^53-1";
constexpr std::string_view too_short = "envelope has fewer than 3 elements";
constexpr std::string_view too_deep = "nested too deeply";
constexpr std::string_view bad_rpc = "rpc is not a str";
constexpr std::string_view rpc_not_utf8 = "rpc is not valid UTF-8";
constexpr std::string_view rpc_too_long = "rpc is too long";
constexpr std::string_view bad_type = "type is not an integer from 0 to 3";
constexpr std::string_view bad_metadata = "metadata is neither nil nor a map";
constexpr std::string_view metadata_too_large = "metadata is too large";
constexpr std::string_view bad_metadata_key = "a key of metadata is not a str";
constexpr std::string_view metadata_key_not_utf8 = "a key of metadata is not valid UTF-8";

/// The elements of one envelope, in order. The first problem is kept; bytes that are no MessagePack end it all.
class element_reader {
public:
  element_reader(bytes_view message, const limits& limits) : from_(message), limits_(limits) {}

  /// The array header and element 0; false when the message is undecodable.
  bool open(std::uint64_t& seq) {
    if (!from_.read_array(left_)) return undecodable(from_.peek() == kind::array ? truncated : not_an_array);
    if (left_ == 0 || !from_.read_uint(seq) || seq == 0 || seq > largest_seq) return undecodable(bad_seq);
    --left_;
    return true;
  }

  bool has_more() const { return left_ != 0; }

  void data(bytes_view& out, std::size_t& values) {
    if (has_more()) pass(out, values);
  }

  void rpc(std::string_view& out) {
    if (!has_more()) return object(too_short);
    if (!from_.read_str(out)) return refuse(bad_rpc);
    --left_;
    const std::string_view name = std::exchange(out, {});
    if (name.size() > limits_.rpc_name) return object(rpc_too_long);
    if (!valid_utf8(name)) return object(rpc_not_utf8);
    out = name;
  }

  /// False when it is none of the four.
  template <class Type>
  bool type(Type& out) {
    std::uint64_t t = 0;
    if (!has_more()) {
      object(too_short);
    } else if (!from_.read_uint(t)) {
      refuse(bad_type);
    } else {
      --left_;
      if (t <= 3) {
        out = static_cast<Type>(t);
        return true;
      }
      object(bad_type);
    }
    return false;
  }

  void metadata(bytes_view& out) {
    if (!has_more()) return;
    if (from_.read_nil()) {
      --left_;
      return;
    }
    if (from_.peek() != kind::map) return refuse(bad_metadata);
    pass(out);
    if (status_ == decode_status::ok) check_metadata(out);
  }

  /// Elements that are not known, and the end of the message.
  void close() {
    for (bytes_view ignored; has_more();) pass(ignored);
    if (!stopped_ && !from_.at_end()) undecodable(trailing_bytes);
  }

  decode_status status() const { return status_; }
  std::string_view problem() const { return problem_; }

private:
  bool undecodable(std::string_view problem) {
    status_ = decode_status::undecodable;
    problem_ = problem;
    stopped_ = true;
    left_ = 0;
    return false;
  }

  /// ERROR 400; what follows must still be MessagePack.
  void object(std::string_view problem) {
    if (status_ == decode_status::ok) {
      status_ = decode_status::bad_request;
      problem_ = problem;
    }
  }

  /// Any element.
  void pass(bytes_view& out) {
    std::size_t values = 0;
    pass(out, values);
  }
  void pass(bytes_view& out, std::size_t& values) {
    const std::size_t inside = limits_.nesting == 0 ? 0 : limits_.nesting - 1;
    const std::size_t begin = from_.position();
    const bytes_view all = from_.rest();
    switch (from_.scan(inside, values)) {
      case scan_status::ok:
        --left_;
        out = all.first(from_.position() - begin);
        return;
      case scan_status::too_deep:
        if (!from_.skip_any_depth(1)) {
          undecodable(truncated);
          return;
        }
        --left_;
        return object(too_deep);
      case scan_status::malformed: undecodable(truncated); return;
    }
  }

  /// An element of the wrong kind.
  void refuse(std::string_view problem) {
    object(problem);
    bytes_view ignored;
    pass(ignored);
  }

  void check_metadata(bytes_view map) {
    if (map.size() > limits_.metadata_size) return object(metadata_too_large);
    reader entries{map};
    std::uint32_t n = 0;
    entries.read_map(n);
    for (std::string_view key; n != 0; --n) {
      if (!entries.read_str(key)) return object(bad_metadata_key);
      if (!valid_utf8(key)) return object(metadata_key_not_utf8);
      entries.skip(reader::deepest);
    }
  }

  reader from_;
  const limits& limits_;
  std::uint32_t left_ = 0;
  bool stopped_ = false;
  decode_status status_ = decode_status::ok;
  std::string_view problem_;
};

void write_or_nil(writer& to, bytes_view encoded) {
  if (encoded.empty()) {
    to.nil();
  } else {
    to.raw(encoded);
  }
}

/// {"code": int, "message": str}, and "data" when there is any that can be written.
void write_error_data(writer& to, const error& e, bool with_data) {
  to.map(with_data ? 3 : 2);
  to.str("code");
  to.integer(e.code);
  to.str("message");
  if (valid_utf8(e.message)) {
    to.str(e.message);
  } else {
    to.str(make_valid_utf8(e.message));
  }
  if (!with_data) return;
  to.str("data");
  write_value(to, e.data);
}

} // namespace

decoded_request decode_request(bytes_view message, const limits& limits) noexcept {
  decoded_request out;
  request_envelope& e = out.envelope;
  element_reader elements{message, limits};
  if (elements.open(e.seq)) {
    elements.data(e.data, e.values);
    elements.rpc(e.rpc);
    const bool has_type = !elements.has_more() || elements.type(e.type);
    elements.metadata(e.metadata);
    elements.close();
    if (elements.status() == decode_status::bad_request && has_type) {
      out.bad_rpc = e.rpc;
      out.bad_type = e.type;
    }
    if (elements.status() != decode_status::ok) e = {.seq = e.seq};
  }
  out.status = elements.status();
  out.problem = elements.problem();
  return out;
}

decoded_response decode_response(bytes_view message, const limits& limits) noexcept {
  decoded_response out;
  response_envelope& e = out.envelope;
  element_reader elements{message, limits};
  if (elements.open(e.seq)) {
    std::size_t values = 0;
    elements.data(e.data, values);
    elements.type(e.type);
    elements.metadata(e.leading);
    elements.metadata(e.trailing);
    elements.close();
    if (elements.status() != decode_status::ok) e = {.seq = e.seq};
  }
  out.status = elements.status();
  out.problem = elements.problem();
  return out;
}

void end_response(writer& to, response_type type, bytes_view leading, bytes_view trailing) {
  to.unsigned_integer(static_cast<std::uint8_t>(type));
  write_or_nil(to, leading);
  write_or_nil(to, trailing);
}

void write_error(writer& to, std::uint64_t seq, const error& e) {
  begin_response(to, seq);
  const std::size_t begin = to.out().size();
  try {
    write_error_data(to, e, !e.data.is_nil());
  } catch (...) { // its data have no form on the wire
    to.out().truncate(begin);
    write_error_data(to, e, false);
  }
  end_response(to, response_type::error);
}

error read_error(bytes_view data, error otherwise) {
  error e = std::move(otherwise);
  reader from{data};
  value said;
  if (!read_value(from, said, reader::deepest)) return e;
  if (const value* code = said.find("code"); code != nullptr && code->get_if<std::int64_t>() != nullptr)
    e.code = *code->get_if<std::int64_t>();
  if (const value* text = said.find("message"); text != nullptr && text->get_if<std::string>() != nullptr)
    e.message = *text->get_if<std::string>();
  if (const value* more = said.find("data")) e.data = *more;
  return e;
}

void write_request(writer& to, std::uint64_t seq, bytes_view data, std::string_view rpc, request_type type,
                   bytes_view metadata) {
  const bool plain = type == request_type::message;
  to.array(!metadata.empty() ? 5 : plain ? 3 : 4);
  to.unsigned_integer(seq);
  write_or_nil(to, data);
  to.str(rpc);
  if (plain && metadata.empty()) return;
  to.unsigned_integer(static_cast<std::uint8_t>(type));
  if (!metadata.empty()) to.raw(metadata);
}

} // namespace swill::wire
