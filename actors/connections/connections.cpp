#include "actors/connections/connections.hpp"

#include "actors/cluster/memory_cluster.hpp"
#include "actors/connections/detail/client_handlers.hpp"
#include "actors/connections/detail/node.hpp"
#include "libswill/base/printable.hpp"
#include "libswill/base/random.hpp"
#include "libswill/base/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <future>
#include <map>

namespace swill {

namespace {

using detail::gathered;
using detail::list_place;
using detail::question;
using detail::question_kinds;

// --- Cursors: "NODE.UNIT.NUMBER" of the last connection of a page; the next page begins after it

std::string cursor_of(const std::string& node, const list_place& p) {
  return node + "." + std::to_string(p.unit) + "." + std::to_string(p.number);
}

bool take_number(std::string_view& s, std::uint64_t& to) {
  const std::size_t dot = s.rfind('.');
  if (dot == std::string_view::npos) return false;
  const std::string_view digits = s.substr(dot + 1);
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), to);
  s = s.substr(0, dot);
  return problem == std::errc{} && end == digits.data() + digits.size();
}

std::optional<std::pair<std::string, list_place>> read_cursor(std::string_view s) {
  list_place p;
  if (!take_number(s, p.number) || !take_number(s, p.unit) || s.empty()) return std::nullopt;
  return std::pair{std::string{s}, p};
}

/// The names of those that are missing.
std::map<std::string, std::string> names_of_missing(const gathered& g) {
  std::map<std::string, std::string> out;
  for (const std::string& node : g.missing) {
    if (const auto at = g.names.find(node); at != g.names.end()) out.insert(*at);
  }
  return out;
}

connection_page page_of(gathered g, std::uint64_t limit) {
  connection_page page;
  page.names = names_of_missing(g);
  page.missing = std::move(g.missing);
  for (auto& [node, a] : g.answers) {
    const std::size_t n = std::min<std::size_t>(a.entries.size(), limit - page.connections.size());
    const bool cut = n < a.entries.size() || a.more;
    for (std::size_t i = 0; i < n; ++i) page.connections.push_back(std::move(a.entries[i]));
    if (n != 0 && n <= a.places.size()) page.cursor = cursor_of(node, a.places[n - 1]);
    if (cut) return page;
  }
  if (page.connections.size() < limit) page.cursor.clear(); // all nodes were asked, and had no more
  return page;
}

closed_connections closed_of(gathered g) {
  closed_connections c;
  for (const auto& [node, a] : g.answers) c.closed += a.count;
  c.missing = std::move(g.missing);
  return c;
}

error not_found(const gathered& g) {
  if (g.missing.empty()) return {error_code::not_found, "There is no such connection"};
  return errors::unavailable("The connection was not found, but not every node has answered",
                             {{"missing", to_value(g.missing)}});
}

/// As much as a close frame holds (RFC 6455, 5.5).
std::string sendable(std::string_view reason) {
  constexpr std::size_t most = 123;
  return make_valid_utf8(cut_text(reason, most));
}

question closing(question_kinds what, int code, std::string_view reason) {
  if (close_code_on_the_wire(code) != code) throw error{error_code::bad_request, "no close code that may be sent"};
  question q;
  q.what = what;
  q.code = code;
  q.reason = sendable(reason);
  return q;
}

/// What `start(done)` answers, awaited.
template <class T, class F>
task<T> awaited(F start) {
  const auto begin = [&start](completer<T> done) { start([done](result<T> r) { done(std::move(r)); }); };
  co_return co_await completion<T>(begin);
}

} // namespace

// --- The object

connections::connections(std::shared_ptr<swill::cluster> nodes, connections_options o)
    : connections(std::move(nodes), nullptr, std::move(o)) {}

connections::connections(std::shared_ptr<swill::cluster> nodes, std::shared_ptr<const plugin> owner,
                         connections_options o)
    : impl_(std::make_shared<impl>()) {
  impl_->options = std::move(o);
  impl_->owner = std::move(owner);
  impl_->is_alone = nodes == nullptr;
  impl_->cluster = nodes ? std::move(nodes) : std::make_shared<memory_cluster>(make_node(impl_->options.node_name));
  const std::weak_ptr<impl> weak = impl_;
  const auto take = [&](const char* kind, void (detail::registry::*f)(const std::string&, bytes_view)) {
    impl_->cluster->on_message(kind, [weak, f](const std::string& from, bytes_view data) {
      if (const auto i = weak.lock(); i && !i->registry.empty()) (i->registry.front().*f)(from, data);
    });
  };
  take(detail::question_kind, &detail::registry::on_question);
  take(detail::answer_kind, &detail::registry::on_answer);
  take(detail::events_kind, &detail::registry::on_events);
  impl_->cluster->on_nodes([weak](const std::vector<node_info>& all) {
    if (const auto i = weak.lock(); i && !i->registry.empty()) i->registry.front().on_nodes(all);
  });
}

