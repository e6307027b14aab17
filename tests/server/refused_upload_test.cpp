#include "actors/connection_actor.hpp"
#include "actors/runtime.hpp"
#include "tests/server/calls.hpp"

// An upload whose opening is refused stays refused: the rest of it opens nothing (docs/protocol.md §3).

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;
using wire::request_type;

struct upload_app : logged_app {
  int opened = 0;
  upload_app() {
    limits().requests_per_connection = 3;
    handle("sum", [this](streaming_request<int> in) -> task<int> {
      ++opened;
      int n = 0;
      while (auto v = co_await in.next()) n += *v;
      co_return n;
    });
    handle("wait", [](request<int>) -> task<void> { co_await sleep_for(1h); });
    handle("plain", [](request<int> r) { return r.data(); });
    handle("echo", [](request<int> r) -> task<int> { co_return r.data(); });
  }
};

void send_end(test_client& c, std::uint64_t seq, std::string_view rpc) {
  send_envelope(c, seq, rpc, request_type::end_of_stream);
}
void send_cancel(test_client& c, std::uint64_t seq, std::string_view rpc) {
  send_envelope(c, seq, rpc, request_type::cancel);
}

TEST(RefusedUpload, AtTheLimitOfRequestsIsNotOpenedByItsRestWhenThereIsRoom) {
  upload_app a;
  test_server s{a};
  test_client c{s};
  for (const std::uint64_t seq : {1, 2, 3}) send_message(c, seq, "wait", 0);
  send_message(c, 500, "sum", 1);
  send_message(c, 500, "sum", 2);
  EXPECT_EQ(arrived(c, 500), strings{"e:429"});
  send_cancel(c, 2, "wait");

  send_message(c, 500, "sum", 4);
  send_message(c, 500, "sum", 8);
  send_end(c, 500, "sum");
  EXPECT_EQ(arrived(c, 500), strings{});
  EXPECT_EQ(a.opened, 0);

  send_message(c, 500, "sum", 16); // a new one
  send_end(c, 500, "sum");
  EXPECT_EQ(arrived(c, 500), strings{"m:16"});
}

TEST(RefusedUpload, OpenedByMetadataOrByItsEnd) {
  upload_app a;
  test_server s{a};
  test_client c{s};
  for (const std::uint64_t seq : {1, 2, 3}) send_message(c, seq, "wait", 0);
  send_envelope(c, 500, "sum", request_type::metadata);
  send_end(c, 501, "sum"); // nothing follows it
  EXPECT_EQ(arrived(c, 500), strings{"e:429"});
  EXPECT_EQ(arrived(c, 501), strings{"e:429"});
  send_cancel(c, 2, "wait");

  send_message(c, 500, "sum", 4);
  send_envelope(c, 500, "sum", request_type::metadata);
  EXPECT_EQ(arrived(c, 500), strings{});
  send_message(c, 501, "sum", 5);
  send_end(c, 501, "sum");

  EXPECT_EQ(arrived(c, 501), strings{"m:5"});
}

TEST(RefusedUpload, IsFreeAfterCancelToo) {
  upload_app a;
  test_server s{a};
  test_client c{s};
  for (const std::uint64_t seq : {1, 2, 3}) send_message(c, seq, "wait", 0);
  send_message(c, 500, "sum", 1);
  send_cancel(c, 1, "wait");

  send_cancel(c, 500, "sum");
  send_message(c, 500, "sum", 7);
  send_end(c, 500, "sum");

  EXPECT_EQ(arrived(c, 500), (strings{"e:429", "m:7"}));
}

TEST(RefusedUpload, OfAnUnknownNameIsAnsweredOnce) {
  upload_app a;
  test_server s{a};
  test_client c{s};
  for (int i = 0; i < 200; ++i) send_message(c, 1, "nobody", i);
  EXPECT_EQ(arrived(c, 1), strings{"e:404"});

  send_end(c, 1, "nobody");
  send_message(c, 1, "nobody", 1);
  EXPECT_EQ(arrived(c, 1), strings{"e:404"});
  send_message(c, 1, "echo", 1); // another name: free
  EXPECT_EQ(arrived(c, 1), strings{"m:1"});
}

TEST(RefusedUpload, LeavesUnaryRequestsAlone) {
  upload_app a;
  test_server s{a};
  test_client c{s};
  for (const std::uint64_t seq : {1, 2, 3}) send_message(c, seq, "wait", 0);
  for (const char* rpc : {"plain", "echo"}) {
    send_message(c, 9, rpc, 1);
    send_message(c, 9, rpc, 1);
    EXPECT_EQ(arrived(c, 9), (strings{"e:429", "e:429"})) << rpc;
  }
  send_message(c, 9, "sum", 1);
  send_cancel(c, 1, "wait");
  for (const char* rpc : {"plain", "echo"}) {
    send_message(c, 9, rpc, 5);
    send_message(c, 9, rpc, 6);
  }

  EXPECT_EQ(arrived(c, 9), (strings{"e:429", "m:5", "m:6", "m:5", "m:6"}));
}

