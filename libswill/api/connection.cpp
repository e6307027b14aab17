#include "libswill/api/connection.hpp"

#include "libswill/base/encoding.hpp"
#include "libswill/base/header_fields.hpp"
#include "libswill/base/move_function.hpp"
#include "libswill/base/random.hpp"
#include "libswill/base/utf8.hpp"

#include <algorithm>
#include <array>
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
  static constexpr auto may = [] {
    std::array<bool, 256> all{};
    for (unsigned c = 33; c < 127; ++c) all[c] = c != '"' && c != ',' && c != ';' && c != '\\';
    return all;
  }();
  return std::all_of(s.begin(), s.end(), [](char c) { return may[static_cast<unsigned char>(c)]; });
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

namespace {

/// Where connection::fact() finds them.
enum fact_number : int { address_fact, target_fact, method_fact, subprotocol_fact, fact_count };

/// What connection::facts_ holds, in its order.
template <class F>
void for_each_fact(handshake_request& r, F f) {
  for (std::string* text : {&r.remote_address, &r.target, &r.method, &r.subprotocol}) f(*text);
  for (auto& [name, text] : r.headers) {
    f(name);
    f(text);
  }
}

} // namespace

connection::connection(std::string id, handshake_request request)
    : id_(std::move(id)), remote_port_(request.remote_port), is_tls_(request.tls) {
  std::size_t size = 0;
  for_each_fact(request, [&size](std::string& text) {
    mend(text);
    size += text_block::size_of(text);
  });
  text_block::writer facts{size};
  for_each_fact(request, [&facts](std::string& text) { facts.append(text); });
  facts_ = facts.finish();
  if (request.certificate) to_keep().certificate = std::move(request.certificate);
}

const connection::seldom& connection::kept() const noexcept {
  static const seldom nothing;
  return seldom_ ? *seldom_ : nothing;
}

connection::seldom& connection::to_keep() {
  if (!seldom_) seldom_ = std::make_unique<seldom>();
  return *seldom_;
}

void connection::set_remote_address(std::string_view address) {
  static_assert(address_fact == 0);
  std::string mended{address};
  mend(mended);
  std::string facts;
  text_block::append(facts, mended);
  auto others = facts_.begin();
  others.next();
  facts_ = text_block{facts.append(others.rest())};
}

std::string_view connection::fact(int number) const noexcept {
  auto c = facts_.begin();
  while (number-- > 0) c.next();
  return c.next();
}

std::string_view connection::remote_address() const noexcept { return fact(address_fact); }
std::string_view connection::target() const noexcept { return fact(target_fact); }
std::string_view connection::method() const noexcept { return fact(method_fact); }
std::string_view connection::subprotocol() const noexcept { return fact(subprotocol_fact); }

text_pairs connection::headers() const noexcept {
  auto c = facts_.begin();
  for (int n = 0; n < fact_count; ++n) c.next();
  return text_pairs{c};
}

std::string_view connection::path() const noexcept {
  const std::string_view t = target();
  return t.substr(0, t.find('?'));
}

std::string_view connection::query() const noexcept {
  const std::string_view t = target();
  const std::size_t at = t.find('?');
  return at == std::string_view::npos ? std::string_view{} : t.substr(at + 1);
}

std::optional<std::string_view> connection::header(std::string_view name) const noexcept {
  for (const auto& [n, v] : headers()) {
    if (header_fields::same_token(n, name)) return v;
  }
  return std::nullopt;
}

handshake_request connection::request() const {
  handshake_request r{.method = std::string{method()},
                      .target = std::string{target()},
                      .headers = {},
                      .remote_address = std::string{remote_address()},
                      .remote_port = remote_port_,
                      .tls = is_tls_,
                      .certificate = kept().certificate,
                      .subprotocol = std::string{subprotocol()}};
  for (const auto& [name, text] : headers()) r.headers.emplace_back(name, text);
  return r;
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
  if (query().empty()) return std::nullopt;
  const auto all = arguments();
  const auto it = all.find(name);
  if (it == all.end()) return std::nullopt;
  return it->second.front();
}

void connection::for_each_cookie(const std::function<void(std::string_view, std::string_view)>& f) const {
  for (const auto& [header, text] : headers()) {
    if (!header_fields::same_token(header, "Cookie")) continue;
    header_fields::split(text, ';', [&f](std::string_view part) {
      const std::size_t at = part.find('=');
      if (at == std::string_view::npos) return;
      std::string_view value = header_fields::trimmed(part.substr(at + 1));
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
      f(header_fields::trimmed(part.substr(0, at)), value);
    });
  }
}

std::map<std::string, std::string, std::less<>> connection::cookies() const {
  std::map<std::string, std::string, std::less<>> out;
  for_each_cookie([&out](std::string_view name, std::string_view text) {
    out.emplace(std::string{name}, std::string{text}); // of several of one name the first
  });
  return out;
}

void connection::set_response_header(std::string_view name, std::string_view text) {
  if (!header_fields::may_travel(name, text)) throw std::invalid_argument("HTTP does not allow this header");
  to_keep().response_headers.emplace_back(name, text);
}

void connection::set_cookie(std::string_view name, std::string_view text, std::string_view attributes) {
  // Between semicolons stands whatever is no control character; where one attribute ends is for who writes them to say.
  const bool good_attributes = header_fields::printable_length(attributes) == attributes.size();
  if (!header_fields::is_token(name) || !is_cookie_value(text) || !good_attributes)
    throw std::invalid_argument("RFC 6265 does not allow this cookie");
  std::string line{name};
  line.reserve(name.size() + 1 + text.size() + 2 + attributes.size());
  line.append(1, '=').append(text);
  if (!attributes.empty()) line.append("; ").append(attributes);
  to_keep().response_headers.emplace_back("Set-Cookie", std::move(line)); // which may travel, as its parts may
}

void connection::close(int code, std::string_view reason) {
  if (closer_ != nullptr) closer_->on_close_wanted(code, reason);
}

void connection::log(log_level level, std::string_view text, log_fields fields) const {
  logger{log_.get()}.write(log_entry{
      .level = level, .text = text, .connection = id_, .user = user(), .fields = {fields.begin(), fields.size()}});
}

bool connection::is_logged(log_level level) const noexcept { return logger{log_.get()}.enabled(level); }

void connection::set_user(std::string user) {
  if (user == kept().user) return;
  if (!valid_utf8(user)) throw std::invalid_argument("the name of a user is not UTF-8");
  seldom& known = to_keep();
  const std::string before = std::exchange(known.user, std::move(user));
  for (std::size_t i = 0; i < known.user_watchers.size(); ++i) known.user_watchers[i](*this, before);
}

void connection::on_user_changed(std::function<void(connection&, const std::string&)> f) {
  detail::must_be_function(f, "on_user_changed");
  to_keep().user_watchers.push_back(std::move(f));
}

std::string make_connection_id() { return random_hex(16); }

} // namespace swill
