#include "libswill/net/websocket/frame.hpp"

#include "libswill/base/error.hpp"

namespace swill::net::websocket {

void append_close(buffer& out, int code, std::string_view reason) {
  constexpr std::size_t longest_reason = 123;
  reason = cut_text(reason, longest_reason);
  const std::size_t at = begin_frame(out);
  out.push_back(static_cast<std::byte>(static_cast<unsigned>(code) >> 8U));
  out.push_back(static_cast<std::byte>(static_cast<unsigned>(code) & 0xffU));
  out.append(reason.data(), reason.size());
  end_frame(out, at, opcode::close);
}

} // namespace swill::net::websocket
