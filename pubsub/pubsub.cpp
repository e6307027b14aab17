#include "pubsub/pubsub.hpp"

#include "libswill/base/trace_id.hpp"
#include "pubsub/detail/client_handlers.hpp"
#include "pubsub/detail/inbox.hpp"
#include "pubsub/detail/node.hpp"
#include "pubsub/memory_broker.hpp"

namespace swill {

// --- What handlers share

void pubsub::impl::check_topic(const std::string& topic, bool by_client) const {
  const bool reserved = is_reserved_topic(topic);
  if (topic.size() > options.topic_length) throw error{error_code::bad_request, "the topic's name is too long"};
  if (topic.empty() || (!reserved && !is_topic(topic))) throw error{error_code::bad_request, "no name of a topic"};
  if (by_client && reserved) throw error{error_code::forbidden, "this topic is not for clients"};
}

void pubsub::impl::check_message(bytes_view data, const std::string& key) const {
  if (data.size() > options.message_size) throw error{error_code::too_large, "the message is too large"};
  if (key.size() > options.key_length) throw error{error_code::bad_request, "the idempotency key is too long"};
}

void pubsub::impl::log_failure(std::string_view where, std::exception_ptr e, std::string_view trace) const {
  if (errors)
    errors->write(where, {.level = log_level::error, .trace = trace},
                  log_limiter::of_exception(std::string{where} + ": ", e));
}

// --- The object

pubsub::pubsub(pubsub_options o, std::shared_ptr<swill::broker> b) : impl_(std::make_shared<impl>()) {
  impl_->options = std::move(o);
  impl_->options.node_name = node_name_or_host(impl_->options.node_name);
  impl_->broker = b ? std::move(b) : std::make_shared<memory_broker>();
  impl_->cluster = impl_->broker->make_cluster(make_node(impl_->options.node_name));
}

pubsub::~pubsub() = default;

void pubsub::impl::must_be_idle(std::string_view what) const {
  if (runtime == nullptr) return;
  throw std::logic_error(std::string{what} + ": a server runs this pubsub already: add everything, then start it");
}

void pubsub::may_subscribe(std::string_view pattern, detail::subscribe_rule r) {
  impl_->must_be_idle("allow_subscribe");
  impl_->subscribe_rules.add(pattern, std::move(r));
}
void pubsub::may_publish(std::string_view pattern, detail::publish_rule r) {
  impl_->must_be_idle("allow_publish");
  impl_->publish_rules.add(pattern, std::move(r));
}
void pubsub::may_see_presence(std::string_view pattern, detail::presence_rule r) {
  impl_->must_be_idle("allow_presence");
  impl_->presence_rules.add(pattern, std::move(r));
}
void pubsub::allow_subscribe(std::string_view pattern) {
  allow_subscribe(pattern, [](context&, const std::string&) {});
}
void pubsub::allow_publish(std::string_view pattern) {
  allow_publish(pattern, [](context&, const std::string&) {});
}
void pubsub::allow_presence(std::string_view pattern) {
  allow_presence(pattern, [](context&, const std::string&) {});
}

const std::shared_ptr<swill::cluster>& pubsub::cluster() const noexcept { return impl_->cluster; }
const std::string& pubsub::node_id() const noexcept { return impl_->cluster->id(); }
const pubsub_options& pubsub::options() const noexcept { return impl_->options; }

std::string pubsub::not_ready() const {
  bool up = true;
  impl_->broker_actor.reach([&up](const detail::broker_actor& b) { up = b.is_up(); });
  return up ? "" : "what keeps its topics cannot be reached";
}

pubsub_statistics pubsub::statistics() const {
  pubsub_statistics s;
  impl_->broker_actor.reach([&](const detail::broker_actor& b) {
    s.topics = b.topics();
    s.up = b.is_up();
    for (std::size_t n = 0; n < impl_->hubs.handles().size(); ++n) {
      const detail::delivery_counters& c = impl_->hubs[n].counters();
      s.subscriptions += c.subscriptions.load(std::memory_order_relaxed);
      s.delivered += c.delivered.load(std::memory_order_relaxed);
      s.dropped += c.dropped.load(std::memory_order_relaxed);
      s.overflows += c.overflows.load(std::memory_order_relaxed);
    }
  });
  return s;
}

// --- Messages

void pubsub::publish_encoded_then(std::string topic, bytes data, std::string key, broker::answer<position> done,
                                  std::string_view trace) {
  impl_->check_topic(topic, false);
  impl_->check_message(data, key);
  if (!done) done = [](const result<position>&) {};
  if (!is_trace_id(trace)) trace = {};
  impl_->send(std::move(done), [topic = std::move(topic), data = std::move(data), key = std::move(key),
                                trace = std::string{trace}](detail::broker_actor& b, broker::answer<position> d) {
    b.store().publish(topic, data, key, trace, std::move(d));
  });
}

task<position> pubsub::publish_encoded(std::string topic, bytes data, std::string key) {
  const scope& here = co_await this_scope{};
  const auto start = [&](completer<position> done) {
    publish_encoded_then(std::move(topic), std::move(data), std::move(key), std::move(done), here.trace());
  };
  co_return co_await completion<position>(start);
}

task<pubsub::opened> pubsub::open(std::string topic, std::optional<position> since) {
  impl_->check_topic(topic, false);
  if (impl_->runtime == nullptr) throw impl_->not_running();
  scope& here = co_await this_scope{};
  auto s = std::make_unique<detail::subscription>(impl_->hubs.nearest(), impl_->options.of(topic));
  if (auto* call = dynamic_cast<detail::call*>(&here))
    s->list_in(call->context().connection().state<detail::subscription_list>());
  const auto start = [&](completer<detail::joined> done) { s->add(topic, since, std::move(done)); };
  const detail::joined j = co_await completion<detail::joined>(start);
  co_return opened{std::move(s), j.at, j.recovered, j.fresh};
}

task<broker::history_page> pubsub::history(std::string topic, position since, std::size_t limit) {
  impl_->check_topic(topic, false);
  limit = std::min(limit, impl_->options.history_page);
  return impl_->answer_to<broker::history_page>(
      [topic = std::move(topic), since, limit](detail::broker_actor& b, broker::answer<broker::history_page> done) {
        b.store().history(topic, since, limit, std::move(done));
      });
}

listening pubsub::listen_encoded(std::string topic, std::optional<position> since,
                                 std::function<void(const publication_ptr&)> f,
                                 std::function<void(const error&)> failed) {
  impl_->check_topic(topic, false);
  auto state = std::make_shared<impl::listening_state>(); // with the loop until it has ended, and with the caller
  const bool runs =
      impl_->broker_actor.post([i = impl_, state, topic, since, f = std::move(f), failed = std::move(failed)] {
        if (state->ended || i->hubs.empty()) return;
        i->listenings.insert(state);
        state->subscription = std::make_unique<detail::subscription>(i->hubs.front(), i->options.of(topic));
        state->subscription->set_sink([i = i.get(), f, weak = std::weak_ptr{state}](const publication_ptr& p) {
          const auto alive = weak.lock(); // it may be ended from within f
          if (!alive || alive->ended) return;
          try {
            f(p);
          } catch (...) {
            i->log_failure("a listener of " + p->topic(), std::current_exception(), p->trace());
          }
        });
        state->subscription->add(topic, since, [failed](const result<detail::joined>& j) {
          if (!j && failed) failed(j.error());
        });
      });
  if (!runs) throw impl_->not_running();
  return listening{[i = impl_, state] {
    i->broker_actor.post([i, state] {
      state->ended = true;
      i->listenings.erase(state);
      state->subscription.reset();
    });
  }};
}

void pubsub::join_group(connection& c, const std::string& group) {
  impl_->check_topic(group_topic(group), false); // a client may have chosen the name
  c.state<detail::inbox_seat>().join(group, impl_->options.groups_per_connection);
}
void pubsub::leave_group(connection& c, const std::string& group) { c.state<detail::inbox_seat>().leave(group); }

// --- Presence

task<std::vector<presence_member>> pubsub::members(std::string topic) {
  impl_->check_topic(topic, false);
  using list = std::vector<presence_member>;
  return impl_->answer_to<list>([topic = std::move(topic)](detail::broker_actor& b, broker::answer<list> done) {
    b.store().members(topic, std::move(done));
  });
}

task<void> pubsub::enter(std::string topic, presence_member who) {
  impl_->check_topic(topic, false);
  if (detail::encoded_message(who.data).size() > impl_->options.member_size)
    throw error{error_code::too_large, "the member's data are too large"};
  return impl_->answer_to<void>(
      [topic = std::move(topic), who = std::move(who)](detail::broker_actor& b, broker::answer<void> done) {
        b.enter(topic, who, std::move(done));
      });
}

task<void> pubsub::leave(std::string topic, std::string id) {
  impl_->check_topic(topic, false);
  return impl_->answer_to<void>(
      [topic = std::move(topic), id = std::move(id)](detail::broker_actor& b, broker::answer<void> done) {
        b.exit(topic, id, std::move(done));
      });
}

// --- Nodes

void pubsub::nodes_then(broker::answer<std::vector<node_info>> done) { impl_->cluster->nodes_then(std::move(done)); }
task<std::vector<node_info>> pubsub::nodes() { return impl_->cluster->nodes(); }

void pubsub::on_node_message(std::string kind, std::function<void(const std::string&, bytes_view)> f) {
  impl_->cluster->on_message(std::move(kind), std::move(f));
}
void pubsub::on_nodes_changed(std::function<void(const std::vector<node_info>&)> f) {
  impl_->cluster->on_nodes(std::move(f));
}
void pubsub::send_to_node(std::string node, std::string kind, bytes data, broker::answer<void> done) {
  impl_->cluster->send(std::move(node), std::move(kind), std::move(data), std::move(done));
}
void pubsub::send_to_nodes(std::string kind, bytes data, broker::answer<void> done) {
  impl_->cluster->send_all(std::move(kind), std::move(data), std::move(done));
}

// --- Plugin

void pubsub::check(mistake_list& out) const {
  swill::check(impl_->options, out);
  impl_->subscribe_rules.check("pubsub.allow_subscribe", out);
  impl_->publish_rules.check("pubsub.allow_publish", out);
  impl_->presence_rules.check("pubsub.allow_presence", out);
  impl_->broker->check(impl_->options, out);
}

void pubsub::install(app& a) {
  impl_->is_used = true;
  detail::client_handlers::install(impl_, *this, a);
  a.on_describe([](const connection& c, connection_notes& notes) {
    if (const auto* all = c.find_state<detail::subscription_list>()) all->add_topics(notes.topics);
  });
  a.on_push([this](connection& c, std::string_view name, const value& v) {
    const auto* seat = c.find_state<detail::inbox_seat>();
    if (seat == nullptr || seat->open.empty()) return false;
    publish_then(connection_topic(c.id()), value::map({{"name", name}, {"value", v}}), {}, {});
    return true;
  });
}

void pubsub::start(actors::runtime& r) {
  impl& i = *impl_;
  if (i.runtime != nullptr) throw std::logic_error("one pubsub object serves one server at a time");
  i.log = &r.app().log;
  i.runtime = &r;
  try {
    i.start_actors();
    i.cluster->start(r.units().front()->loop(), *i.log);
  } catch (...) {
    i.hubs.drop();
    i.broker_actor.drop();
    run_on(r.units().front()->loop(), [&i] { i.forget_server(); });
    throw;
  }
  i.broker_actor.open();
}

void pubsub::impl::start_actors() {
  broker_actor.start_first(*runtime, [this](actors::unit& u, std::size_t) {
    errors = std::make_unique<limited_log>(u.loop(), log, log_room::pubsub);
    detail::broker_actor::settings s{broker, &options, cluster->id(), log};
    return actors::spawn_on<detail::broker_actor>(u, std::move(s));
  });
  hubs.start(*runtime, [this](actors::unit& u, std::size_t n) {
    return actors::spawn_on<detail::hub>(u, static_cast<std::uint32_t>(n), broker_actor.handles().front());
  });
  run_on(broker_actor.front().home().loop(), [this] { broker_actor.front().start(hubs.handles()); });
}

/// The cluster; the hubs, each on its own thread; then the broker's actor.
void pubsub::stop(std::function<void()> done) {
  impl_->broker_actor.close();
  const auto end_hub = [i = impl_](detail::hub& h, const std::function<void()>& ended) {
    if (&h == &i->hubs.front()) {
      for (const auto& l : i->listenings) l->subscription.reset();
      i->listenings.clear();
    }
    h.quit();
    ended();
  };
  const auto end_broker = [](detail::broker_actor& b, const std::function<void()>& ended) { b.stop(ended); };
  impl_->cluster->stop([i = impl_, end_hub, end_broker, done = std::move(done)] {
    i->hubs.stop(end_hub, [i, end_broker, done] {
      i->broker_actor.stop(end_broker, [i, done] {
        i->forget_server();
        done();
      });
    });
  });
}

void pubsub::impl::forget_server() {
  errors.reset();
  runtime = nullptr;
}

} // namespace swill
