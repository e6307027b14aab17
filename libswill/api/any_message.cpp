#include "libswill/api/any_message.hpp"

#include "libswill/api/types/codec.hpp"

namespace swill {

value any_message::to_value() const {
  buffer encoded;
  wire::writer to{encoded};
  ops_->encode(to, object_);
  return detail::decoded_value(encoded.view());
}

void any_message::assign(const value& v) {
  buffer encoded;
  detail::append_value(encoded, v);
  ops_->replace(object_, encoded.view());
}

} // namespace swill
