#pragma once

#include "libswill/api/types/codec.hpp"
#include "libswill/base/task.hpp"
#include "pubsub/detail/subscription.hpp"

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace swill {

/// What a feed gives: a message, or the notice that some were missed and cannot be had any more.
template <class T>
class item {
public:
  /// What a publication says. Throws error 422 when its message is no T.
  static item decoded(publication_ptr p) {
    if (p->is_notice()) return {std::move(p), std::nullopt};
    std::optional<T> data{std::in_place};
    std::optional<error> failure;
    if (!decode_message(p->data(), limits{}, *data, failure)) throw std::move(*failure);
    return {std::move(p), std::move(data)};
  }

  /// Messages before `at()` were missed; this holds none.
  bool is_notice() const noexcept { return !data_; }
  /// Its place in the topic. A notice has the place after which the following messages come.
  const position& at() const noexcept { return from_->at(); }
  /// The trace-id of the request that published it (docs/logging.md); empty when it had none. Good as long as the item.
  std::string_view trace() const noexcept { return from_->trace(); }

  /// The message. Throws error 503 ({retryable, epoch, offset}) when this is a notice: who does not look out for them ends, rather than go
  /// on as if nothing were missing.
  T& data() & { return check(), *data_; }
  const T& data() const& { return check(), *data_; }
  T&& data() && { return check(), std::move(*data_); }
  operator const T&() const { return data(); }

private:
  item(publication_ptr from, std::optional<T> data) : from_(std::move(from)), data_(std::move(data)) {}
  void check() const {
    if (data_) return;
    throw errors::unavailable("messages were missed", {{"epoch", at().epoch}, {"offset", at().offset}});
  }
  publication_ptr from_; ///< with others who got it
  std::optional<T> data_;
};

/// A subscription of a coroutine: `while (auto m = co_await feed.next())`. Belongs to the request that made it, on its thread; it ends when
/// it is destroyed. One reader at a time.
///
/// Promise: every message after `start()`, once, in order; where that cannot be kept there is a notice in the place of what was missed,
/// or, by the topic's overflow policy, a jump of the offsets or the feed's end.
template <class T>
class feed {
public:
  feed(std::unique_ptr<detail::subscription> s, position start, bool recovered)
      : subscription_(std::move(s)), start_(start), recovered_(recovered) {}

  /// The messages that come are those after this position.
  const position& start() const noexcept { return start_; }
  /// No message after `since` is missing.
  bool recovered() const noexcept { return recovered_; }
  /// Messages that drop_oldest or conflate have dropped.
  std::uint64_t dropped() const noexcept { return subscription_->dropped(); }

  /// The next. Never empty: a feed has no end of its own. Throws error 429 when this subscriber was too slow (overflow::buffer), 422 when
  /// a message is no T, `cancelled` when the request is.
  SWILL_MUST_AWAIT("next() gives nothing until it is awaited: co_await it")
  auto next() noexcept { return awaiting<next_item>{*subscription_}; }

private:
  struct next_item {
    detail::subscription& from;
    bool is_ready() const noexcept { return from.is_ready(); }
    void enter(wait& w) noexcept { from.enter(w); }
    void leave(const wait& w) noexcept { from.leave(w); }
    std::optional<item<T>> take() { return item<T>::decoded(from.take()); }
  };

  std::unique_ptr<detail::subscription> subscription_;
  position start_;
  bool recovered_ = true;
};

} // namespace swill
