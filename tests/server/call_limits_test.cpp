#include "actors/connection_actor.hpp"
#include "actors/runtime.hpp"
#include "tests/server/calls.hpp"

// Seqs that are in use or were, and the limits of requests: at each one, and one past it.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;
using wire::request_type;

struct busy_app : logged_app {
  int alive = 0;
  busy_app() {
    handle("wait", [this](request<int> r) -> task<int> {
      const counted guard{alive};
      co_await sleep_for(1s);
      co_return r.data();
    });
    handle("plain", [](request<int> r) { return r.data(); });
    handle("sum", [this](streaming_request<int> in) -> task<int> {
      const counted guard{alive};
      int n = 0;
      while (auto v = co_await in.next()) n += *v;
      co_return n;
    });
    handle("first", [](streaming_request<int> in) -> task<int> {
      const auto v = co_await in.next();
      co_return v ? *v : -1;
    });
    handle("idle", [this](streaming_request<std::string> in) -> task<int> { // takes nothing for a second
      const counted guard{alive};
      co_await sleep_for(1s);
      int n = 0;
      while (auto v = co_await in.next()) ++n;
      co_return n;
    });
  }
};

TEST(SeqInUse, EndsTheOpenRequestWith400) {
  for (const char* rpc : {"wait", "plain", "sum", "nobody"}) {
    busy_app a;
    test_server s{a};
    test_client c{s};
    send_message(c, 5, "wait", 1);
    send_message(c, 5, rpc, 1);

    EXPECT_EQ(arrived(c, 5), strings{"e:400"}) << rpc;
    EXPECT_EQ(a.alive, 0);
    s.advance(2s);
    EXPECT_EQ(arrived(c, 5), strings{}) << rpc;
  }
}

TEST(SeqInUse, ByAStreamTakesItemsOfThatStreamOnly) {
  busy_app a;
  test_server s{a};
  test_client c{s};
  send_message(c, 5, "sum", 1);
  send_message(c, 5, "sum", 2);
  EXPECT_EQ(arrived(c, 5), strings{});

  send_message(c, 5, "first", 3);

  EXPECT_EQ(arrived(c, 5), strings{"e:400"});
  EXPECT_EQ(a.alive, 0);
}

TEST(SeqInUse, OtherEnvelopesOfAnotherNameAreIgnored) {
  busy_app a;
  test_server s{a};
  test_client c{s};
  send_message(c, 5, "sum", 1);

  send_envelope(c, 5, "first", request_type::end_of_stream);
  send_envelope(c, 5, "first", request_type::cancel);
  EXPECT_EQ(arrived(c, 5), strings{});
  send_envelope(c, 5, "sum", request_type::end_of_stream);

  EXPECT_EQ(arrived(c, 5), strings{"m:1"});
}

TEST(SeqInUse, HalfCloseOfAUnaryRequestIsHarmless) {
  busy_app a;
  test_server s{a};
  test_client c{s};
  send_message(c, 5, "wait", 1);
  send_envelope(c, 5, "wait", request_type::end_of_stream);

  s.advance(1s);

  EXPECT_EQ(arrived(c, 5), strings{"m:1"});
}

TEST(SeqInUse, OnOneConnectionIsFreeOnAnother) {
  busy_app a;
  test_server s{a};
  test_client one{s}, two{s};
  send_message(one, 5, "wait", 1);
  send_message(two, 5, "wait", 2);

  s.advance(1s);

  EXPECT_EQ(arrived(one, 5), strings{"m:1"});
  EXPECT_EQ(arrived(two, 5), strings{"m:2"});
}

TEST(SeqInUse, UnaryOneIsFreeAfterItsAnswer) {
  busy_app a;
  test_server s{a};
  test_client c{s};

  for (int i = 0; i < 3; ++i) {
    send_message(c, 5, "plain", i);
    EXPECT_EQ(arrived(c, 5), strings{"m:" + std::to_string(i)});
  }
}

