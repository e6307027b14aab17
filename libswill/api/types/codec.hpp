#pragma once

#include "libswill/api/types/containers.hpp"
#include "libswill/api/types/decoder.hpp"
#include "libswill/api/types/encoder.hpp"
#include "libswill/api/types/kinds.hpp"
#include "libswill/api/types/nested_rules.hpp"
#include "libswill/api/types/scalars.hpp"
#include "libswill/api/types/structs.hpp"
#include "libswill/api/types/unions.hpp"
#include "libswill/base/result.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace swill {

namespace detail {
template <class T>
using or_nothing = std::conditional_t<std::is_void_v<T>, nothing, T>;
/// As describe_type and share_description, of what a codec says.
value described_type(value (*introspect)(introspector&));
std::shared_ptr<const value> shared_description(value (*introspect)(introspector&), std::vector<mistake>& mistakes);
value decoded_value(bytes_view encoded);
void append_value(buffer& to, const value& v);
} // namespace detail

namespace detail {

/// As decode_message. Where nothing is known of raw yet, the data of an envelope (`is_checked` is false), this is the one look at it: true only
/// if it is exactly one well-formed value, no deeper than limits::nesting allows within an envelope, of no more values than
/// limits::elements_on_loop, that T takes. False says nothing else, not even by `failure`; then somebody has to look at the message first.
template <class T>
[[gnu::noinline]] bool decode_data(bytes_view raw, const limits& l, bool is_checked, T& out,
                                   std::optional<error>& failure, std::size_t* allocated = nullptr) {
  decoder in{raw, l, is_checked};
  try {
    if constexpr (described<T>) in.read_nil_as_empty(table_of<T>());
    const bool whole = decode(in, out) == fit::whole;
    if (allocated != nullptr) *allocated = in.allocated();
    if (whole && in.clean() && (is_checked || in.reader.at_end())) [[likely]]
      return true;
  } catch (...) {
    if (is_checked) throw;
    return false;
  }
  if (is_checked) in.fail(failure, has_fields<T>());
  return false;
}

} // namespace detail

/// Decodes one value, known to be well-formed MessagePack, into `out`, which is default-constructed, and checks its rules. Any number
/// of calls may overlap. Returns false and fills `failure` when the message is refused: error 422 with all problems
/// (docs/protocol.md §4; at most limits::problems), 413 when limits::decoded_size is used up, 400 beyond limits::nesting. Throws only
/// what a predicate of the type throws, std::bad_alloc, or std::logic_error for a mistake in a `describe`. nil stands for a struct of
/// which every field may be absent. `allocated`, unless null, is what was taken off limits::decoded_size.
template <class T>
bool decode_message(bytes_view raw, const limits& l, T& out, std::optional<error>& failure,
                    std::size_t* allocated = nullptr) {
  static_assert(message<T>, "swill: this type cannot travel (docs/types.md); a struct or an enumeration needs, in its "
                            "namespace, template <class D> void describe(D& d, order& o)");
  return detail::decode_data(raw, l, true, out, failure, allocated);
}

/// Appends the encoding of v. Throws encode_error when it has none (text that is no UTF-8, an enumerator that `describe` does not
/// name, more levels than any reader takes); then part of it may have been written already: the caller truncates the buffer.
template <class T>
void encode_message(wire::writer& to, const T& v) {
  static_assert(message<T>, "swill: this type cannot travel (docs/types.md); a struct or an enumeration needs, in its "
                            "namespace, template <class D> void describe(D& d, order& o)");
  detail::encoder out{to};
  detail::encode(out, v);
}

/// T of docs/protocol.md §8; docs/types.md lists the further keys. `void` counts as `nothing`. Throws std::logic_error for a mistake in
/// a `describe`, such as a pattern that does not compile.
template <class T>
value describe_type() {
  static_assert(message<detail::or_nothing<T>>,
                "swill: this type cannot travel (docs/types.md); a struct or an enumeration needs, in its namespace, "
                "template <class D> void describe(D& d, order& o)");
  return detail::described_type(&detail::codec<detail::or_nothing<T>>::introspect);
}

/// The same for somebody who keeps it: all share one object as long as anybody does. Mistakes are added to the list instead of being thrown.
/// From any thread.
template <class T>
std::shared_ptr<const value> share_description(std::vector<mistake>& mistakes) {
  static_assert(message<detail::or_nothing<T>>,
                "swill: this type cannot travel (docs/types.md); a struct or an enumeration needs, in its namespace, "
                "template <class D> void describe(D& d, order& o)");
  return detail::shared_description(&detail::codec<detail::or_nothing<T>>::introspect, mistakes);
}

/// v as it would travel. Throws encode_error as encode_message does.
template <class T>
value to_value(const T& v) {
  buffer encoded;
  wire::writer to{encoded};
  encode_message(to, v);
  return detail::decoded_value(encoded.view());
}

namespace detail {

/// v as it travels, in bytes of its own. Throws encode_error as encode_message does.
template <class T>
bytes encoded_message(const T& v) {
  buffer out;
  wire::writer to{out};
  encode_message(to, to_message(v));
  return {out.view().begin(), out.view().end()};
}

} // namespace detail

/// A T from what would travel; the error is that of decode_message.
template <class T>
result<T> from_value(const value& v, const limits& l = {}) {
  buffer encoded;
  detail::append_value(encoded, v);
  T out{};
  std::optional<error> failure;
  if (!decode_message(encoded.view(), l, out, failure)) return std::move(*failure);
  return out;
}

} // namespace swill
