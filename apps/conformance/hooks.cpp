#include "apps/conformance/handlers.hpp"

#include <charconv>
#include <chrono>
#include <stdexcept>

namespace swill::conformance {

namespace {

using namespace std::chrono_literals;

[[noreturn]] void boom() { throw std::runtime_error{"boom"}; }

// --- Connections: what the query asks for

int number_in(std::string_view text) {
  int n = 0;
  std::from_chars(text.data(), text.data() + text.size(), n);
  return n;
}

void reject_if_asked(const connection& c) {
  const auto wanted = c.argument("reject");
  if (!wanted) return;
  if (*wanted == "boom") boom();
  throw rejection{number_in(c.argument("status").value_or(*wanted)), "rejected by before_connection"};
}

task<void> before_connection(connection& c) {
  if (const auto text = c.argument("hdr")) c.set_response_header("X-Demo", *text);
  if (const auto text = c.argument("cookie")) c.set_cookie("demo", *text);
  if (const auto ms = c.argument("delay")) co_await sleep_for(std::chrono::milliseconds{number_in(*ms)});
  reject_if_asked(c);
}

void after_accept(connection& c) {
  const auto wanted = c.argument("close");
  if (!wanted) return;
  if (*wanted == "boom") boom();
  c.close(number_in(*wanted), "closed by after_accept");
}

void add_connection_hooks(app& to, hook_log& log) {
  to.before_connection([&log](connection& c) {
    log.append(c, "before_connection");
    return before_connection(c);
  });
  to.before_accept([&log](connection& c) { log.append(c, "before_accept"); });
  to.after_accept([&log](connection& c) {
    log.append(c, "after_accept");
    after_accept(c);
  });
  to.after_connection([&log](connection& c) {
    log.append(c, "after_connection");
    if (c.argument("after") == "boom") boom();
  });
}

// --- Requests: what the client's metadata ask for

/// The client's metadata say that hook `name` is to do this.
bool is_asked(const context& c, std::string_view what, std::string_view name) {
  const value* wanted = c.metadata().find(what);
  const auto* text = wanted != nullptr ? wanted->get_if<std::string>() : nullptr;
  return text != nullptr && *text == name;
}

task<void> misbehave(const context& c, std::string_view name) {
  if (is_asked(c, "x-hook-delay", name)) co_await sleep_for(100ms);
  if (is_asked(c, "x-hook-fail", name)) throw error{499, "hook " + std::string{name}};
  if (is_asked(c, "x-hook-boom", name)) boom();
  if (is_asked(c, "x-hook-close", name)) throw close_connection{4010, "hook " + std::string{name}};
}

task<void> change_metadata(const context& c, metadata& m, std::string_view name) {
  co_await misbehave(c, name);
  if (is_asked(c, "x-hook-set", name)) m.set("hooked", true);
}

/// A request hook of any kind: logs under its name, then does as the metadata ask. Names are literals.
auto plain_hook(hook_log& log, std::string_view name) {
  return [&log, name](context& c) {
    log.append(c, name);
    return misbehave(c, name);
  };
}

auto metadata_hook(hook_log& log, std::string_view name) {
  return [&log, name](context& c, metadata& m) {
    log.append(c, name);
    return change_metadata(c, m, name);
  };
}

value to_value(const outcome& o) {
  switch (o.how) {
    case outcome::kind::ok: return "ok";
    case outcome::kind::error: return o.code;
    case outcome::kind::cancelled: return "cancelled";
  }
  return {};
}

void add_request_hooks(app& to, hook_log& log) {
  to.before_request(plain_hook(log, "before_request"));
  to.before_request_metadata(metadata_hook(log, "before_request_metadata"));
  to.before_request_data(plain_hook(log, "before_request_data"));
  to.before_request_message(plain_hook(log, "before_request_message"));
  to.before_leading_metadata(metadata_hook(log, "before_leading_metadata"));
  to.before_response_message(plain_hook(log, "before_response_message"));
  to.before_trailing_metadata(metadata_hook(log, "before_trailing_metadata"));
  to.after_request([&log](context& c, const outcome& o) {
    log.append(c, "after_request", to_value(o));
    return misbehave(c, "after_request");
  });
}

} // namespace

blueprint make_blueprint(hook_log& log) {
  blueprint bp{"bp"};
  bp.before_request([&log](context& c) { log.append(c, "bp.before_request.1"); });
  bp.before_request([&log](context& c) { log.append(c, "bp.before_request.2"); });
  bp.after_request([&log](context& c, const outcome& o) { log.append(c, "bp.after_request", to_value(o)); });
  bp.handle("echo", [](request<std::int64_t> r) { return r.data(); });
  bp.handle("fail", [](request<std::optional<std::int64_t>>) -> std::int64_t {
    throw error{error_code::conflict, "bp"};
  });
  return bp;
}

void add_hooks(app& to, hook_log& log) {
  add_connection_hooks(to, log);
  add_request_hooks(to, log);
}

} // namespace swill::conformance
