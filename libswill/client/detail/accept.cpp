#include "libswill/client/detail/accept.hpp"

#include "libswill/base/digest.hpp"
#include "libswill/base/encoding.hpp"

namespace swill::client_detail {

std::string accept_of(std::string_view key) {
  return to_base64(sha1(std::string{key} + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
}

} // namespace swill::client_detail
