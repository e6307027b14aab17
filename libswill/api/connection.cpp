#include "libswill/api/connection.hpp"

#include "libswill/base/encoding.hpp"
#include "libswill/base/header_fields.hpp"
#include "libswill/base/move_function.hpp"
#include "libswill/base/random.hpp"
#include "libswill/base/utf8.hpp"

#include <algorithm>
#include <stdexcept>

namespace swill {

namespace {

/// What the client says is shown, and sent to others, as text.
void mend(std::string& s) {
  if (!valid_utf8(s)) s = make_valid_utf8(s);
}

std::string decode_query(std::string_view s) {
  std::string out;
  out.reserve(s.size());
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] == '+') {
      out += ' ';
    } else if (s[i] == '%' && i + 2 < s.size() && hex_digit(s[i + 1]) >= 0 && hex_digit(s[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(s[i + 1]) * 16 + hex_digit(s[i + 2]));
      i += 2;
    } else {
      out += s[i];
    }
  }
  mend(out);
  return out;
}

/// cookie-value of RFC 6265 §4.1.1: no blank, quote, comma, semicolon or backslash, and ASCII only; quotes may be around it.
bool is_cookie_value(std::string_view s) noexcept {
  if (s.size() >= 2 && s.front() == '"' && s.back() == '"') s = s.substr(1, s.size() - 2);
  return std::all_of(s.begin(), s.end(),
                     [](char c) { return c > 32 && c < 127 && c != '"' && c != ',' && c != ';' && c != '\\'; });
}

} // namespace

rejection::rejection(const error& e)
    : status(static_cast<int>(std::clamp<std::int64_t>(e.code, 0, 1000))), body(e.message) {}

int rejection::http_status() const noexcept {
  if (status >= 1000) return 403;
  return status >= 300 && status <= 599 ? status : 500;
}

error rejection::to_error() const {
  error e{http_status(), body.empty() ? "Request rejected" : body};
  mend(e.message);
  return e;
}

connection::connection(std::string id, handshake_request request) : id_(std::move(id)), request_(std::move(request)) {
  mend(request_.method);
  mend(request_.target);
  mend(request_.remote_address);
  mend(request_.subprotocol);
  for (auto& [name, text] : request_.headers) {
    mend(name);
    mend(text);
  }
}

void connection::set_remote_address(std::string_view address) {
  request_.remote_address = address;
  mend(request_.remote_address);
}

std::string_view connection::path() const noexcept {
  const std::string_view t = request_.target;
  return t.substr(0, t.find('?'));
}

std::string_view connection::query() const noexcept {
  const std::string_view t = request_.target;
  const std::size_t at = t.find('?');
  return at == std::string_view::npos ? std::string_view{} : t.substr(at + 1);
}

std::optional<std::string_view> connection::header(std::string_view name) const noexcept {
  for (const auto& [n, v] : request_.headers) {
    if (header_fields::same_token(n, name)) return v;
  }
  return std::nullopt;
}

std::map<std::string, std::vector<std::string>, std::less<>> connection::arguments() const {
  std::map<std::string, std::vector<std::string>, std::less<>> out;
  header_fields::split(query(), '&', [&out](std::string_view part) {
    if (part.empty()) return;
    const std::size_t at = std::min(part.find('='), part.size());
    out[decode_query(part.substr(0, at))].push_back(decode_query(part.substr(std::min(at + 1, part.size()))));
  });
  return out;
}

std::optional<std::string> connection::argument(std::string_view name) const {
  const auto all = arguments();
  const auto it = all.find(name);
  if (it == all.end()) return std::nullopt;
  return it->second.front();
}

std::map<std::string, std::string, std::less<>> connection::cookies() const {
  std::map<std::string, std::string, std::less<>> out;
  header_fields::for_each_cookie(request_.headers, [&out](std::string_view name, std::string_view text) {
    out.emplace(std::string{name}, std::string{text}); // of several of one name the first
  });
  return out;
}

void connection::set_response_header(std::string_view name, std::string_view text) {
  if (!header_fields::may_travel(name, text)) throw std::invalid_argument("HTTP does not allow this header");
  response_headers_.emplace_back(name, text);
}

void connection::set_cookie(std::string_view name, std::string_view text, std::string_view attributes) {
  // Between semicolons stands whatever is no control character; where one attribute ends is for who writes them to say.
  const bool good_attributes =
      std::all_of(attributes.begin(), attributes.end(), [](char c) { return c >= 32 && c != 127; });
  if (!header_fields::is_token(name) || !is_cookie_value(text) || !good_attributes)
    throw std::invalid_argument("RFC 6265 does not allow this cookie");
  std::string line{name};
  line.append("=").append(text);
  if (!attributes.empty()) line.append("; ").append(attributes);
  set_response_header("Set-Cookie", line);
}

void connection::close(int code, std::string_view reason) {
  if (on_close_wanted) on_close_wanted(code, reason);
}

void connection::log(log_level level, std::string_view text, log_fields fields) const {
  logger{log_.get()}.write(log_entry{
      .level = level, .text = text, .connection = id_, .user = user_, .fields = {fields.begin(), fields.size()}});
}

bool connection::is_logged(log_level level) const noexcept { return logger{log_.get()}.enabled(level); }

void connection::set_user(std::string user) {
  if (user == user_) return;
  if (!valid_utf8(user)) throw std::invalid_argument("the name of a user is not UTF-8");
  const std::string before = std::exchange(user_, std::move(user));
  for (std::size_t i = 0; i < user_watchers_.size(); ++i) user_watchers_[i](*this, before);
}

void connection::on_user_changed(std::function<void(connection&, const std::string&)> f) {
  detail::must_be_function(f, "on_user_changed");
  user_watchers_.push_back(std::move(f));
}

std::string make_connection_id() { return random_hex(16); }

} // namespace swill
