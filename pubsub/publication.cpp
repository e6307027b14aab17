#include "pubsub/publication.hpp"

#include "libswill/api/types/codec.hpp"
#include "pubsub/options.hpp"

namespace swill {

namespace {

/// The encoded value of a field of a map; empty when there is none.
std::string_view field_of(bytes_view data, std::string_view name) noexcept {
  wire::reader in{data};
  std::uint32_t n = 0;
  if (!in.read_map(n)) return {};
  for (; n > 0; --n) {
    std::string_view key;
    const bool named = in.read_str(key);
    if (!named && !in.skip(wire::reader::deepest)) return {};
    bytes_view content;
    if (!in.read_raw(content, wire::reader::deepest)) return {};
    if (named && key == name) return as_text(content);
  }
  return {};
}

/// An item, and `end` after it.
bytes encode_item(std::uint64_t offset, bytes_view data, std::string_view end) {
  buffer out;
  out.reserve(data.size() + 24 + end.size());
  wire::writer w{out};
  w.map(2);
  w.str("offset");
  w.unsigned_integer(offset);
  w.str("data");
  w.raw(data);
  w.raw(as_bytes(end));
  return {out.view().begin(), out.view().end()};
}

} // namespace

bytes encode_item(std::uint64_t offset, bytes_view data) { return encode_item(offset, data, {}); }

publication::publication(std::string topic, position at, bytes_view data, const topic_options& o,
                         std::string_view trace)
    : topic_(std::move(topic)),
      at_(at),
      item_(encode_item(at.offset, data, trace)),
      data_at_(static_cast<std::uint32_t>(item_.size() - trace.size() - data.size())),
      trace_size_(static_cast<std::uint32_t>(trace.size())) {
  if (o.overflow == overflow::conflate && !o.conflate_by.empty()) key_ = field_of(this->data(), o.conflate_by);
}

publication::publication(std::string topic, position at)
    : topic_(std::move(topic)),
      at_(at),
      item_(detail::encoded_message(value::map({{"epoch", at.epoch}, {"offset", at.offset}, {"recovered", false}}))) {}

} // namespace swill