TEST(SeqBounds, LargestIsTakenZeroAndBeyondAreNot) {
  busy_app a;
  test_server s{a};
  test_client c{s};
  send_message(c, wire::largest_seq, "plain", 1);
  EXPECT_EQ(arrived(c, wire::largest_seq), strings{"m:1"});

  send_message(c, wire::largest_seq + 1, "plain", 1);
  s.run();

  ASSERT_TRUE(c.pipe().closed());
  EXPECT_EQ(c.pipe().closed()->code, 1007);
}

TEST(FinishedStreams, AreRememberedUpToTheLimit) {
  busy_app a;
  a.limits().remembered_requests = 3;
  test_server s{a};
  test_client c{s};
  for (const std::uint64_t seq : {1, 2, 3}) {
    send_message(c, seq, "first", 1);
    EXPECT_EQ(arrived(c, seq), strings{"m:1"});
  }
  for (const std::uint64_t seq : {1, 2, 3}) {
    send_message(c, seq, "first", 2); // late items open nothing
    send_envelope(c, seq, "first", request_type::end_of_stream);
    EXPECT_EQ(arrived(c, seq), strings{});
  }
  EXPECT_EQ((send_message(c, 2, "sum", 9), arrived(c, 2)), strings{}); // another name is free
  send_envelope(c, 2, "sum", request_type::end_of_stream);
  EXPECT_EQ(arrived(c, 2), strings{"m:9"}); // and is the fourth that is remembered

  send_message(c, 1, "first", 2); // forgotten

  EXPECT_EQ(arrived(c, 1), strings{"m:2"});
  send_message(c, 3, "first", 2); // not yet
  EXPECT_EQ(arrived(c, 3), strings{});
}

TEST(FinishedStreams, CancelledOnesAreRememberedToo) {
  busy_app a;
  test_server s{a};
  test_client c{s};
  send_message(c, 1, "sum", 1);
  send_envelope(c, 1, "sum", request_type::cancel);
  send_message(c, 1, "sum", 2);
  s.run();

  EXPECT_EQ(a.alive, 0);
}

TEST(RequestsPerConnection, OnePastTheLimitIs429) {
  busy_app a;
  a.limits().requests_per_connection = 3;
  a.limits().retry_after = 250ms;
  test_server s{a};
  test_client c{s}, other{s};
  for (const std::uint64_t seq : {1, 2, 3}) send_message(c, seq, "wait", 1);
  s.run();
  EXPECT_EQ(a.alive, 3);

  for (const char* rpc : {"wait", "plain", "sum"}) {
    const error e = error_of([&] {
      send_message(c, 9, rpc, 1);
      const auto r = c.receive(9);
      if (r && r->failure) throw *r->failure;
    });
    EXPECT_EQ(e.code, 429) << rpc;
    EXPECT_EQ(*e.data.find("retry_after_ms"), value{250});
  }
  send_message(other, 9, "wait", 1);
  s.run();
  EXPECT_EQ(a.alive, 4);
  send_envelope(c, 2, "wait", request_type::cancel);
  send_message(c, 9, "wait", 1);
  EXPECT_EQ(arrived(c, 9), strings{});

  s.advance(1s);
  EXPECT_EQ(arrived(c, 9), strings{"m:1"});
}

TEST(RequestsPerConnection, CountsUntilTheFinalEnvelopeTwiceAsManyUntilTheEnd) {
  busy_app a;
  a.limits().requests_per_connection = 2;
  a.after_request([](context&, const outcome&) -> task<void> { co_await sleep_for(1s); });
  test_server s{a};
  test_client c{s};
  const auto call = [&c](std::uint64_t seq) {
    send_message(c, seq, "plain", 1);
    return arrived(c, seq);
  };

  EXPECT_EQ(call(1), strings{"m:1"});
  EXPECT_EQ(call(2), strings{"m:1"});
  EXPECT_EQ(call(3), strings{"m:1"}); // the first two are no longer open
  EXPECT_EQ(call(4), strings{"m:1"});
  EXPECT_EQ(call(5), strings{"e:429"}); // but all four still run

  s.advance(1s);
  EXPECT_EQ(call(5), strings{"m:1"});
}

