#include "pubsub/memory_broker.hpp"

#include "libswill/base/process.hpp"
#include "libswill/base/ring.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <unordered_map>

namespace swill {

namespace {

/// So many forgotten topics are worth a look at what the allocator keeps, a second later: it takes some ms where the process has much
/// memory, and other threads may wait for it.
constexpr std::size_t fewest_forgotten = 1'000;
constexpr std::chrono::seconds look_after{1};

struct kept_message {
  clock_time when{};
  publication_ptr message;
};

struct kept_key {
  clock_time when{};
  std::string key;
};

/// What a message or a key costs beside its own bytes.
constexpr std::size_t overhead = 200;
std::size_t cost_of(const publication& p) noexcept { return p.item().size() + p.trace().size() + overhead; }
std::size_t cost_of(const kept_key& k) noexcept { return 2 * k.key.size() + overhead; }

/// Epochs of topics by their names, so that a topic without messages needs no memory: it has the same epoch when somebody comes back to it.
/// Once it had messages and was forgotten, its name has another; a few others change theirs with it.
class topic_epochs {
public:
  std::uint64_t of(const std::string& name) const noexcept {
    const std::size_t h = std::hash<std::string>{}(name);
    std::uint64_t z = secret_ ^ (h + 0x9e3779b97f4a7c15 * (1 + forgotten_[h % forgotten_.size()]));
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9; // SplitMix64, as in make_epoch()
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return std::max<std::uint64_t>(1, (z ^ (z >> 31)) >> 11);
  }
  void forget(const std::string& name) noexcept { ++forgotten_[std::hash<std::string>{}(name) % forgotten_.size()]; }

private:
  std::uint64_t secret_ = make_epoch();
  std::array<std::uint32_t, 4096> forgotten_{};
};

} // namespace

struct memory_broker::impl {
  /// One topic: its timer is due when the next thing of it is to be forgotten.
  struct topic final : timer {
    topic(impl& b, std::string n)
        : broker(b), name(std::move(n)), options(&b.options->of(name)), top{b.epochs.of(name), 0} {}
    ~topic() override {
      while (!history.empty()) broker.forget_message(*this);
      while (!key_order.empty()) broker.forget_key(*this);
      if (is_keeping) broker.keeping.erase(place);
    }
    void on_timer() override { broker.tidy(*this); }

    impl& broker;
    const std::string name;
    const topic_options* options;
    position top;
    detail::ring<kept_message> history;
    publication_ptr retained;
    std::unordered_map<std::string, std::uint64_t> keys; ///< idempotency key -> offset
    detail::ring<kept_key> key_order;
    std::map<std::string, presence_member> members;
    clock_time used{};
    bool subscribed = false;
    bool is_keeping = false;
    std::list<topic*>::iterator place{}; ///< in `keeping`, when it is there
  };

  void note_forgotten() {
    if (++forgotten >= fewest_forgotten && !looking.is_set()) home->set_timer(looking, home->now() + look_after);
  }
  /// What very many topics have taken is given back while there are few.
  void look() {
    if (topics.size() > forgotten) return;
    forgotten = 0;
    give_back_memory(*home);
  }

  topic* find(const std::string& name) {
    const auto it = topics.find(name);
    return it == topics.end() ? nullptr : it->second.get();
  }
  /// Null when there is no room for another.
  topic* find_or_make(const std::string& name) {
    if (topic* t = find(name)) return t;
    if (topics.size() >= options->topic_count) return nullptr;
    topic& t = *topics.emplace(name, std::make_unique<topic>(*this, name)).first->second;
    t.used = home->now();
    return &t;
  }
  static error full() { return errors::unavailable("too many topics"); }

  /// As if it were there, when it is not: nobody has published to it.
  position top_of(const std::string& name) {
    const topic* t = find(name);
    return t != nullptr ? t->top : position{epochs.of(name), 0};
  }

