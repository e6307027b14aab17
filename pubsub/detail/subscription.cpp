#include "pubsub/detail/subscription.hpp"

#include "pubsub/broker.hpp"

#include <algorithm>

namespace swill::detail {

// --- One topic

void membership::begin(std::optional<position> since, on_begin told) {
  asked_ = std::make_unique<page_under_way>();
  asked_->told = std::move(told);
  hub_.join(*this, since);
}

void membership::on_joined(result<joined> j) {
  const on_begin told = std::exchange(asked_->told, nullptr);
  if (!told) return go_on(std::move(j));
  if (!j) return told(std::move(j));
  last_ = j->at;
  for (const publication_ptr& p : j->missed) take(p);
  settle(j->more);
  j->missed.clear();
  owner_.wake_up(); // may end this, which `told` does not mind
  told(std::move(j));
}

/// A page more.
void membership::go_on(result<joined> j) {
  if (!j) return owner_.fail(j.error()); // ends this
  if (!j->recovered) take(std::make_shared<const publication>(topic_, j->at));
  for (const publication_ptr& p : j->missed) take(p);
  settle(j->more);
  owner_.wake_up(); // may end this
}

/// What history had was taken: either what is held comes next, or another page.
void membership::settle(bool more) {
  const auto page = std::move(asked_);
  set_behind(page->spilt || more);
  if (!behind_) {
    for (const publication_ptr& p : page->held) {
      if (is_next(*p)) take(p);
    }
  } else if (!owner_.has_preloaded()) {
    read_on();
  }
}

void membership::take(const publication_ptr& p) {
  owner_.preload(p);
  last_ = p->at();
}

void membership::read_on() {
  if (!behind_ || asked_) return;
  asked_ = std::make_unique<page_under_way>();
  hub_.read_on(*this, last_);
}

bool membership::is_next(const publication& p) const noexcept {
  const position& at = p.at();
  if (at.epoch == last_.epoch) return at.offset > last_.offset;
  return p.is_notice(); // another epoch never begins without one
}

void membership::offer(const publication_ptr& p) {
  if (asked_) return hold(p);
  if (behind_ || !is_next(*p)) return;
  last_ = p->at();
  owner_.push(p);
}

void membership::hold(const publication_ptr& p) {
  page_under_way& page = *asked_;
  if (page.spilt) return; // history has it
  const topic_options& o = owner_.options();
  page.held_bytes += p->item().size();
  page.spilt = page.held.size() >= o.queue_length || (!page.held.empty() && page.held_bytes > o.queue_size);
  if (!page.spilt) page.held.push_back(p);
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
  if (sink_) return (*sink_)(p);
  if (queue_.size() == preloaded_) {
    ++preloaded_;
  } else {
    bytes_ += p->item().size(); // live ones of another topic wait already
  }
  queue_.push(p);
}

void subscription::push(const publication_ptr& p) {
  if (failure_) return;
  detail::add(hub_.counters().delivered, 1);
  if (sink_) return (*sink_)(p);
  if (options_.overflow == overflow::conflate) drop_same_key(*p);
  if (is_full(*p)) {
    if (options_.overflow == overflow::buffer) return overflowed();
    while (is_full(*p)) drop_oldest();
  }
  queue_.push(p);
  bytes_ += p->item().size();
  wake();
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
  const position at = queue_.back()->at();
  fail(errors::too_many("this subscriber is too slow", std::chrono::milliseconds{0},
                        {{"epoch", at.epoch}, {"offset", at.offset}}));
}

void subscription::fail(error e) {
  if (failure_) return;
  failure_ = std::make_unique<error>(std::move(e));
  parts_.clear(); // nothing more comes
  wake();
}

publication_ptr subscription::take() {
  if (queue_.empty()) throw *failure_;
  publication_ptr p = queue_.pop();
  if (preloaded_ != 0) {
    --preloaded_;
  } else {
    bytes_ -= p->item().size();
  }
  if (behind != 0 && preloaded_ == 0) {
    for (const auto& m : parts_) m->read_on();
  }
  return p;
}

} // namespace swill::detail
