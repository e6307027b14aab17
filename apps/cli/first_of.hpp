#pragma once

#include "libswill/base/task.hpp"

#include <utility>
#include <vector>

namespace swill::cli {

/// `co_await first_of{std::move(tasks)}`: starts them all, goes on when the first of them ends, destroys the others where they are, and
/// throws what the first one threw. What when_any does, for a number of tasks that is known only when the program runs.
class first_of {
public:
  explicit first_of(std::vector<task<void>> tasks) : tasks_(std::move(tasks)) {}

  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> parent) {
    parent_ = parent;
    for (auto& t : tasks_) {
      // One that was started before may end while this one starts: on_final then leaves it to this loop.
      if (t.start_nested(*parent.promise().owner, &first_of::on_final, this)) has_ended_ = true;
      if (has_ended_) return false;
    }
    is_started_ = true;
    return true;
  }
  void await_resume() {
    for (auto& t : tasks_) {
      if (t.done()) return t.take();
    }
  }

private:
  static void on_final(void* self) {
    auto& all = *static_cast<first_of*>(self);
    if (std::exchange(all.has_ended_, true)) return;
    if (all.is_started_) all.parent_.resume();
  }

  std::vector<task<void>> tasks_;
  std::coroutine_handle<> parent_;
  bool has_ended_ = false;
  bool is_started_ = false;
};

} // namespace swill::cli
