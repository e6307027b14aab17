#include "apps/cli/connect.hpp"

#include "apps/cli/cookie_jar.hpp"
#include "libswill/base/await.hpp"
#include "libswill/base/header_fields.hpp"

#include <chrono>
#include <exception>
#include <optional>
#include <string_view>

namespace swill::cli {

namespace {

/// The connection is closed in an orderly way also when the verb was cancelled: then its calls have sent CANCEL.
task<void> close(client& c, std::chrono::milliseconds patience) {
  scope& here = co_await this_scope{};
  here.reset_cancel();
  c.close();
  co_await when_any(c.closed(), sleep_for(patience));
}

/// The deadline has passed, so that nobody waits for the server any longer.
bool is_late(const options& o, const std::exception_ptr& failure) {
  if (o.timeout.count() == 0 || !failure) return false;
  try {
    std::rethrow_exception(failure);
  } catch (const error& e) {
    return e.is(error_code::deadline_exceeded);
  } catch (...) {
    return false;
  }
}

/// After those of -H, if there are any: a request has one such field (RFC 6265 §5.4).
void add_cookies(header_list& to, const std::string& cookies) {
  if (cookies.empty()) return;
  for (auto& [name, text] : to) {
    if (!header_fields::same_token(name, "Cookie")) continue;
    text += "; " + cookies;
    return;
  }
  to.emplace_back("Cookie", cookies);
}

/// A server that is not trusted may be of an authority that nobody has named, or have another name than its address.
std::string hint_of(const tls_client_options& tls, std::string_view failure) {
  if (failure.find("not trusted") == failure.npos) return {};
  if (failure.find(" mismatch") != failure.npos) { // of the name, or of the IP address
    return tls.server_name.empty() ? " (--tls-server-name NAME says which name it must have, instead of the URL's host)"
                                   : " (--tls-server-name is " + tls.server_name + ")";
  }
  return tls.authority.empty() ? " (without --tls-ca FILE, the system's authorities are trusted)" : "";
}

task<client> connect(const options& o, const std::string& url, const client_options& how) {
  try {
    co_return co_await client::connect(url, how);
  } catch (connect_error& e) {
    if (e.why == connect_error::kind::tls) e.message += hint_of(o.tls, e.message);
    throw;
  }
}

} // namespace

task<void> with_server(const options& o, output& out, std::string url, std::function<task<void>(session)> run) {
  client_options how = o.client();
  std::optional<cookie_jar> jar;
  if (!o.cookie_jar.empty()) {
    jar.emplace(o.cookie_jar, url);
    add_cookies(how.headers, jar->header());
  }
  client server = co_await connect(o, url, how);
  if (jar) jar->take(server.response_headers());
  std::exception_ptr failure;
  try {
    const session s{o, out, server};
    co_await run(s);
  } catch (...) {
    failure = std::current_exception();
  }
  constexpr std::chrono::milliseconds to_send_it{20};
  co_await close(server, is_late(o, failure) ? to_send_it : how.close_timeout);
  if (failure) std::rethrow_exception(failure);
}

} // namespace swill::cli
