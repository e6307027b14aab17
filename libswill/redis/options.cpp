#include "libswill/redis/options.hpp"

#include "libswill/base/encoding.hpp"
#include "libswill/base/host_and_port.hpp"
#include "libswill/base/text.hpp"
#include "libswill/net/tls.hpp"
#include "libswill/redis/client.hpp"
#include "libswill/redis/outage_log.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <stdexcept>
#include <utility>

namespace swill::redis {

namespace {

error bad(const char* what) { return {error_code::bad_request, std::string{"Redis address: "} + what}; }

/// Percent-decodes; false for an escape that is none, and for NUL.
bool decode(std::string_view s, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < s.size(); ++i) {
    char c = s[i];
    if (c == '%') {
      if (i + 2 >= s.size() || hex_digit(s[i + 1]) < 0 || hex_digit(s[i + 2]) < 0) return false;
      c = static_cast<char>(hex_digit(s[i + 1]) * 16 + hex_digit(s[i + 2]));
      i += 2;
    }
    if (c == '\0') return false;
    out += c;
  }
  return true;
}

template <class N>
bool number(std::string_view s, N& out) noexcept {
  const auto [end, problem] = std::from_chars(s.data(), s.data() + s.size(), out);
  return problem == std::errc{} && end == s.data() + s.size();
}

/// Takes "user:password@" off the front of s, if it is there.
std::optional<error> take_user(std::string_view& s, options& o) {
  const std::size_t at = s.substr(0, s.find('/')).rfind('@');
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view who = s.substr(0, at);
  s.remove_prefix(at + 1);
  const std::size_t colon = std::min(who.find(':'), who.size());
  if (!decode(who.substr(0, colon), o.user)) return bad("the user cannot be decoded");
  if (!decode(who.substr(std::min(colon + 1, who.size())), o.password)) return bad("the password cannot be decoded");
  if (!o.user.empty() && o.password.empty()) return bad("a user without a password");
  return std::nullopt;
}

std::optional<error> parse_unix(std::string_view s, options& o) {
  if (auto e = take_user(s, o)) return e;
  const std::size_t mark = std::min(s.find('?'), s.size());
  if (!decode(s.substr(0, mark), o.unix_path)) return bad("the path cannot be decoded");
  if (o.unix_path.empty() || o.unix_path.front() != '/') return bad("the path of a Unix socket must be absolute");
  if (o.unix_path.size() > 107) return bad("the path of a Unix socket has at most 107 bytes");
  if (mark == s.size()) return std::nullopt;
  const std::string_view query = s.substr(mark + 1);
  if (query.substr(0, 3) != "db=" || !number(query.substr(3), o.database))
    return bad("behind the ? only db=NUMBER fits");
  return std::nullopt;
}

/// "host", "host:port", "[v6]", "[v6]:port".
std::optional<error> parse_host(std::string_view s, options& o) {
  const auto parts = split_host_and_port(s);
  if (!parts) return bad("an IPv6 address stands in brackets, with nothing but :PORT behind them");
  if (parts->port) {
    const auto port = port_number(*parts->port);
    if (port.value_or(0) == 0) return bad("the port is no number of 1 to 65535");
    o.port = *port;
  }
  if (!decode(parts->host, o.host) || o.host.empty()) return bad("no host");
  if (!may_be_host(o.host)) return bad("there can be no such host");
  return std::nullopt;
}

std::optional<error> parse_tcp(std::string_view s, options& o) {
  if (auto e = take_user(s, o)) return e;
  const std::size_t slash = std::min(s.find('/'), s.size());
  if (auto e = parse_host(s.substr(0, slash), o)) return e;
  const std::string_view database = s.substr(std::min(slash + 1, s.size()));
  if (!database.empty() && !number(database, o.database)) return bad("the database is no number");
  return std::nullopt;
}

} // namespace

std::shared_ptr<outage_log> make_outage_log() { return std::make_shared<outage_log>(); }

result<options> options::parse(std::string_view address) {
  options out;
  std::optional<error> problem;
  // A scheme is the same in any case (RFC 3986 §3.1).
  if (same_in_any_case(address.substr(0, 8), "redis://")) {
    problem = parse_tcp(address.substr(8), out);
  } else if (same_in_any_case(address.substr(0, 9), "rediss://")) {
    out.tls.emplace();
    problem = parse_tcp(address.substr(9), out);
  } else if (same_in_any_case(address.substr(0, 7), "unix://")) {
    problem = parse_unix(address.substr(7), out);
  } else {
    problem = bad("it begins with none of redis://, rediss:// and unix://; redis://localhost would be right");
  }
  if (problem) return std::move(*problem);
  return out;
}

void check(const options& o, mistake_list& out) {
  constexpr std::chrono::milliseconds some{1};
  if (o.unix_path.empty() && o.host.empty()) out.add("redis.host", "is empty; a name or an IP address would be right");
  if (o.unix_path.empty()) out.check_size("redis.port", o.port, 1, std::numeric_limits<std::uint16_t>::max());
  if (!o.unix_path.empty() && o.unix_path.front() != '/')
    out.add("redis.unix_path", "is \"" + o.unix_path + "\"; an absolute path would be right");
  if (!o.user.empty() && o.password.empty()) out.add("redis.user", "has no password; one would be right");
  if (o.tls && !o.unix_path.empty()) out.add("redis.tls", "is set, with a Unix socket; one of them would be right");
  if (o.tls) net::check(*o.tls, "redis.tls", out);
  out.check_time("redis.connect_timeout", o.connect_timeout, some);
  out.check_time("redis.command_timeout", o.command_timeout, some);
  out.check_time("redis.liveness", o.liveness, some);
  out.check_time("redis.shortest_backoff", o.shortest_backoff, some);
  out.check_time("redis.longest_backoff", o.longest_backoff, std::max(some, o.shortest_backoff));
  out.check_size("redis.queued_commands", o.queued_commands, 1);
  out.check_size("redis.queued_bytes", o.queued_bytes, 1);
  out.check_size("redis.reply_size", o.reply_size, 1);
  out.check_size("redis.reply_elements", o.reply_elements, 1);
}

std::string options::text() const {
  const std::string db = std::to_string(database);
  if (!unix_path.empty()) return "unix://" + unix_path + "?db=" + db;
  return (tls ? "rediss://" : "redis://") + host_and_port(host, std::to_string(port)) + "/" + db;
}

place place::at(std::string_view address, std::string prefix) {
  auto server = options::parse(address);
  if (!server) throw std::invalid_argument(server.error().message);
  return {std::move(*server), std::move(prefix)};
}

std::unique_ptr<client> place::make_client(swill::loop& l, const log_sink* log) const {
  return std::make_unique<client>(l, server, log);
}

} // namespace swill::redis
