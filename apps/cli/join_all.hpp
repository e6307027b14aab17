#pragma once

#include "libswill/base/task.hpp"

#include <utility>
#include <vector>

namespace swill::cli {

/// `co_await join_all{std::move(tasks)}`: starts them all, goes on when all have ended, and throws what the first failed one threw.
class join_all {
public:
  explicit join_all(std::vector<task<void>> tasks) : tasks_(std::move(tasks)) {}

  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> parent) {
    parent_ = parent;
    left_ = tasks_.size() + 1; // itself, so that nothing ends it while it starts them
    for (auto& t : tasks_) {
      if (t.start_nested(*parent.promise().owner, &join_all::on_final, this)) --left_;
    }
    return --left_ != 0;
  }
  void await_resume() {
    for (auto& t : tasks_) t.take();
  }

private:
  static void on_final(void* self) {
    auto& j = *static_cast<join_all*>(self);
    if (--j.left_ == 0) j.parent_.resume();
  }

  std::vector<task<void>> tasks_;
  std::size_t left_ = 0;
  std::coroutine_handle<> parent_;
};

} // namespace swill::cli
