#include "pubsub/detail/client_handlers.hpp"

#include "libswill/wire/codec.hpp"
#include "pubsub/detail/inbox.hpp"
#include "pubsub/detail/node.hpp"

#include <algorithm>
#include <cmath>

namespace swill::detail {

namespace {

/// How many subscriptions a connection has, by its clients' requests.
struct subscriber_count {
  std::size_t open = 0;
};

/// One of them.
class counted_subscription {
public:
  counted_subscription(connection& c, std::size_t most) : count_(&c.state<subscriber_count>().open) {
    if (*count_ >= most) throw errors::too_many("too many subscriptions of this connection", std::chrono::seconds{1});
    ++*count_;
  }
  counted_subscription& operator=(counted_subscription&&) = delete;
  ~counted_subscription() { --*count_; }

private:
  std::size_t* count_; // the connection's state, which outlives its requests
};

/// The new topics that a connection may still subscribe or publish to.
struct topic_quota {
  double left = 0;
  std::optional<clock_time> since; ///< when `left` was so; nothing: all of them
};

/// A topic that a request is about to subscribe or publish to. It counts as new until it turns out that it is not; also when the request ends
/// before that.
class new_topic {
public:
  new_topic(connection& c, const pubsub_options& o, clock_time now) : options_(o) {
    if (o.new_topics == 0) return;
    quota_ = &c.state<topic_quota>();
    const auto most = static_cast<double>(o.new_topics);
    const auto rate = static_cast<double>(o.new_topics_per_second);
    if (!quota_->since) quota_->left = most;
    const std::chrono::duration<double> passed = now - quota_->since.value_or(now);
    quota_->left = std::min(most, quota_->left + passed.count() * rate);
    quota_->since = now;
    if (quota_->left >= 1) {
      quota_->left -= 1;
      return;
    }
    const double wait = rate > 0 ? std::ceil((1 - quota_->left) / rate * 1000) : 60'000;
    throw errors::too_many("too many new topics of this connection",
                           std::chrono::milliseconds{static_cast<std::int64_t>(wait)});
  }
  new_topic& operator=(new_topic&&) = delete;

  /// Waits for what brings the topic into being: where that fails, there is none.
  template <class T>
  task<T> made_by(task<T> work) {
    try {
      co_return co_await std::move(work);
    } catch (const error&) {
      is_old();
      throw;
    }
  }

  void is_old() noexcept {
    if (quota_ != nullptr) quota_->left = std::min(quota_->left + 1, static_cast<double>(options_.new_topics));
  }

private:
  const pubsub_options& options_;
  topic_quota* quota_ = nullptr; // the connection's state, which outlives its requests
};

metadata leading_of(const pubsub::opened& s) {
  metadata m;
  m.set("epoch", s.start.epoch);
  m.set("offset", s.start.offset);
  m.set("recovered", s.recovered);
  return m;
}

error denied(std::string_view what) {
  return {error_code::forbidden, "no rule allows this client to " + std::string{what}};
}

value decoded(bytes_view data) {
  value v;
  wire::reader in{data};
  wire::read_value(in, v, limits{}.nesting);
  return v;
}

} // namespace

/// A client is present as long as this lives.
class client_handlers::presence_seat {
public:
  presence_seat(pubsub::impl& i, std::string topic, presence_member who)
      : impl_(i), topic_(std::move(topic)), id_(who.id) {
    impl_.send(ignored, [topic = topic_, who = std::move(who)](broker_actor& b, broker::answer<void> done) {
      b.enter(topic, who, std::move(done));
    });
  }
  presence_seat& operator=(presence_seat&&) = delete;
  ~presence_seat() {
    impl_.send(ignored, [topic = std::move(topic_), id = std::move(id_)](broker_actor& b, broker::answer<void> done) {
      b.exit(topic, id, std::move(done));
    });
  }

private:
  static void ignored(const result<void>&) {} // a broker that is down is told later

  pubsub::impl& impl_; // the handlers', which outlive their requests
  std::string topic_;
  std::string id_;
};

void client_handlers::install(const shared& i, pubsub& bus, app& a) {
  const auto all = std::make_shared<const client_handlers>(i, bus); // with these handlers
  a.handle("swill.subscribe", &client_handlers::subscribe, all,
           {.doc = "Messages of a topic as they come.", .endless = true});
  a.handle("swill.publish", &client_handlers::publish, all, {.doc = "Appends a message to a topic."});
  a.handle("swill.presence", &client_handlers::presence, all,
           {.doc = "Who is present in a topic.", .idempotent = true});
  a.handle("swill.watch_presence", &client_handlers::watch_presence, all,
           {.doc = "Who is present in a topic, and who comes and goes.", .endless = true});
  a.handle("swill.inbox", &client_handlers::inbox, all,
           {.doc = "Messages to this connection, its user, its groups, and everybody.", .endless = true});
}

/// All that a client's subscription keeps while it lasts: most of them wait.
struct client_handlers::open_subscription {
  open_subscription(connection& c, const pubsub_options& o, std::function<std::optional<value>(const value&)> f)
      : filter(std::move(f)), counted(c, o.subscriptions_per_connection) {}

  const std::function<std::optional<value>(const value&)> filter; ///< the rule's
  const counted_subscription counted;
  std::unique_ptr<subscription> messages;
  std::unique_ptr<presence_seat> seat;