connections::~connections() = default;

void connections::set_admin_rule(detail::hook<context&> r) {
  if (impl_->runtime != nullptr)
    throw std::logic_error("allow_admin: a server runs this connections object already: add everything, then start it");
  impl_->rule = {std::move(r)};
}
const std::string& connections::node_id() const noexcept { return impl_->cluster->id(); }
const std::string& connections::node_name() const noexcept { return impl_->cluster->name(); }
const connections_options& connections::options() const noexcept { return impl_->options; }

// --- Questions

void connections::list_then(connection_query q, answer<connection_page> done) {
  question ask;
  std::string from;
  if (!q.cursor.empty()) {
    auto at = read_cursor(q.cursor);
    if (!at) return done(error{error_code::bad_request, "no cursor of a list of connections"});
    from = std::move(at->first);
    ask.behind = at->second;
  }
  ask.filter = std::move(q.filter);
  const std::uint64_t limit = std::min<std::uint64_t>(q.limit == 0 ? impl_->options.page_length : q.limit,
                                                      std::max<std::size_t>(1, impl_->options.longest_page));
  ask.limit = limit;
  impl_->ask(std::move(ask), std::move(from), [limit, done = std::move(done)](result<gathered> g) {
    if (!g) return done(g.error());
    done(page_of(std::move(*g), limit));
  });
}

void connections::count_then(connection_filter f, answer<connection_count> done) {
  question q;
  q.what = question_kinds::count;
  q.filter = std::move(f);
  impl_->ask(std::move(q), {}, [done = std::move(done)](result<gathered> g) {
    if (!g) return done(g.error());
    connection_count c;
    for (const auto& [node, a] : g->answers) c.count += c.nodes[node] = a.count;
    c.missing = std::move(g->missing);
    c.names = std::move(g->names);
    done(std::move(c));
  });
}

void connections::show_then(std::string id, std::string node, answer<connection_details> done) {
  question q;
  q.what = question_kinds::find;
  q.filter.node = std::move(node);
  q.id = std::move(id);
  impl_->ask(std::move(q), {}, [done = std::move(done)](result<gathered> g) {
    if (!g) return done(g.error());
    for (auto& [n, a] : g->answers) {
      if (!a.entries.empty()) return done(connection_details{std::move(a.entries.front()), std::move(a.open)});
    }
    done(not_found(*g));
  });
}

void connections::close_then(std::string id, int code, std::string reason, std::string node,
                             answer<closed_connections> done) {
  try {
    question q = closing(question_kinds::close, code, reason);
    q.filter.node = std::move(node);
    q.id = std::move(id);
    impl_->ask(std::move(q), {}, [done](result<gathered> g) {
      if (!g) return done(g.error());
      closed_connections c = closed_of(*g);
      if (c.closed == 0) return done(not_found(*g));
      done(std::move(c));
    });
  } catch (const error& e) {
    done(e);
  }
}

void connections::cancel_then(std::string id, std::uint64_t seq, std::string reason, std::string node,
                              answer<open_request> done) {
  question q;
  q.what = question_kinds::cancel;
  q.filter.node = std::move(node);
  q.id = std::move(id);
  q.seq = seq;
  q.reason = sendable(reason.empty() ? "The request was cancelled" : reason);
  impl_->ask(std::move(q), {}, [done = std::move(done)](result<gathered> g) {
    if (!g) return done(g.error());
    bool is_there = false;
    for (auto& [n, a] : g->answers) {
      if (!a.open.empty()) return done(std::move(a.open.front()));
      is_there = is_there || a.count != 0;
    }
    if (is_there) return done(error{error_code::not_found, "The connection has no such open request"});
    done(not_found(*g));
  });
}

void connections::close_user_then(std::string user, int code, std::string reason, answer<closed_connections> done) {
  try {
    if (user.empty()) throw error{error_code::bad_request, "no user"};
    question q = closing(question_kinds::close_all, code, reason);
    q.filter.user = std::move(user);
    impl_->ask(std::move(q), {}, [done](result<gathered> g) {
      if (!g) return done(g.error());
      done(closed_of(std::move(*g)));
    });
  } catch (const error& e) {
    done(e);
  }
}

