#pragma once

#include "libswill/base/loop.hpp"

namespace swill {

/// A timer that calls a function of the object whose member it is: `member_timer<feed, &feed::on_silence> silence_{*this};`.
template <class Owner, void (Owner::*Function)()>
class member_timer final : public timer {
public:
  explicit member_timer(Owner& o) : owner_(o) {}

private:
  void on_timer() override { (owner_.*Function)(); }
  Owner& owner_;
};

} // namespace swill
