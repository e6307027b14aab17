#pragma once

#include "actors/connections/connections.hpp"
#include "libswill/api/app.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace swill {

namespace detail {

struct show_request {
  std::string id;
  std::string node;
};
template <class D>
void describe(D& d, show_request& r) {
  d.field("id", r.id);
  d.field("node", r.node, defaulted{}, doc{"where it is, when that is known: others are not asked"});
}

struct close_request {
  std::string id;
  std::string node;
  int code = 1008;
  std::string reason = "closed by an administrator";
};
template <class D>
void describe(D& d, close_request& r) {
  d.field("id", r.id);
  d.field("node", r.node, defaulted{});
  d.field("code", r.code, defaulted{}, doc{"of RFC 6455, 7.4"});
  d.field("reason", r.reason, defaulted{});
}

struct cancel_request {
  std::string id;
  std::uint64_t seq = 0;
  std::string node;
  std::string reason = "cancelled by an administrator";
};
template <class D>
void describe(D& d, cancel_request& r) {
  d.field("id", r.id);
  d.field("seq", r.seq, doc{"of an open request, as show lists them"});
  d.field("node", r.node, defaulted{});
  d.field("reason", r.reason, defaulted{}, doc{"the message of the ERROR 499 that its client gets"});
}

struct close_user_request {
  std::string user;
  int code = 1008;
  std::string reason = "closed by an administrator";
};
template <class D>
void describe(D& d, close_user_request& r) {
  d.field("user", r.user, min_length{1});
  d.field("code", r.code, defaulted{}, doc{"of RFC 6455, 7.4"});
  d.field("reason", r.reason, defaulted{});
}

} // namespace detail

/// The handlers that administrators call: swill.connections.list, show, count, close, close_user, cancel, watch (docs/protocol.md §11).
class connections::client_handlers {
public:
  using shared = std::shared_ptr<impl>; ///< what the connections object is made of; with it and with the app's handlers

  static void install(const shared& i, connections& all, app& a);

private:
  static task<void> check(const shared& i, context& c);
  static task<connection_page> list(shared i, connections& all, request<connection_query> r);
  static task<connection_count> count(shared i, connections& all, request<connection_filter> r);
  static task<connection_details> show(shared i, connections& all, request<detail::show_request> r);
  static task<closed_connections> close(shared i, connections& all, request<detail::close_request> r);
  static task<open_request> cancel(shared i, connections& all, request<detail::cancel_request> r);
  static task<closed_connections> close_user(shared i, connections& all, request<detail::close_user_request> r);
  static stream<connection_event> watch(shared i, connections& all, request<event_filter> r);
};

} // namespace swill
