#include "libswill/transport/request_head.hpp"

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <limits>

namespace swill::transport {

namespace http = boost::beast::http;

struct request_head::parser {
  http::request_parser<http::empty_body> http;
};

request_head::request_head(std::size_t size_limit) : parser_(std::make_unique<parser>()), limit_(size_limit) {
  // Beast counts from where it stands, not from the start: our own count below is the limit.
  parser_->http.header_limit(std::numeric_limits<std::uint32_t>::max());
  parser_->http.body_limit(std::numeric_limits<std::uint64_t>::max());
}

request_head::~request_head() = default;

request_head::state request_head::put(bytes_view input) {
  const std::size_t seen = std::min(input.size(), limit_);
  boost::system::error_code ec;
  while (used_ < seen && !parser_->http.is_header_done()) {
    const std::size_t n = parser_->http.put(boost::asio::const_buffer(input.data() + used_, seen - used_), ec);
    used_ += n;
    if (ec && ec != http::error::need_more) return state::bad;
    if (n == 0 || ec) break;
  }
  if (parser_->http.is_header_done()) return state::complete;
  return input.size() >= limit_ ? state::too_large : state::incomplete;
}

upgrade_request request_head::take() {
  const auto& message = parser_->http.get();
  upgrade_request r;
  r.method = std::string{message.method_string()};
  r.target = std::string{message.target()};
  r.version = static_cast<int>(message.version());
  for (const auto& field : message)
    r.headers.emplace_back(std::string{field.name_string()}, std::string{field.value()});
  return r;
}

} // namespace swill::transport
