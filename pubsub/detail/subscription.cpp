#include "pubsub/detail/subscription.hpp"

#include "pubsub/broker.hpp"

#include <algorithm>

namespace swill::detail {

namespace {
/// Messages that may come while the beginning of a topic is still asked for.
constexpr std::size_t most_held = 4096;
} // namespace

// --- One topic

void membership::begin(std::optional<position> since, on_begin told) {
  told_ = std::move(told);
  hub_.join(*this, since);
}

void membership::on_joined(result<joined> j) {
  const on_begin told = std::exchange(told_, nullptr);
  if (!told) return;
  if (!j) {
    held_.clear();
    return told(std::move(j));
  }
  live_ = true;
  last_ = j->at;
  for (const publication_ptr& p : j->missed) {
    owner_.preload(p);
    last_ = p->at();
  }
  for (const publication_ptr& p : std::exchange(held_, {})) {
    if (!is_next(*p)) continue;
    owner_.preload(p);
    last_ = p->at();
  }
  j->missed.clear();
  told(std::move(j)); // may end this
}

bool membership::is_next(const publication& p) const noexcept {
  const position& at = p.at();
  if (at.epoch == last_.epoch) return at.offset > last_.offset;
  return p.is_notice(); // another epoch never begins without one
}

void membership::offer(const publication_ptr& p) {
  if (!live_) {
    if (held_.size() < most_held) return held_.push_back(p);
    if (const auto told = std::exchange(told_, nullptr)) told(broker_unavailable("the topic's history takes too long"));
    return;
  }
  if (!is_next(*p)) return;
  last_ = p->at();
  owner_.push(p);
}

// --- The queue

void subscription_list::add_topics(std::vector<std::string_view>& to) const {
  for (const subscription* s : open) {
    for (const auto& m : s->parts()) {
      if (std::find(to.begin(), to.end(), m->topic()) == to.end()) to.push_back(m->topic());
    }
  }
}

subscription::~subscription() {
  if (listed_in_ != nullptr) std::erase(listed_in_->open, this);
  parts_.clear();
  detail::add(hub_.counters().subscriptions, static_cast<std::uint64_t>(-1));
}

void subscription::add(const std::string& topic, std::optional<position> since, membership::on_begin told) {
  parts_.push_back(std::make_unique<membership>(*this, hub_, topic));
  parts_.back()->begin(since, std::move(told));
}

void subscription::remove(const std::string& topic) {
  std::erase_if(parts_, [&topic](const auto& m) { return m->topic() == topic; });
}

bool subscription::has(const std::string& topic) const noexcept {
  return std::any_of(parts_.begin(), parts_.end(), [&topic](const auto& m) { return m->topic() == topic; });
}

void subscription::preload(const publication_ptr& p) {
  if (failure_) return;
  if (sink_) return sink_(p);
  if (queue_.size() > preloaded_) return push(p); // live ones of another topic wait already
  queue_.push(p);
  ++preloaded_;
}

void subscription::push(const publication_ptr& p) {
  if (failure_) return;
  detail::add(hub_.counters().delivered, 1);
  if (sink_) return sink_(p);
  if (options_.overflow == overflow::conflate) drop_same_key(*p);
  if (is_full(*p)) {
    if (options_.overflow == overflow::buffer) return overflowed();
    while (is_full(*p)) drop_oldest();
  }
  queue_.push(p);
  bytes_ += p->item().size();
  if (waiter_ != nullptr) wake();
}

bool subscription::is_full(const publication& p) const noexcept {
  const std::size_t count = queue_.size() - preloaded_;
  if (count == 0) return false;
  return count >= options_.queue_length || bytes_ + p.item().size() > options_.queue_size;
}

void subscription::drop(std::size_t i) {
  bytes_ -= queue_[i]->item().size();
  queue_.erase(i);
  ++dropped_;
  detail::add(hub_.counters().dropped, 1);
}

void subscription::drop_oldest() {
  // A notice stays, so that what it tells is not lost with it; of two that follow each other the later tells enough.
  std::size_t i = preloaded_;
  if (queue_[i]->is_notice() && i + 1 < queue_.size() && !queue_[i + 1]->is_notice()) ++i;
  drop(i);
}

void subscription::drop_same_key(const publication& p) {
  if (p.is_notice()) return;
  for (std::size_t i = preloaded_; i < queue_.size(); ++i) {
    const publication& other = *queue_[i];
    if (!other.is_notice() && other.topic() == p.topic() && other.key() == p.key()) return drop(i);
  }
}

void subscription::overflowed() {
  detail::add(hub_.counters().overflows, 1);
  const position at = queue_.empty() ? taken_ : queue_[queue_.size() - 1]->at();
  fail({error_code::too_many_requests, "this subscriber is too slow",
        value::map({{"retry_after_ms", 0}, {"epoch", at.epoch}, {"offset", at.offset}})});
}

void subscription::fail(error e) {
  if (failure_) return;
  failure_ = std::move(e);
  parts_.clear(); // nothing more comes
  if (waiter_ != nullptr) wake();
}

void subscription::wake() {
  wait* w = std::exchange(waiter_, nullptr);
  w->owner()->wake(*w); // runs the subscriber, which may end this
}

publication_ptr subscription::take() {
  if (queue_.empty()) throw *failure_;
  publication_ptr p = queue_.pop();
  if (preloaded_ != 0) {
    --preloaded_;
  } else {
    bytes_ -= p->item().size();
  }
  taken_ = p->at();
  return p;
}

} // namespace swill::detail