TEST(RefusedUpload, ByAHookABadItemOrALargeOneDropsItsRest) {
  upload_app a;
  a.before_request([](context& c) {
    if (c.metadata().find("no") != nullptr) throw error{403, "no"};
  });
  a.handle("small", [](streaming_request<std::string> in) -> task<int> { co_return (co_await in.next()) ? 1 : 0; },
           {.message_size = 10});
  a.limits().remembered_requests = 4;
  test_server s{a};
  test_client c{s};
  for (std::uint64_t seq = 1; seq <= 4; ++seq) { // as many as are remembered
    switch (seq % 3) {
      case 0: send_message(c, seq, "sum", 1, metadata{"no", true}); break;
      case 1: send_message(c, seq, "sum", std::string{"bad"}); break;
      default: send_message(c, seq, "small", std::string(20, 'x')); break;
    }
  }
  s.run();
  const int before = a.opened;

  for (std::uint64_t n = 100; n < 200; ++n) { // finished ones do not push them out
    send_message(c, n, "sum", 1);
    send_end(c, n, "sum");
  }
  for (std::uint64_t seq = 1; seq <= 4; ++seq) {
    const char* rpc = seq % 3 == 2 ? "small" : "sum";
    for (int i = 0; i < 3; ++i) send_message(c, seq, rpc, 1);
    send_end(c, seq, rpc);
    EXPECT_EQ(arrived(c, seq).size(), 1U) << seq;
  }
  EXPECT_EQ(a.opened, before + 100);
}

TEST(RefusedUpload, WhoseFirstEnvelopeIsMalformedDropsItsRest) {
  upload_app a;
  a.limits().metadata_size = 16;
  a.limits().nesting = 3;
  test_server s{a};
  test_client c{s};
  send_message(c, 1, "sum", 1, metadata{"key", std::string(100, 'x')});
  using list = std::vector<std::vector<std::vector<int>>>;
  send_message(c, 2, "sum", list{{{1}}});
  EXPECT_EQ(arrived(c, 1), strings{"e:400"});
  EXPECT_EQ(arrived(c, 2), strings{"e:400"});

  for (const std::uint64_t seq : {1, 2}) {
    send_message(c, seq, "sum", 2);
    send_message(c, seq, "sum", list{{{1}}});
    send_end(c, seq, "sum");
    EXPECT_EQ(arrived(c, seq), strings{});
    send_message(c, seq, "sum", 3);
    send_end(c, seq, "sum");
    EXPECT_EQ(arrived(c, seq), strings{"m:3"});
  }
}

TEST(RefusedUpload, ThatTookAnOpenNumberDropsItsRest) {
  upload_app a;
  a.handle("other", [](streaming_request<int> in) -> task<int> {
    int n = 0;
    while (auto v = co_await in.next()) n += *v;
    co_return n;
  });
  test_server s{a};
  test_client c{s};
  send_message(c, 1, "sum", 1);
  send_message(c, 1, "other", 2);
  EXPECT_EQ(arrived(c, 1), strings{"e:400"});

  for (const char* rpc : {"sum", "other"}) {
    send_message(c, 1, rpc, 4);
    send_end(c, 1, rpc);
  }
  EXPECT_EQ(arrived(c, 1), strings{});
}

TEST(RefusedUpload, WhileTheServerDrains) {
  upload_app a;
  test_server s{a};
  test_client c{s};
  send_message(c, 1, "wait", 0);
  s.run();
  s.runtime().unit_of(s.loop()).connections.back()->drain();

  for (int i = 0; i < 3; ++i) send_message(c, 2, "sum", 1);
  send_end(c, 2, "sum");

  EXPECT_EQ(arrived(c, 2), strings{"e:503"});
}

TEST(RefusedUpload, BeyondWhatIsRememberedIsRefusedAgainRatherThanOpened) {
  upload_app a;
  a.limits().remembered_requests = 2;
  test_server s{a};
  test_client c{s};
  for (const std::uint64_t seq : {1, 2, 3}) send_message(c, seq, "wait", 0);
  for (std::uint64_t seq = 10; seq < 20; ++seq) {
    send_message(c, seq, "sum", 1);
    EXPECT_EQ(arrived(c, seq), strings{"e:429"});
  }
  for (const std::uint64_t seq : {1, 2, 3}) send_cancel(c, seq, "wait");

  for (std::uint64_t seq = 10; seq < 20; ++seq) {
    send_message(c, seq, "sum", 2);
    send_message(c, seq, "sum", 4);
    EXPECT_LE(arrived(c, seq).size(), 1U);
  }
  EXPECT_EQ(a.opened, 0);

  // Numbers outside of that range are free, and after a minute all are.
  send_message(c, 20, "sum", 5);
  send_end(c, 20, "sum");
  EXPECT_EQ(arrived(c, 20), strings{"m:5"});
  s.advance(61s);
  send_message(c, 12, "sum", 6);
  send_end(c, 12, "sum");
  EXPECT_EQ(arrived(c, 12), strings{"m:6"});
}

} // namespace
} // namespace swill
