#include "libswill/base/trace.hpp"

#include "libswill/base/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>
#include <stdexcept>
#include <string>
#include <thread>

namespace swill::trace_test {

// Not in an anonymous namespace: their names are to be found in the trace.
struct strange_failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[gnu::noinline]] void place_that_throws(int how) {
  switch (how) {
    case 0: throw strange_failure{"very strange"};
    case 1: throw 42;
    case 2: throw error{409, "expected"};
    case 3: throw cancelled{};
    default: throw std::bad_alloc{};
  }
}

[[gnu::noinline]] std::exception_ptr caught(int how) {
  try {
    place_that_throws(how);
  } catch (...) {
    return std::current_exception();
  }
  return {};
}

namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Trace, NamesTypeTextAndThePlaceThatThrew) {
  const trace_scope traced;

  const std::string text = describe_exception(caught(0));

  EXPECT_THAT(text, HasSubstr("swill::trace_test::strange_failure: very strange"));
  EXPECT_THAT(text, HasSubstr("at swill::trace_test::place_that_throws(int)"));
  EXPECT_THAT(text, HasSubstr("at swill::trace_test::caught(int)"));
}

TEST(Trace, OutsideOfAScopeThereIsNoStack) {
  { const trace_scope traced; }

  const std::string text = describe_exception(caught(0));

  EXPECT_THAT(text, HasSubstr("very strange"));
  EXPECT_THAT(text, Not(HasSubstr("\n  at ")));
}

TEST(Trace, TakesExceptionsThatAreNoObjects) {
  const trace_scope traced;

  const std::string text = describe_exception(caught(1));

  EXPECT_THAT(text, HasSubstr("exception of type int"));
  EXPECT_THAT(text, HasSubstr("place_that_throws"));
}

TEST(Trace, ExpectedOnesAreNotRecorded) {
  const trace_scope traced;

  for (const int how : {2, 3}) EXPECT_THAT(describe_exception(caught(how)), Not(HasSubstr("\n  at "))) << how;
}

TEST(Trace, ExpectedOneInBetweenLeavesTheRecordAlone) {
  const trace_scope traced;
  const std::exception_ptr strange = caught(0);
  caught(2);

  EXPECT_THAT(describe_exception(strange), HasSubstr("place_that_throws"));
}

TEST(Trace, StackOfAnotherExceptionIsNotShown) {
  const trace_scope traced;
  const std::exception_ptr first = caught(0);
  const std::exception_ptr second = caught(4);

  EXPECT_THAT(describe_exception(first), Not(HasSubstr("\n  at ")));
  EXPECT_THAT(describe_exception(second), HasSubstr("place_that_throws"));
}

TEST(Trace, RethrowKeepsTheFirstPlace) {
  const trace_scope traced;
  std::exception_ptr again;
  try {
    std::rethrow_exception(caught(0));
  } catch (...) {
    again = std::current_exception();
  }

  EXPECT_THAT(describe_exception(again), HasSubstr("place_that_throws"));
}

TEST(Trace, ThreadsDoNotShareTheirRecords) {
  const trace_scope traced;
  std::string text;

  std::thread{[&text] { text = describe_exception(caught(0)); }}.join();

  EXPECT_THAT(text, Not(HasSubstr("\n  at ")));
}

} // namespace
} // namespace swill::trace_test
