#pragma once

#include "libswill/base/awaiting.hpp"
#include "libswill/base/result.hpp"
#include "libswill/base/ring.hpp"
#include "pubsub/options.hpp"
#include "pubsub/publication.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace swill::detail {

class membership;
class subscription;

/// How a subscription to a topic has begun, or goes on while it reads history.
struct joined {
  position at;                         ///< the subscriber gets the messages after this position
  bool recovered = true;               ///< no message after `since` was lost, or there was no `since`
  std::vector<publication_ptr> missed; ///< the first page of the messages after `since`
  bool more = false;                   ///< history has more messages after these
  bool fresh = false;                  ///< the topic has no message yet, and nobody on this node listened to it
};

/// Counters of one unit, or of all. Written by one thread each.
struct delivery_counters {
  std::atomic<std::uint64_t> subscriptions{0};
  std::atomic<std::uint64_t> delivered{0};
  std::atomic<std::uint64_t> dropped{0}; ///< by drop_oldest and conflate
  std::atomic<std::uint64_t> overflows{0};
};

inline void add(std::atomic<std::uint64_t>& counter, std::uint64_t n) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); // one writer
}

/// The hub of a unit, as its subscriptions see it. On the unit's thread.
class topic_port {
public:
  /// m.on_joined() will tell how it has begun.
  virtual void join(membership& m, std::optional<position> since) = 0;
  /// m.on_joined() will tell what history has after `at`.
  virtual void read_on(membership& m, const position& at) = 0;
  virtual void leave(membership& m) noexcept = 0;
  virtual delivery_counters& counters() noexcept = 0;

protected:
  ~topic_port() = default;
};

/// A subscription's part in one topic: what makes of the topic's messages a sequence without duplicates, from where it begins. As long
/// as it is behind it reads history, a page whenever its subscriber has taken the last one. What is published while a page is under way
/// is held, as far as the subscription's queue would be; beyond that, and while the subscriber has a page to take, it is left to history.
class membership {
public:
  using on_begin = std::function<void(result<joined>)>;

  membership(subscription& owner, topic_port& hub, std::string topic)
      : owner_(owner), hub_(hub), topic_(std::move(topic)) {}
  membership& operator=(membership&&) = delete;
  ~membership();

  const std::string& topic() const noexcept { return topic_; }
  void begin(std::optional<position> since, on_begin told);
  /// The hub: the topic has begun, or cannot.
  void on_joined(result<joined> j);
  /// The hub: a message. May end this membership.
  void offer(const publication_ptr& p);
  /// The subscriber has taken what was read: the next page, if there is one.
  void read_on();

  // Where the hub finds this membership among those of its topic; set and read by the hub alone.
  void* place = nullptr;
  std::size_t slot = 0;
  std::uint64_t token = 0;

private:
  bool is_next(const publication& p) const noexcept;
  void hold(const publication_ptr& p);
  void take(const publication_ptr& p);
  void go_on(result<joined> j);
  void settle(bool more);
  void set_behind(bool behind) noexcept;

  /// What there is until on_joined().
  struct page_under_way {
    on_begin told;                     ///< when the subscription begins
    std::vector<publication_ptr> held; ///< came since it was asked for
    std::size_t held_bytes = 0;
    bool spilt = false; ///< not all that came meanwhile is held
  };

  subscription& owner_;
  topic_port& hub_;
  const std::string topic_;
  position last_;
  std::unique_ptr<page_under_way> asked_; ///< on_joined() is to come
  bool behind_ = false;                   ///< there is more in history
};

/// The subscriptions of one connection's requests. Part of its state, which outlives them.
struct subscription_list {
  std::vector<const subscription*> open;

  void add_topics(std::vector<std::string_view>& to) const;
};

/// What waits for one subscriber, of one topic or several: a bounded queue of shared messages. On one unit's thread.
class subscription : public wait_slot {
public:
  subscription(topic_port& hub, const topic_options& o) : hub_(hub), options_(o) {
    detail::add(hub_.counters().subscriptions, 1);
  }
  subscription& operator=(subscription&&) = delete;
  ~subscription();

  /// `told` is called once, later or at once.
  void add(const std::string& topic, std::optional<position> since, membership::on_begin told);
  void remove(const std::string& topic);
  bool has(const std::string& topic) const noexcept;
  const std::vector<std::unique_ptr<membership>>& parts() const noexcept { return parts_; }

  /// Shows it among those of a connection, as long as it lives.
  void list_in(subscription_list& l) {
    l.open.push_back(this);
    listed_in_ = &l;
  }

  /// Messages go here instead of waiting. Before the first.
  using sink = std::function<void(const publication_ptr&)>;
  void set_sink(sink f) { sink_ = std::make_unique<sink>(std::move(f)); }

  /// From a topic: what was missed before it began, and then what comes. The latter may end the subscription's owner.
  void preload(const publication_ptr& p);
  void push(const publication_ptr& p);
  void fail(error e);

  bool is_ready() const noexcept { return !queue_.empty() || failure_ != nullptr; }
  /// The next; only when ready. Throws the failure at the end.
  publication_ptr take();

  std::size_t waiting() const noexcept { return queue_.size(); }
  std::uint64_t dropped() const noexcept { return dropped_; }

  /// `co_await s.next()`: the next message or notice. Throws the failure, or `cancelled`.
  awaiting<subscription&> next() noexcept { return awaiting<subscription&>{*this}; }

  const topic_options& options() const noexcept { return options_; }
  /// Something read from history is still to be taken.
  bool has_preloaded() const noexcept { return preloaded_ != 0; }
  /// The one who waits is told of what was preloaded. May end this.
  void wake_up() {
    if (is_ready()) wake();
  }
  std::size_t behind = 0; ///< topics that it reads from history; theirs to count

private:
  bool is_full(const publication& p) const noexcept;
  void drop(std::size_t i);
  void drop_oldest();
  void drop_same_key(const publication& p);
  void overflowed();

  topic_port& hub_;
  const topic_options& options_; ///< the application's, which live as long as the server
  std::vector<std::unique_ptr<membership>> parts_;
  subscription_list* listed_in_ = nullptr;
  std::unique_ptr<sink> sink_; ///< null: messages wait
  ring<publication_ptr> queue_;
  std::size_t preloaded_ = 0; ///< so many at the front came from history, and count towards no limit
  std::size_t bytes_ = 0;     ///< of the others
  std::uint64_t dropped_ = 0;
  std::unique_ptr<error> failure_;
};

inline membership::~membership() {
  set_behind(false);
  hub_.leave(*this);
}

inline void membership::set_behind(bool behind) noexcept {
  if (behind == behind_) return;
  behind_ = behind;
  owner_.behind += behind ? 1 : static_cast<std::size_t>(-1);
}

} // namespace swill::detail