/// Items that a handler takes one in a while, from a client that sends them all at once.
struct slow_app : logged_app {
  std::size_t most_bytes = 0, most_items = 0;
  int taken = 0;
  slow_app() {
    handle("slow", [this](streaming_request<std::string> in) -> task<int> {
      note(in.context());
      co_await sleep_for(1s);
      while (auto v = co_await in.next()) {
        note(in.context());
        ++taken;
        if (v->size() > 50) co_await sleep_for(1ms);
      }
      co_return taken;
    });
    handle("add", [](request<int> r) { return r.data() + 1; });
  }
  void note(context& c) {
    const detail::queued_input q = c.call().queued();
    most_bytes = std::max(most_bytes, q.held);
    most_items = std::max(most_items, q.items);
  }
};

TEST(QueuedBytes, AnUploadFasterThanItsHandlerHoldsItsClientBackAndLosesNothing) {
  for (const bool hooked : {false, true}) {
    slow_app a;
    a.limits().queued_bytes = 10'000;
    if (hooked) a.before_request_message([](context&, any_message&) {});
    test_server s{a};
    test_client c{s};
    const std::string item(100, 'x');
    for (int i = 0; i < 5'000; ++i) send_message(c, 1, "slow", item);
    send_envelope(c, 1, "slow", request_type::end_of_stream);
    s.run();
    s.advance(10s);

    EXPECT_EQ(arrived(c, 1), strings{"m:5000"}) << hooked;
    EXPECT_LE(a.most_bytes, 10'000U + 400) << hooked; // one item more
    EXPECT_GT(a.most_bytes, 9'000U) << hooked;
  }
}

TEST(QueuedBytes, EmptyItemsCountForWhatTheyCost) {
  slow_app a;
  a.limits().queued_bytes = 10'000;
  test_server s{a};
  test_client c{s};
  for (int i = 0; i < 5'000; ++i) send_message(c, 1, "slow", std::string{});
  send_envelope(c, 1, "slow", request_type::end_of_stream);

  s.advance(2s);

  EXPECT_EQ(arrived(c, 1), strings{"m:5000"});
  EXPECT_LE(a.most_items, 10'000U / sizeof(std::string));
}

TEST(QueuedBytes, CountWhatDecodingAllocates) {
  slow_app a;
  a.limits().queued_bytes = 100'000;
  std::size_t most = 0;
  a.handle("values", [&most](streaming_request<value> in) -> task<int> {
    co_await sleep_for(1s);
    int n = 0;
    while (auto v = co_await in.next()) {
      most = std::max(most, in.context().call().queued().items);
      ++n;
    }
    co_return n;
  });
  test_server s{a};
  test_client c{s};
  for (int i = 0; i < 100; ++i)
    send_message(c, 1, "values", std::vector<int>(1'000, 1)); // 1 kB each, and 40 when decoded
  send_envelope(c, 1, "values", request_type::end_of_stream);

  s.advance(2s);

  EXPECT_EQ(arrived(c, 1), strings{"m:100"});
  EXPECT_LE(most, 100'000 / (1'000 * sizeof(value)) + 1);
}

TEST(QueuedBytes, OfAHandlerTakeThePlaceOfTheServers) {
  slow_app a;
  std::size_t most = 0;
  a.handle("own",
           [&most](streaming_request<std::string> in) -> task<int> {
             co_await sleep_for(1s);
             int n = 0;
             while (auto v = co_await in.next()) {
               most = std::max(most, in.context().call().queued().held);
               ++n;
             }
             co_return n;
           },
           {.queued_bytes = 1'000});
  test_server s{a};
  test_client c{s};
  for (int i = 0; i < 500; ++i) send_message(c, 1, "own", std::string(100, 'x'));
  send_envelope(c, 1, "own", request_type::end_of_stream);

  s.advance(2s);

  EXPECT_EQ(arrived(c, 1), strings{"m:500"});
  EXPECT_LE(most, 1'000U + 400);
}

TEST(QueuedBytes, AFullUploadHoldsUpItsOwnConnectionOnlyAndUntilItEnds) {
  slow_app a;
  a.limits().queued_bytes = 1'000;
  test_server s{a};
  test_client c{s}, other{s};
  for (int i = 0; i < 50; ++i) send_message(c, 1, "slow", std::string(100, 'x'));
  send_message(c, 2, "add", 1);
  EXPECT_EQ(arrived(c, 2), strings{}); // not read yet
  EXPECT_EQ(other.call<int>("add", 1), 2);

  s.advance(1s); // the handler begins to take
  s.advance(1s);

  EXPECT_EQ(arrived(c, 2), strings{"m:2"});
}

TEST(QueuedBytes, TheDeadlineOfAFullUploadLetsItsConnectionGoOn) {
  slow_app a;
  a.limits().queued_bytes = 1'000;
  test_server s{a};
  test_client c{s};
  send_message(c, 1, "slow", std::string(100, 'x'), metadata{"timeout_ms", 500});
  for (int i = 0; i < 50; ++i) send_message(c, 1, "slow", std::string(100, 'x'));
  send_message(c, 2, "add", 1);
  EXPECT_EQ(arrived(c, 2), strings{});

  s.advance(500ms);

  EXPECT_EQ(arrived(c, 1), strings{"e:408"});
  EXPECT_EQ(arrived(c, 2), strings{"m:2"});
}

TEST(QueuedBytes, WhileAHookWaitsCountToo) {
  slow_app a;
  a.limits().queued_bytes = 1'000;
  a.before_request([](context&) -> task<void> { co_await sleep_for(1h); });
  test_server s{a};
  test_client c{s};
  for (int i = 0; i < 1'000; ++i) send_message(c, 1, "slow", std::string(100, 'x'));
  s.run();

  std::size_t held = 0;
  for (const auto& r : s.runtime().unit_of(s.loop()).connections) held += r->info().queued_bytes;
  EXPECT_GT(held, 500U);
  EXPECT_LT(held, 1'500U);
}

TEST(MessageSizeOfAHandler, OnePastTheLimitIs413) {
  for (const bool hooked : {false, true}) {
    logged_app a;
    if (hooked) a.before_request([](context&) {});
    const handler_options small{.message_size = 10};
    a.handle(
        "plain", [](request<std::string> r) { return r.data().size(); }, small);
    a.handle(
        "task", [](request<std::string> r) -> task<std::size_t> { co_return r.data().size(); }, small);
    a.handle(
        "items",
        [](streaming_request<std::string> in) -> stream<std::size_t> {
          while (auto v = co_await in.next()) co_yield v->size();
        },
        small);
    test_server s{a};
    test_client c{s};
    const std::string at(9, 'x'), past(10, 'x'); // and one byte of header
    for (const char* rpc : {"plain", "task"}) {
      EXPECT_EQ(c.call<int>(rpc, at), 9) << rpc;
      EXPECT_EQ(error_of([&] { c.call(rpc, past); }).code, 413) << rpc;
    }
    const auto seq = c.open("items", at);
    c.send(seq, past);
    EXPECT_EQ(arrived(c, seq), (strings{"m:9", "e:413"}));
  }
}

TEST(MessageSize, OnePastTheLimitIs1009) {
  logged_app a;
  a.limits().message_size = 100;
  a.handle("size", [](request<std::string> r) { return r.data().size(); });
  test_server s{a};
  test_client c{s};
  constexpr std::size_t envelope = 9; // without its data's text
  EXPECT_EQ(c.call<std::size_t>("size", std::string(100 - envelope, 'x')), 100 - envelope);

  c.open("size", std::string(101 - envelope, 'x'));

  ASSERT_TRUE(c.pipe().closed());
  EXPECT_EQ(c.pipe().closed()->code, 1009);
}

} // namespace
} // namespace swill
