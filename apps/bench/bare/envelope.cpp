#include "apps/bench/bare/envelope.hpp"

#include <msgpack.hpp>

#include <cstddef>

namespace swill::bench::bare {
namespace {

struct string_sink {
  std::string& out;
  void write(const char* data, std::size_t size) { out.append(data, size); }
};
using packer = msgpack::packer<string_sink>;

// Reads the envelope in one pass, without building msgpack objects.
class envelope_visitor : public msgpack::null_visitor {
public:
  bool start_array(std::uint32_t size) {
    ++depth_;
    if (depth_ == 1) return size >= 3;
    return depth_ == 2 && field_ == 1 && size == 2;
  }
  bool end_array() {
    --depth_;
    return true;
  }
  bool start_array_item() { return true; }
  bool end_array_item() {
    ++(depth_ == 1 ? field_ : item_);
    return true;
  }
  bool visit_positive_integer(std::uint64_t value) {
    switch (field_) {
      case 0: result_.seq = value; return true;
      case 1: result_.data[item_ & 1] = static_cast<std::int64_t>(value); return true;
      case 3: result_.type = value; return true;
      default: return field_ > 4;
    }
  }
  bool visit_negative_integer(std::int64_t value) {
    if (field_ != 1) return false;
    result_.data[item_ & 1] = value;
    return true;
  }
  bool visit_str(const char* text, std::uint32_t size) {
    if (field_ == 2) result_.rpc = {text, size};
    return field_ == 2;
  }
  void parse_error(std::size_t, std::size_t) { failed_ = true; }
  void insufficient_bytes(std::size_t, std::size_t) { failed_ = true; }

  bool complete() const { return !failed_ && depth_ == 0 && field_ >= 3 && !result_.rpc.empty(); }
  const request& result() const { return result_; }

private:
  request result_;
  unsigned depth_ = 0;
  unsigned field_ = 0;
  unsigned item_ = 0;
  bool failed_ = false;
};

} // namespace

std::optional<request> decode(std::string_view frame) {
  envelope_visitor visitor;
  std::size_t offset = 0;
  if (!msgpack::parse(frame.data(), frame.size(), offset, visitor)) return std::nullopt;
  if (offset != frame.size() || !visitor.complete()) return std::nullopt;
  return visitor.result();
}

void encode_message(std::string& out, std::uint64_t seq, std::int64_t value) {
  string_sink sink{out};
  packer(sink).pack_array(5).pack_uint64(seq).pack_int64(value).pack_uint8(0).pack_nil().pack_nil();
}

void encode_end_of_stream(std::string& out, std::uint64_t seq) {
  string_sink sink{out};
  packer(sink).pack_array(5).pack_uint64(seq).pack_nil().pack_uint8(1).pack_nil().pack_nil();
}

} // namespace swill::bench::bare
