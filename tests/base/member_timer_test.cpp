#include "libswill/base/loop.hpp"

#include "tests/base/manual.hpp"

#include <gtest/gtest.h>

namespace swill {
namespace {

using namespace std::chrono_literals;

struct owner {
  void on_time() { ++times; }
  int times = 0;
  member_timer<owner, &owner::on_time> due{*this};
};

TEST(MemberTimer, CallsItsOwner) {
  manual_loop l;
  owner o;
  l.set_timer(o.due, l.now() + 1s);

  l.advance(999ms);
  EXPECT_EQ(o.times, 0);
  l.advance(1ms);
  EXPECT_EQ(o.times, 1);
  l.advance(1s);
  EXPECT_EQ(o.times, 1);
}

} // namespace
} // namespace swill
