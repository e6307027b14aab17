#include "libswill/api/types/codec.hpp"

#include "libswill/wire/codec.hpp"

namespace swill::detail {

value decoded_value(bytes_view encoded) {
  wire::reader from{encoded};
  value v;
  wire::read_value(from, v, wire::reader::deepest);
  return v;
}

void append_value(buffer& to, const value& v) {
  wire::writer w{to};
  wire::write_value(w, v);
}

} // namespace swill::detail
