#pragma once

#include "libswill/api/types/kinds.hpp"
#include "libswill/wire/reader.hpp"
#include "libswill/wire/writer.hpp"

#include <cstddef>

namespace swill {

/// A value that has no form on the wire: see wire::encode_error.
using wire::encode_error;

namespace detail {

/// Encodes one message. Arrays and maps within each other are counted: beyond what any peer could read, recursion ends.
class encoder {
public:
  explicit encoder(wire::writer& w) noexcept : to(w) {}

  wire::writer& to;

  void begin_array(std::size_t n) {
    enter();
    to.array(n);
  }
  void begin_map(std::size_t n) {
    enter();
    to.map(n);
  }
  void enter() {
    if (++depth_ > deepest) throw_too_deep();
  }
  void end() noexcept { --depth_; }

private:
  static constexpr std::size_t deepest = wire::reader::deepest;
  [[noreturn]] static void throw_too_deep();

  std::size_t depth_ = 0;
};

template <class T>
void encode(encoder& out, const T& v) {
  codec<T>::encode(out, v);
}

} // namespace detail
} // namespace swill