  /// Makes what the client gets of a message. False: nothing.
  bool passes(encoded_item& item) const {
    if (!filter || item.shared->is_notice()) return true;
    const auto changed = filter(decoded(item.shared->data()));
    if (changed) item.own = encode_item(item.shared->at().offset, encoded_message(*changed));
    item.shared.reset();
    return changed.has_value();
  }
};

task<std::unique_ptr<client_handlers::open_subscription>> client_handlers::open(context& c,
                                                                                subscribe_request wanted) const {
  const std::string& topic = wanted.topic;
  impl_->check_topic(topic, true);
  const subscribe_rule* rule = impl_->subscribe_rules.find(topic);
  if (rule == nullptr) throw denied("subscribe to this topic");
  grant g = co_await (*rule)(c, topic);
  if (encoded_message(g.member).size() > impl_->options.member_size)
    throw error{error_code::too_large, "the member's data are too large"};
  auto out = std::make_unique<open_subscription>(c.connection(), impl_->options, std::move(g.filter));

  new_topic counts{c.connection(), impl_->options, c.call().loop().now()};
  pubsub::opened s = co_await counts.made_by(bus_.open(topic, wanted.since));
  if (!s.fresh) counts.is_old();
  out->messages = std::move(s.subscription);
  if (impl_->options.of(topic).presence) {
    presence_member who{c.connection().id(), c.connection().user(), g.member};
    out->seat = std::make_unique<presence_seat>(*impl_, topic, std::move(who));
  }
  metadata leading = leading_of(s);
  co_await c.send_leading(std::move(leading));
  co_return out;
}

stream<encoded_item> client_handlers::subscribe(request<subscribe_request> r) const {
  return items_of(open(r.context(), std::move(r.data())));
}

/// The frame of this waits as long as the subscription lasts, so the request, which is needed to open it, is not in it.
stream<encoded_item> client_handlers::items_of(task<std::unique_ptr<open_subscription>> opening) {
  const std::unique_ptr<open_subscription> mine = co_await opening;
  opening = {}; // and the frame that has it goes
  for (;;) {
    encoded_item item;
    item.shared = co_await mine->messages->next();
    if (mine->passes(item)) co_yield moved{item};
  }
}

task<position> client_handlers::publish(request<publish_request> r) const {
  const std::string& topic = r.data().topic;
  impl_->check_topic(topic, true);
  const publish_rule* rule = impl_->publish_rules.find(topic);
  if (rule == nullptr) throw denied("publish to this topic");
  impl_->check_message(r.data().data.data, r.data().idempotency_key.value_or(""));
  const value before = decoded(r.data().data.data);
  value message = before;
  co_await (*rule)(r.context(), topic, message);
  bytes data = message == before ? std::move(r.data().data.data) : encoded_message(message);
  new_topic counts{r.context().connection(), impl_->options, r.context().call().loop().now()};
  const position at =
      co_await counts.made_by(bus_.publish_encoded(topic, std::move(data), r.data().idempotency_key.value_or("")));
  if (at.offset > 1) counts.is_old();
  co_return at;
}

task<void> client_handlers::check_presence_rule(context& c, const std::string& topic) const {
  impl_->check_topic(topic, true);
  const presence_rule* rule = impl_->presence_rules.find(topic);
  if (rule == nullptr) throw denied("see who is present in this topic");
  co_await (*rule)(c, topic);
}

task<std::vector<presence_member>> client_handlers::presence(request<presence_request> r) const {
  co_await check_presence_rule(r.context(), r.data().topic);
  co_return co_await bus_.members(r.data().topic);
}

stream<encoded_item> client_handlers::watch_presence(request<presence_request> r) const {
  context& c = r.context();
  co_await check_presence_rule(c, r.data().topic);
  const counted_subscription counted{c.connection(), impl_->options.subscriptions_per_connection};
  new_topic counts{c.connection(), impl_->options, c.call().loop().now()};
  const pubsub::opened s = co_await counts.made_by(bus_.open(presence_topic(r.data().topic), std::nullopt));
  if (!s.fresh) counts.is_old();
  for (;;) {
    // Asked for after the events have begun: nobody is missed, some may be told twice.
    const std::vector<presence_member> all = co_await bus_.members(r.data().topic);
    const value list = value::map({{"members", to_value(all)}});
    encoded_item whole{nullptr, encoded_message(list)};
    co_yield moved{whole};
    for (;;) {
      const publication_ptr p = co_await s.subscription->next();
      if (p->is_notice()) break; // events were missed: the list again
      encoded_item item{nullptr, bytes(p->data().begin(), p->data().end())};
      co_yield moved{item};
    }
  }
}

stream<encoded_item> client_handlers::inbox(request<> r) const {
  connection& c = r.context().connection();
  const counted_subscription counted{c, impl_->options.subscriptions_per_connection};
  open_inbox mine{c, impl_->hubs.nearest(), impl_->options};
  const auto start = [&mine](completer<void> done) { mine.begin(std::move(done)); };
  co_await completion<void>(start);
  metadata leading{"connection", c.id()};
  co_await r.context().send_leading(std::move(leading));
  for (;;) {
    const publication_ptr p = co_await mine.messages().next();
    encoded_item item{nullptr, encode_inbox_item(*p)};
    co_yield moved{item};
  }
}

} // namespace swill::detail
