#include "libswill/base/trace.hpp"

#include "libswill/base/await.hpp"
#include "libswill/base/error.hpp"
#include "tests/base/manual.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
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

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

std::string description_of(const std::function<void()>& act) {
  try {
    act();
  } catch (...) {
    return describe_exception(std::current_exception());
  }
  return "nothing was thrown";
}

[[gnu::noinline]] void hidden_place() { throw strange_failure{"hidden"}; }

TEST(Trace, ShowsTextOfAnExceptionOnOneLine) {
  // It may quote what a peer has sent.
  EXPECT_EQ(name_exception(std::make_exception_ptr(strange_failure{"bad: 'x\n2026 info forged\x1b[2J'"})),
            "swill::trace_test::strange_failure: bad: 'x\\x0a2026 info forged\\x1b[2J'");
}

TEST(Trace, NamesTypeTextAndThePlaceThatThrew) {
  const trace_scope traced;

  const std::string text = describe_exception(caught(0));

  EXPECT_THAT(text, HasSubstr("swill::trace_test::strange_failure: very strange"));
  EXPECT_THAT(text, HasSubstr("at swill::trace_test::place_that_throws(int)"));
  EXPECT_THAT(text, HasSubstr("at swill::trace_test::caught(int)"));
}

TEST(Trace, BeginsWithThePlaceThatThrew) {
  const trace_scope traced;

  EXPECT_THAT(describe_exception(caught(0)), HasSubstr("very strange\n  at swill::trace_test::place_that_throws(int)"));
}

TEST(Trace, HasNoAddressesOfThisRun) {
  const trace_scope traced;

  EXPECT_THAT(description_of(hidden_place), Not(ContainsRegex("at 0x")));
}

TEST(Trace, NamesFunctionsThatAreNotExported) {
  const trace_scope traced;
  void (*const volatile lambda)() = [] { throw strange_failure{"in a lambda"}; };

  EXPECT_THAT(description_of(hidden_place), HasSubstr("at swill::trace_test::(anonymous namespace)::hidden_place()"));
  EXPECT_THAT(description_of(lambda), HasSubstr("NamesFunctionsThatAreNotExported_Test::TestBody()::{lambda()#1}::"));
}

TEST(Trace, SaysWhereThatIsForAddr2line) {
  const trace_scope traced;

  EXPECT_THAT(description_of(hidden_place), ContainsRegex("hidden_place\\(\\)[^\n]* \\(test_base\\+0x[0-9a-f]+\\)\n"));
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

TEST(Trace, StackOfAnotherIsNotShownForWhatIsNoStdException) {
  const trace_scope traced;
  const std::exception_ptr first = caught(1);
  const std::exception_ptr second = caught(4);

  EXPECT_THAT(describe_exception(first), Not(HasSubstr("\n  at ")));
}

TEST(Trace, StackOfADeadOneIsNotShownForWhatTookItsPlace) {
  const trace_scope traced;
  static_cast<void>(caught(0));
  const std::exception_ptr made =
      std::make_exception_ptr(std::logic_error{"never thrown"}); // most likely at the same address

  EXPECT_THAT(describe_exception(made), Not(HasSubstr("\n  at ")));
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

TEST(Trace, TravelsWithAnExceptionThatIsCarried) {
  for (const int how : {0, 1}) {
    const trace_scope traced;
    detail::carried_exception carried;
    EXPECT_FALSE(carried);

    std::thread{[&] {
      const trace_scope traced_there;
      try {
        place_that_throws(how);
      } catch (...) {
        carried.capture();
      }
    }}.join();
    caught(4);

    EXPECT_TRUE(carried);
    EXPECT_THAT(description_of([&] { carried.rethrow(); }), HasSubstr("place_that_throws"));
  }
}

TEST(Trace, CarriesExpectedOnesWithoutAStack) {
  const trace_scope traced;
  detail::carried_exception carried;
  try {
    place_that_throws(2);
  } catch (...) {
    carried.capture();
  }

  EXPECT_THROW(carried.rethrow(), error);
  EXPECT_THAT(description_of([&] { carried.rethrow(); }), Not(HasSubstr("\n  at ")));
}

task<> fails_on_the_pool() {
  co_await on_pool([] { place_that_throws(0); });
}

TEST(Trace, OfThePoolArrivesWhereItsTaskGoesOn) {
  manual_loop loop;
  scope s{loop};
  task<> t = fails_on_the_pool();
  t.start(s);

  struct job_is_done {};
  loop.post([] { throw job_is_done{}; }); // its answer comes after this
  std::thread{[&loop] {
    const trace_scope traced;
    EXPECT_THROW(loop.run_until_idle(), job_is_done);
  }}.join();
  loop.run_until_idle();

  ASSERT_TRUE(t.done());
  EXPECT_THAT(description_of([&t] { t.take(); }), HasSubstr("place_that_throws"));
}

} // namespace
} // namespace swill::trace_test
