#include "libswill/net/http/request_head.hpp"

#include "libswill/net/http/plain_request.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <utility>

namespace swill::net::http {

namespace beast = boost::beast::http;

struct request_head::parser {
  // Beast counts from where it stands, not from the start: the limit is our own count.
  parser() {
    http.header_limit(std::numeric_limits<std::uint32_t>::max());
    http.body_limit(std::numeric_limits<std::uint64_t>::max());
  }
  beast::request_parser<beast::empty_body> http;
};

namespace {

// Where the minor version stands in a request line that ends with HTTP/1.x; nowhere where it does not.
std::size_t minor_version_in(std::string_view line) noexcept {
  constexpr std::string_view name = " HTTP/1.";
  if (line.ends_with("\r\n")) line.remove_suffix(2);
  if (line.size() <= name.size() || !line.substr(0, line.size() - 1).ends_with(name)) return std::string_view::npos;
  return line.back() >= '2' && line.back() <= '9' ? line.size() - 1 : std::string_view::npos;
}

/// A head that comes in very many pieces would be checked as often. What is checked of it in all is bounded by so many times the limit; a line that
/// is broken beyond that is found at the end of the head.
constexpr std::size_t checks = 16;

} // namespace

request_head::request_head(std::size_t size_limit) : limit_(size_limit) {}

request_head::~request_head() = default;

bool request_head::is_for_head(bytes_view input) const noexcept {
  return input.size() > begin_ && as_text(input.subspan(begin_)).starts_with("HEAD ");
}

void request_head::restart() {
  used_ = begin_ = 0;
  looked_ = line_ = line_before_ = 0;
  has_end_ = later_version_ = false;
  parser_.reset();
}

request_head::state request_head::put(bytes_view input) try {
  if (parser_ != nullptr) return put_to_beast(input);
  used_ = read_plain_request(as_text(input.first(std::min(input.size(), limit_))), plain_);
  if (used_ != 0) return state::complete;
  parser_ = std::make_unique<parser>();
  to_check_ = checks * limit_;
  return put_to_beast(input);
} catch (const std::length_error&) {
  return state::too_large; // Beast keeps no name and no value of 64 KiB or more
}

request_head::state request_head::put_to_beast(bytes_view input) {
  const bytes_view seen = input.first(std::min(input.size(), limit_));
  const state so_far = input.size() >= limit_ ? state::too_large : state::incomplete;
  // Empty lines before the request are nothing (RFC 9112 §2.2).
  while (used_ == begin_ && as_text(seen.subspan(used_)).starts_with("\r\n"))
    looked_ = line_ = line_before_ = used_ = begin_ += 2;
  if (as_text(seen.subspan(begin_)) == "\r") return so_far;
  if (!look_for_lines(as_text(seen))) return state::bad;
  if (later_version_ && used_ == begin_ && !put_later_version(seen)) return later_version_ ? so_far : state::bad;

  boost::system::error_code ec;
  const std::size_t end = end_for_beast(seen.size());
  while (used_ < end && !parser_->http.is_header_done()) {
    const std::size_t n = parser_->http.put(boost::asio::const_buffer(seen.data() + used_, end - used_), ec);
    used_ += n;
    if (ec == beast::error::bad_version && !later_version_) {
      later_version_ = true;
      used_ = begin_;
      return put_to_beast(input);
    }
    if (ec && ec != beast::error::need_more) return state::bad;
    if (n == 0 || ec) break;
  }
  if (parser_->http.is_header_done()) return state::complete;
  return is_broken(as_text(seen.subspan(used_))) ? state::bad : so_far;
}

/// Finds where the lines of the head end, in what is new: all of it is looked at once, in however many pieces it comes. False: a CR or an LF stands
/// alone (RFC 9112 §2.2), or a field goes on in the next line (§5.2 there), which Beast would take.
bool request_head::look_for_lines(std::string_view seen) {
  while (!has_end_) {
    const bool is_field = line_ != begin_ && line_ < seen.size();
    if (is_field && (seen[line_] == ' ' || seen[line_] == '\t')) return false;
    const std::size_t cr = seen.find('\r', looked_);
    const std::size_t lf = seen.find('\n', looked_);
    if (lf < cr) return false;
    looked_ = std::min(cr, seen.size());
    if (looked_ + 1 >= seen.size()) return true; // there is no CR, or it is the last byte: its LF may come
    if (lf != cr + 1) return false;
    looked_ = lf + 1;
    has_end_ = cr == line_; // an empty line; those before the request are not looked at
    line_before_ = std::exchange(line_, lf + 1);
  }
  return true;
}

/// Up to where Beast is given the input. Once it has been left with a line that has no end, it does not look at anything before the end of the head. So
/// until that is there: all whole lines, and one byte more, which shows that the last of them is not continued on the next.
std::size_t request_head::end_for_beast(std::size_t size) const noexcept {
  if (has_end_) return size;
  const std::size_t lines = line_ < size ? line_ : line_before_;
  return lines > used_ ? lines + 1 : used_;
}

/// Whether Beast refuses what it has not used yet: the beginning of the request line, or of a field.
bool request_head::is_broken(std::string_view rest) {
  if (rest.size() > to_check_) return false;
  to_check_ -= rest.size();
  std::string text{used_ == begin_ ? "" : "GET / HTTP/1.1\r\n"};
  text += rest;
  parser fresh;
  boost::system::error_code ec;
  fresh.http.put(boost::asio::const_buffer(text.data(), text.size()), ec);
  if (ec != beast::error::bad_version) return ec && ec != beast::error::need_more;
  const std::size_t end = rest.find("\r\n"); // a later version than 1.1 may be meant
  return end != std::string_view::npos && minor_version_in(rest.substr(0, end)) == std::string_view::npos;
}

// Beast knows HTTP/1.0 and 1.1 only; what is written for a later minor version can be read as 1.1 (RFC 9110 §2.5). True when the line was
// put; `later_version_` is false when it is of no such version.
bool request_head::put_later_version(bytes_view seen) {
  std::string line{as_text(seen.subspan(begin_))};
  const auto end = line.find("\r\n");
  if (end == std::string::npos) return false;
  line.resize(end + 2);
  const auto minor = minor_version_in(line);
  later_version_ = minor != std::string::npos;
  if (!later_version_) return false;
  line[minor] = '1';
  parser_ = std::make_unique<parser>();
  boost::system::error_code ec;
  const std::size_t n = parser_->http.put(boost::asio::const_buffer(line.data(), line.size()), ec);
  later_version_ = n == line.size() && (!ec || ec == beast::error::need_more);
  used_ = begin_ + n;
  return later_version_;
}

request request_head::take() {
  if (parser_ == nullptr) return std::move(plain_);
  const auto& message = parser_->http.get();
  request r;
  r.method = std::string{message.method_string()};
  r.target = std::string{message.target()};
  r.version = static_cast<int>(message.version());
  r.headers.reserve(
      static_cast<std::size_t>(std::distance(message.begin(), message.end()))); // kept while the connection lives
  for (const auto& field : message)
    r.headers.emplace_back(std::string{field.name_string()}, std::string{field.value()});
  take_origin_form(r);
  return r;
}

} // namespace swill::net::http
