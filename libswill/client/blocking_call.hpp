#pragma once

#include "libswill/client/detail/background.hpp"

#include <cstddef>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace swill {

namespace client_detail {

/// What blocking calls have in common: the call they stand for, which belongs to the client's thread.
template <class Call>
class blocking_call {
public:
  blocking_call(std::shared_ptr<background> b, std::shared_ptr<Call> c) noexcept
      : background_(std::move(b)), call_(std::move(c)) {}
  blocking_call(blocking_call&&) noexcept = default;
  /// Before its end: sends CANCEL.
  ~blocking_call() {
    if (call_) background_->release(std::move(call_));
  }

  /// Sends CANCEL; whoever waits gets error 499. After the end: nothing. From any thread.
  void cancel() {
    background_->loop().post([c = call_] { c->cancel(); });
  }

  /// What has come of them by now.
  metadata leading() const {
    return background_->run([this]() -> task<metadata> { co_return call_->leading(); });
  }
  metadata trailing() const {
    return background_->run([this]() -> task<metadata> { co_return call_->trailing(); });
  }

protected:
  std::shared_ptr<background> background_; // shared with the client and its other calls
  std::shared_ptr<Call> call_;             // shared with what is posted to the client's thread
};

/// Items that were fetched together: one change of threads for many.
template <class R>
struct batch {
  static constexpr std::size_t most = 256;
  std::vector<R> items;
  bool at_end = false;
  std::exception_ptr failure; ///< after the items
};

template <class R, class Call>
task<batch<R>> fetch(Call& from) {
  batch<R> b;
  try {
    do {
      auto item = co_await from.next();
      if (!item) {
        b.at_end = true;
        break;
      }
      b.items.push_back(std::move(*item));
    } while (from.has_item() && b.items.size() < batch<R>::most);
  } catch (...) {
    b.failure = std::current_exception();
  }
  co_return b;
}

/// The reading side: next(), and a range.
template <class R, class Call>
class blocking_reader : public blocking_call<Call> {
public:
  using blocking_call<Call>::blocking_call;

  /// The next item; empty at the end. Throws as client_stream::next. One thread at a time.
  std::optional<R> next() {
    if (at_ == batch_.items.size() && !batch_.at_end && !batch_.failure) {
      batch_ = this->background_->run([this] { return fetch<R>(*this->call_); });
      at_ = 0;
    }
    if (at_ < batch_.items.size()) return std::move(batch_.items[at_++]);
    if (batch_.failure) std::rethrow_exception(batch_.failure);
    return std::nullopt;
  }

  /// Goes over what next() gives.
  class iterator {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = R;
    using difference_type = std::ptrdiff_t;
    using pointer = R*;
    using reference = R&;

    explicit iterator(blocking_reader* from) : from_(from) { ++*this; }
    R& operator*() noexcept { return *item_; }
    R* operator->() noexcept { return &*item_; }
    iterator& operator++() {
      item_ = from_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const noexcept { return !item_; }

  private:
    blocking_reader* from_;
    std::optional<R> item_;
  };
  iterator begin() { return iterator{this}; }
  std::default_sentinel_t end() const noexcept { return {}; }

private:
  batch<R> batch_;
  std::size_t at_ = 0;
};

/// Writing, for both kinds of calls that do it.
template <class Call, class T>
bool write_blocking(background& b, Call& c, const T& item) {
  return b.run([&]() -> task<bool> { co_return co_await c.write(detail::to_message(item)); });
}

} // namespace client_detail

/// One message there, any number back. Moves, but is used by one thread at a time; keeps the connection open.
template <class R>
class blocking_stream : public client_detail::blocking_reader<R, client_stream<R>> {
public:
  using client_detail::blocking_reader<R, client_stream<R>>::blocking_reader;
};

/// Any number of messages there, one back.
template <class T, class R>
class blocking_upload : public client_detail::blocking_call<client_upload<T, R>> {
public:
  using client_detail::blocking_call<client_upload<T, R>>::blocking_call;

  /// As writing_call::write.
  bool write(const T& item) { return client_detail::write_blocking(*this->background_, *this->call_, item); }

  /// Sends END_OF_STREAM and waits for the response, once. Throws as client_call::result.
  R finish() {
    return this->background_->run([this]() -> task<R> { co_return co_await this->call_->finish(); });
  }
};

/// Any number of messages both ways. One thread may read while another writes.
template <class T, class R>
class blocking_duplex : public client_detail::blocking_reader<R, client_duplex<T, R>> {
public:
  using client_detail::blocking_reader<R, client_duplex<T, R>>::blocking_reader;

  /// As writing_call::write.
  bool write(const T& item) { return client_detail::write_blocking(*this->background_, *this->call_, item); }
  void close_writing() {
    this->background_->run([this]() -> task<void> {
      this->call_->close_writing();
      co_return;
    });
  }
};

} // namespace swill