  position append(topic& t, bytes_view data, std::string_view trace = {}) {
    ++t.top.offset;
    t.used = home->now();
    const auto p = std::make_shared<const publication>(t.name, t.top, data, *t.options, trace);
    if (t.options->retain_last) t.retained = p;
    if (t.options->history_length != 0) {
      t.history.push({t.used, p});
      kept += cost_of(*p);
      while (t.history.size() > t.options->history_length) forget_message(t);
    }
    keep_last(t);
    make_room();
    if (t.subscribed) listener->on_publication(p);
    return t.top;
  }
  void remember(topic& t, const std::string& key, std::uint64_t offset) {
    t.keys[key] = offset;
    t.key_order.push({home->now(), key});
    kept += cost_of(t.key_order.back());
    while (t.key_order.size() > options->keys_per_topic) forget_key(t);
    keep_last(t);
    make_room();
  }
  void forget_message(topic& t) { kept -= cost_of(*t.history.pop().message); }
  void forget_key(topic& t) {
    const kept_key gone = t.key_order.pop();
    kept -= cost_of(gone);
    t.keys.erase(gone.key);
  }

  /// The one whose messages go last when there is no more room.
  void keep_last(topic& t) {
    if (!std::exchange(t.is_keeping, true)) {
      t.place = keeping.insert(keeping.end(), &t);
    } else {
      keeping.splice(keeping.end(), keeping, t.place);
    }
  }
  void make_room() {
    while (kept > options->kept_size && !keeping.empty()) {
      topic& t = *keeping.front();
      if (!t.history.empty()) {
        forget_message(t);
      } else if (!t.key_order.empty()) {
        forget_key(t);
      } else {
        t.is_keeping = false;
        keeping.pop_front();
      }
    }
  }

  void forget_old_messages(topic& t) {
    while (!t.history.empty() && t.history.front().when + t.options->history_age <= home->now()) forget_message(t);
  }
  void forget_old_keys(topic& t) {
    while (!t.key_order.empty() && t.key_order.front().when + options->key_age <= home->now()) forget_key(t);
  }

  /// Forgets what is old, and the topic when nothing is left of it.
  void tidy(topic& t) {
    forget_old_messages(t);
    forget_old_keys(t);
    const bool had_messages = t.top.offset != 0;
    const bool fresh = had_messages && t.used + t.options->forget_after > home->now();
    if (t.subscribed || !t.members.empty() || fresh || !t.key_order.empty() || !t.history.empty()) return arm(t);
    const std::string name = t.name; // the topic's own goes with it
    if (had_messages) epochs.forget(name);
    topics.erase(name);
    note_forgotten();
    if (topics.size() * 8 < topics.bucket_count()) topics.rehash(0);
  }
  void arm(topic& t) {
    std::optional<clock_time> next;
    const auto consider = [&next](clock_time when) { next = next ? std::min(*next, when) : when; };
    if (!t.history.empty()) consider(t.history.front().when + t.options->history_age);
    if (!t.key_order.empty()) consider(t.key_order.front().when + options->key_age);
    if (!next && !t.subscribed && t.members.empty()) consider(t.used + t.options->forget_after);
    if (!next) return t.cancel();
    if (!t.is_set() || t.due() > *next || t.due() <= home->now()) home->set_timer(t, *next);
  }
  void announce(const std::string& name, std::string_view event, const presence_member& who) {
    topic* t = find(presence_topic(name));
    if (t == nullptr) return; // nobody watches
    append(*t, presence_event(event, who));
    arm(*t);
  }

