#include "pubsub/redis/redis_broker.hpp"

#include "libswill/api/types/codec.hpp"
#include "libswill/redis/outage_log.hpp"
#include "pubsub/redis/redis_broker_impl.hpp"

#include <algorithm>

namespace swill {

using namespace detail;
using redis::reply;

namespace {

/// How long after it has connected a node takes the word of a client that Redis has lost messages.
constexpr std::chrono::milliseconds believed_for = std::chrono::minutes{10};

/// Looking at a topic keeps it for as long as its messages and its memory last: the next look must come before that.
void check_interval(const pubsub_options& o, const topic_options& t, const std::string& path, mistake_list& out) {
  const auto kept = std::max(t.forget_after, t.history_age);
  if (kept > o.check_interval) return;
  out.add(
      path + ".forget_after",
      "is " + mistake_list::text_of(t.forget_after) + ", and history_age " + mistake_list::text_of(t.history_age) +
          ": not longer than pubsub_options.check_interval (" + mistake_list::text_of(o.check_interval) +
          "), after which the next look keeps a topic with subscribers from being forgotten; more for one of the two, "
          "or less for that, would be right");
}

void check_page(const pubsub_options& o, std::size_t reply_size, mistake_list& out) {
  std::size_t most = std::max(o.other_topics.history_length, o.own_topics.history_length);
  for (const auto& [pattern, t] : o.topics) most = std::max(most, t.history_length);
  most = std::min(most, o.history_page);
  if (most == 0 || reply_size / most >= o.message_size) return;
  out.add("redis.reply_size", "is " + std::to_string(reply_size) + ", too little for a page of history, " +
                                  std::to_string(most) + " messages (pubsub_options.history_page) of " +
                                  std::to_string(o.message_size) +
                                  " bytes (pubsub_options.message_size); room for all of them would be right");
}

} // namespace

void redis_broker::check(const pubsub_options& o, mistake_list& out) const {
  redis::check(impl_->settings.server, out);
  for (const auto& [pattern, t] : o.topics) check_interval(o, t, "pubsub_options.topics." + pattern.text(), out);
  check_interval(o, o.other_topics, "pubsub_options.other_topics", out);
  check_interval(o, o.own_topics, "pubsub_options.own_topics", out);
  check_page(o, impl_->settings.server.reply_size, out);
}

redis_broker::redis_broker(redis_broker_options o) : impl_(std::make_shared<impl>(std::move(o))) {
  redis::options& server = impl_->settings.server;
  if (server.used_for.empty()) server.used_for = "topics";
  server.outages->add_user(server.used_for);
}
redis_broker::~redis_broker() = default;

std::shared_ptr<cluster> redis_broker::make_cluster(node_info self) {
  return std::make_shared<own_cluster>(impl_, std::move(self));
}

void redis_broker::start(loop& l, broker_listener& to, const pubsub_options& o, const std::string& node,
                         const log_sink* log) {
  impl_->home = &l;
  impl_->listener = &to;
  impl_->options = &o;
  impl_->node = node;
  impl_->log = log;
  impl_->start();
}

void redis_broker::stop(std::function<void()> done) {
  impl& i = *impl_;
  if (std::exchange(i.stopped, true) || !i.commands) return done();
  i.beating.cancel();
  i.checking.cancel();
  i.errors.reset();
  const auto close = [self = impl_, done = std::move(done)] {
    self->feed->close([self, done] { self->commands->close(done); });
  };
  if (!i.commands->is_up()) return close();
  i.beat_call(true).run(*i.commands, [close](const result<reply>&) { close(); });
}

void redis_broker::publish(const std::string& topic, bytes_view data, const std::string& key, std::string_view trace,
                           answer<position> done) {
  redis::script_call call{publish_script};
  impl_->set_topic_keys(call, topic);
  call.set("before", impl_->settings.prefix, "k:", topic, " ", key);
  impl_->set_append_arguments(call, topic);
  call.set("channel", impl_->settings.prefix, "c:", topic);
  call.set("data", as_text(data));
  call.set("key_age", key.empty() ? std::string{} : std::to_string(count_of(impl_->options->key_age)));
  call.set("trace", trace);
  bytes own; // only where it is wanted
  if (impl_->channels.count(topic) != 0) own.assign(data.begin(), data.end());
  impl_->run(
      call,
      [i = impl_.get(), topic, own = std::move(own), trace = std::string{trace},
       done = std::move(done)](const result<reply>& r) {
        if (!r) return done(r.error());
        const position at = position_of(*r, 0);
        const bool fresh = r->size() == 2; // else it was published before, and perhaps something else
        if (fresh) i->note(topic, at);
        if (fresh && !own.empty()) i->on_published(topic, at, own, trace);
        done(at);
      },
      std::string{trace});
}

void redis_broker::subscribe(const std::string& topic, answer<topic_state> done) {
  impl& i = *impl_;
  if (!i.commands->is_up() || !i.feed->is_up()) return done(errors::unavailable("Redis cannot be reached"));
  const auto [it, fresh] = i.channels.try_emplace(topic);
  it->second.waiting.push_back(std::move(done));
  if (fresh) {
    it->second.known = i.unheard.take(topic);
    ++i.unconfirmed;
    i.feed->subscribe(i.channel_of(topic));
  } else if (it->second.confirmed) {
    i.look(topic);
  }
}

void redis_broker::unsubscribe(const std::string& topic) {
  const auto it = impl_->channels.find(topic);
  if (it == impl_->channels.end()) return;
  if (!it->second.confirmed) --impl_->unconfirmed;
  const known_position known = it->second.known;
  impl_->channels.erase(it);
  impl_->unheard.note(topic, known.at, known.when, impl_->options->remembered_positions);
  impl_->feed->unsubscribe(impl_->channel_of(topic));
  impl_->on_state(); // it may have been the last that was waited for
}

void redis_broker::history(const std::string& topic, const position& since, std::size_t limit,
                           answer<history_page> done) {
  const topic_options& o = impl_->options->of(topic);
  // A client that is ahead of Redis proves that Redis has lost something, unless it lies: so it is believed only while Redis may just have
  // come back.
  const bool is_news = impl_->home->now() - impl_->commands_since < believed_for;
  redis::script_call call{history_script};
  impl_->set_topic_keys(call, topic);
  impl_->set_look_arguments(call, topic);
  call.set("since_epoch", since.epoch);
  call.set("since_offset", since.offset);
  call.set("limit", std::max<std::size_t>(1, limit));
  call.set("history_age", count_of(o.history_age));
  call.set("history_length", o.history_length);
  call.set("believed_for", is_news ? believed_for.count() : 0);
  call.set("epoch_after", make_epoch());
  impl_->run(call, [i = impl_.get(), topic, &o, done = std::move(done)](const result<reply>& r) {
    if (!r) return done(r.error());
    history_page page;
    page.top = position_of(*r, 0);
    i->note(topic, page.top);
    page.more = (*r)[2].text() == "1";
    for (std::size_t n = 3; n + 1 < r->size(); n += 2) {
      const std::string_view place = (*r)[n].text();
      const position at{page.top.epoch, number_of(place)};
      page.items.push_back(
          std::make_shared<const publication>(topic, at, as_bytes((*r)[n + 1].text()), o, trace_in(place)));
    }
    done(std::move(page));
  });
}

void redis_broker::enter(const std::string& topic, const presence_member& who, answer<void> done) {
  redis::script_call call{enter_script};
  impl_->set_presence(call, topic, "join");
  call.set("nodes", impl_->settings.prefix, "nodes");
  call.set("id", who.id);
  call.set("member", as_text(encoded_message(who)));
  call.set("most", impl_->options->members_per_topic);
  impl_->run(call, [done = std::move(done)](const result<reply>& r) {
    if (!r) return done(r.error());
    if (r->integer() == 0) return done(error{error_code::too_many_requests, "too many members"});
    done({});
  });
}

void redis_broker::leave(const std::string& topic, const std::string& id, answer<void> done) {
  redis::script_call call{leave_script};
  impl_->set_presence(call, topic, "leave");
  call.set("id", id);
  impl_->run(call, [done = std::move(done)](const result<reply>& r) {
    if (!r) return done(r.error());
    done({});
  });
}

void redis_broker::members(const std::string& topic, answer<std::vector<presence_member>> done) {
  redis::script_call call{members_script};
  call.set("present", impl_->settings.prefix, "p:", topic);
  call.set("nodes", impl_->settings.prefix, "nodes");
  call.set("lease", count_of(impl_->options->node_lease));
  impl_->run(call, [done = std::move(done)](const result<reply>& r) {
    if (!r) return done(r.error());
    std::vector<presence_member> all(r->size());
    for (std::size_t n = 0; n < all.size(); ++n) {
      std::optional<error> failure;
      if (!decode_message(as_bytes((*r)[n].text()), limits{}, all[n], failure)) return done(*failure);
    }
    done(std::move(all));
  });
}

// --- Nodes

redis_broker::own_cluster::own_cluster(std::shared_ptr<impl> b, node_info self)
    : cluster(std::move(self)), broker_(std::move(b)) {
  broker_->cluster = this;
}
redis_broker::own_cluster::~own_cluster() { broker_->cluster = nullptr; }

void redis_broker::own_cluster::find_nodes(answer<std::vector<node_info>> done) {
  impl& i = *broker_;
  if (i.is_listed()) return i.beat(std::move(done));
  if (!i.has_tried) return i.early.push_back(std::move(done));
  done(errors::unavailable("Redis cannot be reached"));
}

void redis_broker::own_cluster::deliver(const std::string& node, const std::string& kind, bytes_view data,
                                        answer<void> done) {
  if (!broker_->commands) return done(errors::unavailable("Redis cannot be reached"));
  const std::string channel = broker_->key("node:", node);
  std::string payload = broker_->node + " " + std::to_string(kind.size()) + " " + kind;
  payload += as_text(data);
  broker_->commands->command(
      {"PUBLISH", channel, payload},
      [self = std::weak_ptr{broker_}, done = std::move(done)](const result<reply>& r) {
        const auto alive = self.lock();
        if (!alive || alive->stopped) return;
        if (!r) return done(alive->told(r.error()));
        if (r->integer() == 0) return done(error{error_code::not_found, "no such node"});
        done({});
      },
      redis::is_number);
}

} // namespace swill
