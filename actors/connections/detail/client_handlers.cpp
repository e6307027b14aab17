#include "actors/connections/detail/client_handlers.hpp"

#include "actors/connections/detail/node.hpp"

namespace swill {

void connections::client_handlers::install(const shared& i, connections& all, app& a) {
  a.handle("swill.connections.list", [i, &all](request<connection_query> r) { return list(i, all, std::move(r)); },
           {.doc = "A page of the connections of all nodes.", .idempotent = true, .errors = {400, 403, 503}});
  a.handle("swill.connections.count", [i, &all](request<connection_filter> r) { return count(i, all, std::move(r)); },
           {.doc = "How many connections there are.", .idempotent = true, .errors = {403, 503}});
  a.handle("swill.connections.show", [i, &all](request<detail::show_request> r) { return show(i, all, std::move(r)); },
           {.doc = "One connection and its open requests.", .idempotent = true, .errors = {403, 404, 503}});
  a.handle("swill.connections.close",
           [i, &all](request<detail::close_request> r) { return close(i, all, std::move(r)); },
           {.doc = "Closes one connection.", .errors = {400, 403, 404, 503}});
  a.handle("swill.connections.cancel",
           [i, &all](request<detail::cancel_request> r) { return cancel(i, all, std::move(r)); },
           {.doc = "Cancels one open request.", .errors = {403, 404, 503}});
  a.handle("swill.connections.close_user",
           [i, &all](request<detail::close_user_request> r) { return close_user(i, all, std::move(r)); },
           {.doc = "Closes all connections of a user.", .errors = {400, 403, 503}});
  a.handle("swill.connections.watch", [i, &all](request<event_filter> r) { return watch(i, all, std::move(r)); },
           {.doc = "Connections and nodes that come and go.", .endless = true, .errors = {403, 429, 503}});
}

task<void> connections::client_handlers::check(const shared& i, context& c) {
  if (i->rule.empty()) detail::refuse();
  co_await detail::run_hooks(i->rule, c);
}

task<connection_page> connections::client_handlers::list(shared i, connections& all, request<connection_query> r) {
  co_await check(i, r.context());
  task<connection_page> page = all.list(std::move(r).data());
  co_return co_await page;
}

task<connection_count> connections::client_handlers::count(shared i, connections& all, request<connection_filter> r) {
  co_await check(i, r.context());
  task<connection_count> counted = all.count(std::move(r).data());
  co_return co_await counted;
}

task<connection_details> connections::client_handlers::show(shared i, connections& all,
                                                            request<detail::show_request> r) {
  co_await check(i, r.context());
  co_return co_await all.show(r.data().id, r.data().node);
}

task<closed_connections> connections::client_handlers::close(shared i, connections& all,
                                                             request<detail::close_request> r) {
  co_await check(i, r.context());
  co_return co_await all.close(r.data().id, r.data().code, r.data().reason, r.data().node);
}

task<open_request> connections::client_handlers::cancel(shared i, connections& all, request<detail::cancel_request> r) {
  co_await check(i, r.context());
  co_return co_await all.cancel(r.data().id, r.data().seq, r.data().reason, r.data().node);
}

task<closed_connections> connections::client_handlers::close_user(shared i, connections& all,
                                                                  request<detail::close_user_request> r) {
  co_await check(i, r.context());
  co_return co_await all.close_user(r.data().user, r.data().code, r.data().reason);
}

stream<connection_event> connections::client_handlers::watch(shared i, connections& all, request<event_filter> r) {
  co_await check(i, r.context());
  task<connection_feed> begun = all.watch(std::move(r).data());
  connection_feed feed = co_await begun;
  const metadata leading{"node", all.node_id()};
  co_await r.context().send_leading(leading);
  while (auto e = co_await feed.next()) co_yield detail::moved{*e};
}

} // namespace swill
