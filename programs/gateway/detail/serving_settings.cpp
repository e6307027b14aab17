#include "programs/gateway/detail/serving_settings.hpp"

#include "libswill/base/header_fields.hpp"
#include "libswill/base/utf8.hpp"
#include "libswill/transport/origin.hpp"
#include "programs/gateway/detail/limit_options.hpp"

#include <stdexcept>

namespace swill::programs {

namespace {

/// Why it cannot be; empty when it can.
std::string check_origin(const std::string& text) {
  try {
    static_cast<void>(transport::origin_list{text});
    return {};
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
}

/// The last address is the one that our own proxy has seen; those before it are the client's to invent.
void take_forwarded_address(connection& c) {
  std::string_view all;
  for (const auto& [name, text] : c.headers()) { // of several headers, too, the last
    if (header_fields::same_token(name, "X-Forwarded-For")) all = text;
  }
  // It is shown, and sent to other nodes, as text: what an address can be fits in, and is UTF-8.
  constexpr std::size_t longest = 256;
  const std::string_view last = cut_text(header_fields::last_element(all), longest);
  if (!last.empty()) c.set_remote_address(make_valid_utf8(last));
}

} // namespace

void serving_settings::add_to(command_line& program) {
  listen_.add_to(program);
  program.add({"--workers", whole_number(workers_, 0, 1024),
               "threads for blocking handlers; 0: as many as cores, at least 4", "COUNT"});
  program.add({"--origin", checked(origins_, check_origin),
               "browsers may come from here, such as https://example.org or https://*.example.org; repeatable; none or "
               "*: from anywhere"});
  program.add({"--path", path_, "of the WebSocket endpoint"});
  program.add({"--trust-forwarded-for", trust_forwarded_for_,
               "the address of a client is the last one in X-Forwarded-For: only behind a proxy that adds it"});
  program.add({"--introspection", introspection_, "clients may ask which handlers there are (swill.introspect)"});
  program.add({.name = "--no-introspection",
               .value = no_introspection_,
               .text = "they may not, whatever --introspection says",
               .variable = ""});
  log_.add_to(program);
  add_limit_options(program, limits_);
  ping_timeout_ = program.option_called("--ping-timeout");
}

void serving_settings::apply(app& a) const {
  require_effect(ping_timeout_, limits_.ping_interval.count() != 0, "where --ping-interval is 0: no pings");
  a.use(log_.make());
  a.limits() = limits_;
  a.set_debug(listen_.debug());
  a.introspection(introspection_ && !no_introspection_ ? introspect::on : introspect::off);
  if (trust_forwarded_for_) a.before_connection(take_forwarded_address);
}

server_options serving_settings::server() const {
  server_options out = listen_.server();
  out.workers = workers_;
  out.origins = origins_;
  out.path = path_;
  return out;
}

} // namespace swill::programs