task<connection_page> connections::list(connection_query q) {
  return awaited<connection_page>([this, q = std::move(q)](auto done) mutable { list_then(std::move(q), done); });
}
task<connection_count> connections::count(connection_filter f) {
  return awaited<connection_count>([this, f = std::move(f)](auto done) mutable { count_then(std::move(f), done); });
}
task<connection_details> connections::show(std::string id, std::string node) {
  return awaited<connection_details>(
      [this, id = std::move(id), node = std::move(node)](auto done) { show_then(id, node, done); });
}
task<closed_connections> connections::close(std::string id, int code, std::string reason, std::string node) {
  return awaited<closed_connections>([this, id = std::move(id), code, reason = std::move(reason),
                                      node = std::move(node)](auto done) { close_then(id, code, reason, node, done); });
}
task<open_request> connections::cancel(std::string id, std::uint64_t seq, std::string reason, std::string node) {
  return awaited<open_request>([this, id = std::move(id), seq, reason = std::move(reason),
                                node = std::move(node)](auto done) { cancel_then(id, seq, reason, node, done); });
}
task<closed_connections> connections::close_user(std::string user, int code, std::string reason) {
  return awaited<closed_connections>([this, user = std::move(user), code, reason = std::move(reason)](auto done) {
    close_user_then(user, code, reason, done);
  });
}

// --- Events

task<connection_feed> connections::watch(event_filter f) {
  if (impl_->runtime == nullptr) throw impl::not_running();
  auto queue =
      std::make_unique<detail::event_queue>(std::move(f), std::max<std::size_t>(1, impl_->options.feed_length));
  impl_->parts.nearest().add(*queue);
  const auto begin = [this](completer<void> done) {
    impl_->send(detail::watch_order{[done](result<void> r) { done(std::move(r)); }});
  };
  co_await completion<void>(begin);
  co_return connection_feed{std::move(queue)};
}

listening connections::listen(std::function<void(const connection_event&)> f, event_filter filter) {
  detail::must_be_function(f, "connections::listen");
  const std::uint64_t key = ++impl_->last_key;
  detail::listen_order order{key, std::move(filter), std::move(f)};
  if (!impl_->registry.send(order)) throw impl::not_running();
  return listening{[i = impl_, key] {
    detail::unlisten_order end{key};
    i->registry.send(end);
  }};
}

// --- Plugin

const plugin* connections::needs() const noexcept { return impl_->owner.get(); }

void connections::check(mistake_list& out) const {
  swill::check(impl_->options, out);
  if (!impl_->owner) impl_->cluster->check(out);
  if (!impl_->is_alone && !impl_->options.node_name.empty()) {
    out.add("connections_options.node_name",
            "has no effect: with a bus its name counts; pubsub_options::node_name would be right");
  }
}

void connections::install(app& a) { client_handlers::install(impl_, *this, a); }

void connections::start(actors::runtime& r) {
  impl& i = *impl_;
  if (i.runtime != nullptr) throw std::logic_error("one connections object serves one server at a time");
  i.cluster->start(r.units().front()->loop(), r.app().log);
  i.start_actors(r);
  i.runtime = &r;
  i.wait_until_listed();
  logger{&r.app().log, log_room::connections}.write(log_level::info, "node " + i.cluster->id() + " is called \"" +
                                                                         printable(i.cluster->name()) + "\"");
  i.registry.open();
}

void connections::impl::start_actors(actors::runtime& r) {
  registry.start_first(r, [&](actors::unit& u, std::size_t) {
    detail::registry::settings s{&options, cluster, &r.app().log};
    return actors::spawn_on<detail::registry>(u, std::move(s));
  });
  parts.start(r, [this](actors::unit& u, std::size_t) {
    detail::registry_part::settings s{&options, cluster->id(), cluster->name(), registry.handles().front()};
    return actors::spawn_on<detail::registry_part>(u, std::move(s));
  });
  run_on(registry.front().home().loop(), [this] { registry.front().start(parts.handles()); });
}

/// A client that this node serves must be found by whoever asks another node from then on.
void connections::impl::wait_until_listed() const {
  constexpr std::chrono::seconds longest{3};
  if (runtime->units().front()->loop().is_current()) return;  // a test's loop does not turn while this runs
  const auto listed = std::make_shared<std::promise<void>>(); // with the cluster, which may answer later
  cluster->nodes_then([listed](const result<std::vector<node_info>>&) { listed->set_value(); });
  listed->get_future().wait_for(longest);
}

/// The parts, each on its own thread; then the registry, then the cluster.
void connections::stop(std::function<void()> done) {
  impl_->registry.close();
  const auto end_part = [](detail::registry_part& p, const std::function<void()>& ended) {
    p.quit();
    ended();
  };
  const auto end_registry = [](detail::registry& r, const std::function<void()>& ended) {
    r.stop();
    ended();
  };
  impl_->parts.stop(end_part, [i = impl_, end_registry, done = std::move(done)] {
    i->registry.stop(end_registry, [i, done] {
      i->runtime = nullptr;
      i->cluster->stop(done);
    });
  });
}

} // namespace swill
