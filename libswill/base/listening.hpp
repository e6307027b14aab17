#pragma once

#include <functional>
#include <utility>

namespace swill {

/// Ends what a function such as `pubsub::listen` has begun. From any thread; afterwards, at the latest when what runs has returned, nothing is called.
class listening {
public:
  explicit listening(std::function<void()> end) : end_(std::move(end)) {}
  listening(listening&& other) noexcept : end_(std::exchange(other.end_, nullptr)) {}
  listening& operator=(listening&& other) noexcept {
    std::swap(end_, other.end_);
    return *this;
  }
  ~listening() {
    if (end_) end_();
  }

private:
  std::function<void()> end_;
};

} // namespace swill
