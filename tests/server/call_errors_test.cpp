#include "tests/server/calls.hpp"

// What the client sees of exceptions, and what the log sees.

namespace swill {
namespace {

using namespace test;
using testing::Contains;
using testing::ContainsRegex;
using testing::HasSubstr;

struct out_of_stock : error {
  out_of_stock() : error{4711, "out of stock", value{"sku"}} {}
};
struct strange : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A frame of a lambda below that is a handler.
const char* const of_the_handler = "\n  at [^\n]*CallErrors::serve\\([^\n]*lambda";

struct CallErrors : testing::TestWithParam<const char*> {
  logged_app a;

  /// Serves a handler of the shape under test that throws what `act` throws.
  void serve(std::function<void()> act) {
    const std::string shape = GetParam();
    if (shape == "plain") {
      a.handle("f", [act](request<int>) -> int {
        act();
        return 1;
      });
    } else if (shape == "hooked") {
      a.before_request([](context&) {});
      a.handle("f", [act](request<int>) -> int {
        act();
        return 1;
      });
    } else if (shape == "task") {
      a.handle("f", [act](request<int>) -> task<int> {
        co_await sleep_for(std::chrono::milliseconds{0});
        act();
        co_return 1;
      });
    } else if (shape == "stream") {
      a.handle("f", [act](request<int>) -> stream<int> {
        act();
        co_yield 1;
      });
    } else if (shape == "upload") {
      a.handle("f", [act](streaming_request<int> in) -> task<int> {
        co_await in.next();
        act();
        co_return 1;
      });
    } else {
      a.handle("f", blocking([act](request<int>) -> int {
                 act();
                 return 1;
               }));
    }
  }
  error seen() {
    test_server s{a};
    test_client c{s};
    const auto seq = c.open("f", 1);
    const auto r = c.receive(seq);
    if (!r || !r->failure) {
      ADD_FAILURE() << "no error";
      return {};
    }
    EXPECT_EQ(arrived(c, seq), strings{});
    return *r->failure;
  }
};

TEST_P(CallErrors, TravelAsTheyAre) {
  serve([] { throw error{409, "taken", value::map({{"by", "me"}})}; });

  const error e = seen();

  EXPECT_EQ(e.code, 409);
  EXPECT_EQ(e.message, "taken");
  EXPECT_EQ(e.data, value::map({{"by", "me"}}));
  EXPECT_EQ(a.lines(), strings{});
}

TEST_P(CallErrors, DerivedOnesToo) {
  serve([] { throw out_of_stock{}; });

  const error e = seen();

  EXPECT_EQ(e.code, 4711);
  EXPECT_EQ(e.data, value{"sku"});
}

TEST_P(CallErrors, CodesAreAnyInteger) {
  serve([] { throw error{-7, "odd"}; });

  EXPECT_EQ(seen().code, -7);
}

TEST_P(CallErrors, ARejectionIsTheErrorOfItsStatus) {
  rejection thrown{401, "who are you?"};
  serve([&thrown] { throw thrown; });

  EXPECT_EQ(seen().code, 401);
  EXPECT_EQ(seen().message, "who are you?");
  thrown = rejection{4003};
  EXPECT_EQ(seen().code, 403);
  EXPECT_EQ(seen().message, "Request rejected");
  thrown = rejection{7, "\xff"};
  EXPECT_EQ(seen().code, 500);
  EXPECT_EQ(seen().message, "\uFFFD");
  EXPECT_EQ(a.lines(), strings{});
}

TEST_P(CallErrors, UnforeseenOnesAreBlandAndLogged) {
  serve([] { throw strange{"the secret"}; });

  const error e = seen();

  EXPECT_EQ(e.code, 500);
  EXPECT_EQ(e.message, "An internal server error occurred");
  EXPECT_TRUE(e.data.is_nil());
  EXPECT_THAT(a.lines(), Contains(HasSubstr("the secret")));
  EXPECT_THAT(a.lines(), Contains(HasSubstr("strange")));
  EXPECT_THAT(a.lines(), Contains(ContainsRegex(of_the_handler)));
}

TEST_P(CallErrors, WhatIsNoExceptionIsBlandToo) {
  serve([] { throw 42; });

  EXPECT_EQ(seen().code, 500);
  EXPECT_THAT(a.lines(), Contains(HasSubstr("int")));
}

TEST_P(CallErrors, InDebugModeTheTraceTravels) {
  a.set_debug(true);
  serve([] { throw strange{"the secret"}; });

  const error e = seen();

  ASSERT_NE(e.data.find("traceback"), nullptr);
  EXPECT_THAT(*e.data.find("traceback")->get_if<std::string>(), HasSubstr("the secret"));
  EXPECT_THAT(*e.data.find("traceback")->get_if<std::string>(), ContainsRegex(of_the_handler));
}

TEST_P(CallErrors, AreMappedByTheirType) {
  a.on_exception<strange>([](context&, const strange& e) { return error{410, std::string{"mapped "} + e.what()}; });
  a.on_exception<std::runtime_error>([](context&, const std::runtime_error&) { return error{411, "second"}; });
  serve([] { throw strange{"x"}; });

  const error e = seen();

  EXPECT_EQ(e.code, 410);
  EXPECT_EQ(e.message, "mapped x");
  EXPECT_EQ(a.lines(), strings{});
}

TEST_P(CallErrors, AreMappedByTheirCode) {
  a.on_error(409, [](context& c, error e) {
    e.message += std::string{" by "} + std::string{c.rpc()};
    return e;
  });
  serve([] { throw error{409, "mapped"}; });

  EXPECT_EQ(seen().message, "mapped by f");
}

TEST_P(CallErrors, MappersThatThrowAre500) {
  a.on_exception<strange>([](context&, const strange&) -> error { throw std::runtime_error{"in the mapper"}; });
  serve([] { throw strange{"x"}; });

  EXPECT_EQ(seen().code, 500);
  EXPECT_THAT(a.lines(), Contains(HasSubstr("in the mapper")));
}

TEST_P(CallErrors, OfBadTextAreMended) {
  serve([] { throw error{400, "bad \xff text", value{"\xff"}}; });

  const error e = seen();

  EXPECT_EQ(e.code, 400);
  EXPECT_THAT(e.message, HasSubstr("bad "));
  EXPECT_TRUE(e.data.is_nil());
}

INSTANTIATE_TEST_SUITE_P(Shapes, CallErrors, testing::Values("plain", "hooked", "task", "stream", "upload", "blocking"),
                         [](const auto& i) { return std::string{i.param}; });

TEST(EncodeFailure, OfAResultIs500AndTheConnectionGoesOn) {
  logged_app a;
  a.handle("plain", [](request<>) { return std::string{"\xff"}; });
  a.handle("task", [](request<>) -> task<std::string> { co_return "\xff"; });
  a.handle("good", [](request<>) { return 1; });
  test_server s{a};
  test_client c{s};

  for (const char* rpc : {"plain", "task", "plain"}) {
    EXPECT_EQ(arrived(c, c.open(rpc, nothing{})), strings{"e:500"}) << rpc;
    EXPECT_EQ(c.call<int>("good"), 1);
  }
  EXPECT_EQ(a.lines().size(), 2U) << "a line for each handler";
  s.advance(std::chrono::seconds{1});
  EXPECT_EQ(a.lines().size(), 3U) << "and what was counted";
}

TEST(EncodeFailure, InTheMiddleOfAStreamEndsItWith500) {
  for (const bool stalled : {false, true}) {
    int alive = 0;
    outcomes ends;
    logged_app a;
    if (stalled) a.limits().send_buffer = 256;
    ends.listen(a);
    a.handle("f", [&alive](request<>) -> stream<std::string> {
      const counted guard{alive};
      for (int i = 0;; ++i) {
        std::string text(1000, 'x');
        if (i == 100) text = "\xff";
        co_yield std::move(text);
      }
    });
    test_server s{a};
    test_client c{s};
    c.pipe().stall(stalled);
    const auto seq = c.open("f", nothing{});
    while (c.pipe().backlog() != 0) {
      c.pipe().take(1);
      s.run();
    }

    const auto all = arrived(c, seq);
    EXPECT_EQ(all.size(), 101U);
    EXPECT_EQ(all.back(), "e:500");
    EXPECT_EQ(alive, 0);
    EXPECT_EQ(ends.seen, strings{"f error 500"});
  }
}

struct touchy {
  int n = 0;
};
template <class D>
void describe(D& d, touchy& t) {
  d.field("n", t.n,
          predicate{[](int n) {
                      if (n == 13) throw std::runtime_error{"superstition"};
                      return true;
                    },
                    "unlucky"});
}

TEST(DecodeFailure, ByAPredicateThatThrowsIs500) {
  for (const bool hooked : {false, true}) {
    outcomes ends;
    logged_app a;
    if (hooked) a.before_request_message([](context&, any_message&) {});
    a.handle("plain", [](request<touchy>) {});
    a.handle("task", [](request<touchy>) -> task<void> { co_return; });
    a.handle("items", [](streaming_request<touchy> in) -> task<void> {
      while (co_await in.next()) {
      }
    });
    test_server s{a};
    test_client c{s};

    for (const char* rpc : {"plain", "task", "items"}) {
      EXPECT_EQ(arrived(c, c.open(rpc, touchy{13})), strings{"e:500"}) << rpc << hooked;
    }
    const auto seq = c.open("items", touchy{1});
    EXPECT_NO_THROW(c.send(seq, touchy{13})) << hooked;
    EXPECT_EQ(arrived(c, seq), strings{"e:500"}) << hooked;
  }
}

TEST(ErrorMapper, SeesWrongDataOfEveryShape) {
  for (const bool hooked : {false, true}) {
    logged_app a;
    if (hooked) a.before_request_message([](context&, any_message&) {});
    a.on_error(422, [](context&, error e) {
      e.code = 499;
      return e;
    });
    a.handle("plain", [](request<int>) {});
    a.handle("items", [](streaming_request<int> in) -> task<void> {
      while (co_await in.next()) {
      }
    });
    test_server s{a};
    test_client c{s};

    EXPECT_EQ(arrived(c, c.open("plain", std::string{})), strings{"e:499"});
    EXPECT_EQ(arrived(c, c.open("items", std::string{})), strings{"e:499"}) << "opening, hooked: " << hooked;
    const auto seq = c.open("items", 1);
    c.send(seq, std::string{});
    EXPECT_EQ(arrived(c, seq), strings{"e:499"}) << "item, hooked: " << hooked;
  }
}

struct numbered {
  int n = 0;
};
template <class D>
void describe(D& d, numbered& x) {
  d.field("n", x.n, lt{100});
  d.rule("not seven", [](const numbered& y) { return y.n != 7; });
}

TEST(BadItem, AmongTenThousandIsNumberedForWhoAsks) {
  for (const bool hooked : {false, true}) {
    logged_app a;
    if (hooked) a.before_request_message([](context&, any_message&) {});
    const auto count = [](auto in) -> task<int> {
      int n = 0;
      while (co_await in.next()) ++n;
      co_return n;
    };
    a.handle("structs", [count](streaming_request<numbered> in) { return count(in); });
    a.handle("ints", [count](streaming_request<int> in) { return count(in); });
    test_server s{a};
    test_client c{s};
    const auto data_of = [&](const char* rpc, int bad, auto good, auto wrong, const metadata& m) {
      const auto seq = c.open_stream(rpc, m);
      for (int i = 0; i < bad; ++i) c.send(seq, good);
      c.send(seq, wrong);
      const auto r = c.receive(seq);
      return r && r->failure ? to_text(r->failure->data) : std::string{"no error"};
    };
    const metadata ask{"item_index", true};

    EXPECT_EQ(data_of("structs", 9'999, numbered{1}, numbered{100}, ask),
              R"({"*": [{"index": 9999, "errors": [{"n": [{"description": "greater than or equal to 100"}]}]}]})");
    EXPECT_EQ(data_of("ints", 3, 1, std::string{"x"}, ask),
              R"({"*": [{"index": 3, "errors": [{"description": "Expected int, got str"}]}]})");
    EXPECT_EQ(data_of("structs", 0, numbered{1}, numbered{7}, ask),
              R"({"*": [{"index": 0, "errors": [{"description": "not seven"}]}]})");
    // As a message of its own, for clients that do not ask.
    for (const metadata& m : {metadata{}, metadata{"item_index", false}, metadata{"item_index", 1}})
      EXPECT_EQ(data_of("ints", 3, 1, std::string{"x"}, m), R"({"*": [{"description": "Expected int, got str"}]})");
  }
}

TEST(Failures, OfAHandlerAreALineASecond) {
  logged_app a;
  a.handle("f", [](request<int>) -> int { throw strange{"the secret"}; });
  a.handle("g", [](request<int>) -> int { throw strange{"another"}; });
  a.handle("logs", [](request<int> r) { r.context().log(log_level::info, "said"); });
  test_server s{a};
  test_client c{s};

  for (int i = 0; i < 100; ++i) EXPECT_EQ(c.receive(c.open("f", i))->failure->code, 500);
  ASSERT_EQ(a.lines().size(), 1U);
  EXPECT_THAT(a.lines()[0], HasSubstr("the secret"));
  EXPECT_EQ(c.receive(c.open("g", 0))->failure->code, 500);
  EXPECT_EQ(a.lines().size(), 2U) << "each handler has its own";
  for (int i = 0; i < 5; ++i) static_cast<void>(c.receive(c.open("logs", i)));
  EXPECT_EQ(a.lines().size(), 7U) << "the application may say what it likes";

  s.advance(std::chrono::seconds{1});
  ASSERT_EQ(a.lines().size(), 8U);
  EXPECT_THAT(a.lines()[7], HasSubstr("the secret"));
  EXPECT_THAT(a.lines()[7], HasSubstr("(99 like it)"));
}

TEST(BadItem, ThatIsTooLargeIsNumbered) {
  logged_app a;
  a.handle("f",
           [](streaming_request<std::string> in) -> task<int> {
             while (co_await in.next()) {
             }
             co_return 0;
           },
           {.message_size = 10});
  test_server s{a};
  test_client c{s};
  const auto seq = c.open_stream("f");
  c.send(seq, std::string{"x"});
  c.send(seq, std::string(11, 'x'));

  const auto r = c.receive(seq);
  ASSERT_TRUE(r && r->failure);
  EXPECT_EQ(r->failure->code, 413);
  EXPECT_EQ(to_text(r->failure->data), R"({"item": 1})");
}

} // namespace
} // namespace swill
