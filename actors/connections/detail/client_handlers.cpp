#include "actors/connections/detail/claim.hpp"
#include "actors/connections/detail/node.hpp"
#include "libswill/api/app.hpp"

// The handlers that administrators call (docs/protocol.md §11).

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

void connections::install(app& a) {
  blueprint b{"swill.connections"};
  b.before_request_message([i = impl_](context& c) -> task<void> { // last, before the handler
    if (i->rule.empty()) detail::refuse();
    co_await detail::run_hooks(i->rule, c);
  });
  b.handle("list", [this](request<connection_query> r) { return list(std::move(r).data()); },
           {.doc = "A page of the connections of all nodes.", .idempotent = true, .errors = {400, 403, 503}});
  b.handle("count", [this](request<connection_filter> r) { return count(std::move(r).data()); },
           {.doc = "How many connections there are.", .idempotent = true, .errors = {403, 503}});
  b.handle("show", [this](request<detail::show_request> r) { return show(r.data().id, r.data().node); },
           {.doc = "One connection and its open requests.", .idempotent = true, .errors = {403, 404, 503}});
  b.handle("close",
           [this](request<detail::close_request> r) {
             return close(r.data().id, r.data().code, r.data().reason, r.data().node);
           },
           {.doc = "Closes one connection.", .errors = {400, 403, 404, 503}});
  b.handle("cancel",
           [this](request<detail::cancel_request> r) {
             return cancel(r.data().id, r.data().seq, r.data().reason, r.data().node);
           },
           {.doc = "Cancels one open request.", .errors = {403, 404, 503}});
  b.handle("close_user",
           [this](request<detail::close_user_request> r) {
             return close_user(r.data().user, r.data().code, r.data().reason);
           },
           {.doc = "Closes all connections of a user.", .errors = {400, 403, 503}});
  b.handle("watch",
           [this](request<event_filter> r) -> stream<connection_event> {
             task<connection_feed> begun = watch(std::move(r).data());
             connection_feed feed = co_await begun;
             const metadata leading{"node", node_id()};
             co_await r.context().send_leading(leading);
             while (auto e = co_await feed.next()) co_yield detail::moved{*e};
           },
           {.doc = "Connections and nodes that come and go.", .endless = true, .errors = {403, 429, 503}});
  a.mount(std::move(b));
  a.after_accept([i = impl_](connection& c) { return i->succeed(c); });
}

} // namespace swill
