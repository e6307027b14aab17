#include "libswill/api/types/codec.hpp"

#include "libswill/wire/codec.hpp"

namespace swill::detail {

value described_type(value (*introspect)(introspector&), std::vector<mistake>* mistakes) {
  introspector i;
  value type = introspect(i);
  if (mistakes == nullptr) {
    throw_first(i.mistakes());
  } else {
    mistakes->insert(mistakes->end(), i.mistakes().begin(), i.mistakes().end());
  }
  return type;
}

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