  loop* home = nullptr;
  broker_listener* listener = nullptr;
  const pubsub_options* options = nullptr;
  topic_epochs epochs;
  std::size_t kept = 0;      ///< bytes of messages and keys of all topics
  std::list<topic*> keeping; ///< topics that may have some; the one that was published to longest ago first
  std::unordered_map<std::string, std::unique_ptr<topic>> topics;
  std::size_t forgotten = 0; ///< topics since memory was given back
  member_timer<impl, &impl::look> looking{*this};
};

memory_broker::memory_broker() : impl_(std::make_unique<impl>()) {}
memory_broker::~memory_broker() = default;

void memory_broker::start(loop& l, broker_listener& to, const pubsub_options& o, const std::string&, const log_sink*) {
  impl_->home = &l;
  impl_->listener = &to;
  impl_->options = &o;
}

void memory_broker::stop(std::function<void()> done) {
  impl_->topics.clear();
  impl_->looking.cancel();
  done();
}

void memory_broker::publish(const std::string& topic, bytes_view data, const std::string& key, std::string_view trace,
                            answer<position> done) {
  impl::topic* t = impl_->find_or_make(topic);
  if (t == nullptr) return done(impl::full());
  if (!key.empty()) {
    impl_->forget_old_keys(*t);
    if (const auto known = t->keys.find(key); known != t->keys.end())
      return done(position{t->top.epoch, known->second});
  }
  const position at = impl_->append(*t, data, trace);
  if (!key.empty()) impl_->remember(*t, key, at.offset);
  impl_->arm(*t);
  done(at);
}

void memory_broker::subscribe(const std::string& topic, answer<topic_state> done) {
  impl::topic* t = impl_->find_or_make(topic);
  if (t == nullptr) return done(impl::full());
  t->subscribed = true;
  impl_->arm(*t);
  done(topic_state{t->top, t->retained});
}

void memory_broker::unsubscribe(const std::string& topic) {
  impl::topic* t = impl_->find(topic);
  if (t == nullptr || !std::exchange(t->subscribed, false)) return;
  t->used = std::max(t->used, impl_->home->now());
  impl_->tidy(*t); // nothing stays of one that never had a message
}

void memory_broker::history(const std::string& topic, const position& since, std::size_t limit,
                            answer<history_page> done) {
  history_page page;
  page.top = impl_->top_of(topic);
  impl::topic* t = impl_->find(topic);
  if (t == nullptr) return done(std::move(page));
  impl_->forget_old_messages(*t);
  const std::uint64_t after = since.epoch == t->top.epoch ? since.offset : 0;
  std::size_t i = 0;
  if (!t->history.empty()) {
    const std::uint64_t first = t->history.front().message->at().offset;
    i = after < first ? 0 : static_cast<std::size_t>(after + 1 - first);
  }
  for (; i < t->history.size() && page.items.size() < limit; ++i) page.items.push_back(t->history[i].message);
  page.more = i < t->history.size();
  impl_->arm(*t);
  done(std::move(page));
}

void memory_broker::enter(const std::string& topic, const presence_member& who, answer<void> done) {
  impl::topic* t = impl_->find_or_make(topic);
  if (t == nullptr) return done(impl::full());
  const bool known = t->members.count(who.id) != 0;
  if (!known && t->members.size() >= impl_->options->members_per_topic)
    return done(error{error_code::too_many_requests, "too many members"});
  t->members[who.id] = who;
  impl_->arm(*t);
  if (!known) impl_->announce(topic, "join", who);
  done({});
}

void memory_broker::leave(const std::string& topic, const std::string& id, answer<void> done) {
  if (impl::topic* t = impl_->find(topic)) {
    if (const auto it = t->members.find(id); it != t->members.end()) {
      const presence_member who = std::move(it->second);
      t->members.erase(it);
      t->used = std::max(t->used, impl_->home->now());
      impl_->tidy(*t);
      impl_->announce(topic, "leave", who);
    }
  }
  done({});
}

void memory_broker::members(const std::string& topic, answer<std::vector<presence_member>> done) {
  std::vector<presence_member> all;
  if (const impl::topic* t = impl_->find(topic)) {
    for (const auto& [id, who] : t->members) all.push_back(who);
  }
  done(std::move(all));
}

std::size_t memory_broker::topics() const noexcept { return impl_->topics.size(); }

} // namespace swill
