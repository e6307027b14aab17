#include "actors/connections/connections.hpp"

#include "actors/cluster/cluster.hpp"
#include "actors/connections/detail/claim.hpp"
#include "actors/connections/detail/node.hpp"
#include "libswill/base/printable.hpp"
#include "libswill/base/random.hpp"
#include "libswill/base/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <future>

namespace swill {

namespace {

using detail::gathered;
using detail::inquiry;
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

// --- What nodes are asked, and what their answers say

result<connection_page> page_of(gathered& g, std::uint64_t limit) {
  connection_page page;
  for (const std::string& node : g.missing) {
    if (const auto at = g.names.find(node); at != g.names.end()) page.names.insert(*at);
  }
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

result<connection_count> count_of(gathered& g, std::uint64_t) {
  connection_count c;
  for (const auto& [node, a] : g.answers) c.count += c.nodes[node] = a.count;
  c.missing = std::move(g.missing);
  c.names = std::move(g.names);
  return c;
}

error not_found(const gathered& g) {
  if (g.missing.empty()) return {error_code::not_found, "There is no such connection"};
  return errors::unavailable("The connection was not found, but not every node has answered",
                             {{"missing", to_value(g.missing)}});
}

result<connection_details> details_of(gathered& g, std::uint64_t) {
  for (auto& [node, a] : g.answers) {
    if (!a.entries.empty()) return connection_details{std::move(a.entries.front()), std::move(a.open)};
  }
  return not_found(g);
}

result<open_request> cancelled_of(gathered& g, std::uint64_t) {
  bool is_there = false;
  for (auto& [node, a] : g.answers) {
    if (!a.open.empty()) return std::move(a.open.front());
    is_there = is_there || a.count != 0;
  }
  if (is_there) return error{error_code::not_found, "The connection has no such open request"};
  return not_found(g);
}

result<closed_connections> all_closed_of(gathered& g, std::uint64_t) {
  closed_connections c;
  for (const auto& [node, a] : g.answers) c.closed += a.count;
  c.missing = std::move(g.missing);
  return c;
}

result<closed_connections> one_closed_of(gathered& g, std::uint64_t) {
  const bool any = std::any_of(g.answers.begin(), g.answers.end(), [](const auto& a) { return a.second.count != 0; });
  if (!any) return not_found(g);
  return all_closed_of(g, 0);
}

/// As much as a close frame holds (RFC 6455, 5.5).
std::string sendable(std::string_view reason) {
  constexpr std::size_t most = 123;
  return make_valid_utf8(cut_text(reason, most));
}

question about_one(question_kinds what, std::string id, std::string node) {
  question q;
  q.what = what;
  q.id = std::move(id);
  q.filter.node = std::move(node);
  return q;
}

inquiry<connection_page> page(connection_query q, const connections_options& o) {
  inquiry<connection_page> i{page_of};
  if (!q.cursor.empty()) {
    auto at = read_cursor(q.cursor);
    if (at) {
      i.from_node = std::move(at->first);
      i.what.behind = at->second;
    } else {
      i.refused = error{error_code::bad_request, "no cursor of a list of connections"};
    }
  }
  i.what.filter = std::move(q.filter);
  i.what.limit =
      std::min<std::uint64_t>(q.limit == 0 ? o.page_length : q.limit, std::max<std::size_t>(1, o.longest_page));
  return i;
}

inquiry<connection_count> counted(connection_filter f) {
  inquiry<connection_count> i{count_of};
  i.what.what = question_kinds::count;
  i.what.filter = std::move(f);
  return i;
}

inquiry<closed_connections> closing(inquiry<closed_connections> i, int code, std::string_view reason) {
  if (close_code_on_the_wire(code) != code)
    i.refused = error{error_code::bad_request, "no close code that may be sent"};
  i.what.code = code;
  i.what.reason = sendable(reason);
  return i;
}

inquiry<closed_connections> closing_user(std::string user, int code, std::string_view reason) {
  auto i = closing({all_closed_of}, code, reason);
  if (user.empty()) i.refused = error{error_code::bad_request, "no user"};
  i.what.what = question_kinds::close_all;
  i.what.filter.user = std::move(user);
  return i;
}

inquiry<open_request> cancelling(std::string id, std::uint64_t seq, std::string_view reason, std::string node) {
  inquiry<open_request> i{cancelled_of, about_one(question_kinds::cancel, std::move(id), std::move(node))};
  i.what.seq = seq;
  i.what.reason = sendable(reason.empty() ? "The request was cancelled" : reason);
  return i;
}

} // namespace

template <class T>
void connections::impl::ask(inquiry<T> i, answer<T> done) {
  if (i.refused) return done(std::move(*i.refused));
  const std::uint64_t limit = i.what.limit;
  ask_nodes(std::move(i.what), std::move(i.from_node),
            [read = i.read, limit, done = std::move(done)](result<gathered> g) {
              if (!g) return done(g.error());
              done(read(*g, limit));
            });
}

void connections::impl::ask_nodes(question q, std::string from_node, answer<gathered> done) {
  send(std::move(done),
       [q = std::move(q), from = std::move(from_node)](detail::registry& r, answer<gathered> d) mutable {
         r.on_ask({std::move(q), std::move(from), std::move(d)});
       });
}

template <class T>
task<T> connections::impl::answer_to(inquiry<T> i) {
  const auto begin = [&](completer<T> done) { ask<T>(std::move(i), std::move(done)); };
  co_return co_await completion<T>(begin);
}

task<void> connections::impl::succeed(connection& c) {
  const auto claim = detail::claim_of(c);
  if (!claim || claim->number < 2) return {};
  question q = about_one(question_kinds::succeed, claim->id, {});
  q.seq = claim->number;
  q.filter.user = c.user();
  return end_earlier(std::move(q));
}

task<void> connections::impl::end_earlier(detail::question q) {
  const auto begin = [&](completer<gathered> done) { ask_nodes(std::move(q), {}, std::move(done)); };
  try {
    co_await completion<gathered>(begin);
  } catch (const error&) { // the server stops
  }
}

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

task<connection_page> connections::list(connection_query q) {
  return impl_->answer_to(page(std::move(q), impl_->options));
}
void connections::list_then(connection_query q, answer<connection_page> done) {
  impl_->ask(page(std::move(q), impl_->options), std::move(done));
}

task<connection_count> connections::count(connection_filter f) { return impl_->answer_to(counted(std::move(f))); }
void connections::count_then(connection_filter f, answer<connection_count> done) {
  impl_->ask(counted(std::move(f)), std::move(done));
}

task<connection_details> connections::show(std::string id, std::string node) {
  return impl_->answer_to(
      inquiry<connection_details>{details_of, about_one(question_kinds::find, std::move(id), std::move(node))});
}
void connections::show_then(std::string id, std::string node, answer<connection_details> done) {
  impl_->ask({details_of, about_one(question_kinds::find, std::move(id), std::move(node))}, std::move(done));
}

task<closed_connections> connections::close(std::string id, int code, std::string reason, std::string node) {
  question q = about_one(question_kinds::close, std::move(id), std::move(node));
  return impl_->answer_to(closing({one_closed_of, std::move(q)}, code, reason));
}
void connections::close_then(std::string id, int code, std::string reason, std::string node,
                             answer<closed_connections> done) {
  question q = about_one(question_kinds::close, std::move(id), std::move(node));
  impl_->ask(closing({one_closed_of, std::move(q)}, code, reason), std::move(done));
}

task<open_request> connections::cancel(std::string id, std::uint64_t seq, std::string reason, std::string node) {
  return impl_->answer_to(cancelling(std::move(id), seq, reason, std::move(node)));
}
void connections::cancel_then(std::string id, std::uint64_t seq, std::string reason, std::string node,
                              answer<open_request> done) {
  impl_->ask(cancelling(std::move(id), seq, reason, std::move(node)), std::move(done));
}

task<closed_connections> connections::close_user(std::string user, int code, std::string reason) {
  return impl_->answer_to(closing_user(std::move(user), code, reason));
}
void connections::close_user_then(std::string user, int code, std::string reason, answer<closed_connections> done) {
  impl_->ask(closing_user(std::move(user), code, reason), std::move(done));
}

// --- Events

task<connection_feed> connections::watch(event_filter f) {
  if (impl_->runtime == nullptr) throw impl::not_running();
  auto queue =
      std::make_unique<detail::event_queue>(std::move(f), std::max<std::size_t>(1, impl_->options.feed_length));
  impl_->parts.nearest().add(*queue);
  const auto begin = [this](completer<void> done) {
    impl_->send(std::move(done), [](detail::registry& r, completer<void> d) { r.add_watcher(std::move(d)); });
  };
  co_await completion<void>(begin);
  co_return connection_feed{std::move(queue)};
}

listening connections::listen(std::function<void(const connection_event&)> f, event_filter filter) {
  detail::must_be_function(f, "connections::listen");
  const std::uint64_t key = ++impl_->last_key;
  detail::registry::listener l{key, std::move(filter), std::move(f)};
  const bool runs = impl_->registry.send([l = std::move(l)](detail::registry& r) { r.add_listener(l); });
  if (!runs) throw impl::not_running();
  return listening{[i = impl_, key] { i->registry.send([key](detail::registry& r) { r.remove_listener(key); }); }};
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
