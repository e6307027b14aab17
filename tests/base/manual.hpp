#pragma once

#include "libswill/base/awaiting.hpp"
#include "libswill/base/manual_loop.hpp"
#include "libswill/base/task.hpp"
#include "tests/support/counted.hpp"

// What tests of coroutines turn by hand.

namespace swill::test {

/// Something a coroutine waits for until the test fires it. One waiter at a time.
class signal {
public:
  struct place {
    signal& of;
    bool is_ready() const noexcept { return of.fired_; }
    void enter(wait& w) noexcept { of.waiter_.enter(w); }
    void leave(const wait& w) noexcept { of.waiter_.leave(w); }
    int take() noexcept { return ++of.resumed, of.number_; }
    void give_up() noexcept { ++of.resumed; }
  };
  awaiting<place> operator co_await() noexcept { return awaiting<place>{*this}; }

  void fire(int number = 0) {
    fired_ = true;
    number_ = number;
    waiter_.wake();
  }
  bool has_waiter() const noexcept { return waiter_.is_taken(); }
  int resumed = 0;

private:
  wait_slot waiter_;
  bool fired_ = false;
  int number_ = 0;
};

} // namespace swill::test
