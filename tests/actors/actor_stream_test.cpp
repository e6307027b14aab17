#include "actors/actor_stream.hpp"

#include "actors/handle_actor.hpp"

#include "tests/actors/world.hpp"

// Streaming handler actors that do not keep the messages and the credit of their streams by hand.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;

struct ActorStream : testing::Test {
  logged_app a;
  test_server s;
  std::optional<test_client> client;

  template <class F>
  caf::actor spawn(F f) {
    return s.system().spawn([f](caf::event_based_actor* self) -> caf::behavior { return streaming(self, f); });
  }
  test_client& serve() {
    s.serve(a);
    return client.emplace(s);
  }
};

TEST_F(ActorStream, ProducesItemsWhileThereIsRoom) {
  int made = 0;
  a.handle_actor<int, stream_of<int>>("count", spawn([&made](outgoing<int> to, int from) {
                                        if (from < 0) return to.fail(error{400, "from must not be negative"});
                                        to.produce([&made, from]() mutable -> std::optional<int> {
                                          if (from == 0) return std::nullopt;
                                          ++made;
                                          return from--;
                                        });
                                      }),
                                      actor_options{.window = 4});
  a.limits().send_buffer = 64;
  test_client& c = serve();

  EXPECT_THAT(c.collect<int>("count", 5), testing::ElementsAre(5, 4, 3, 2, 1));
  EXPECT_EQ(c.collect<int>("count", 1000).size(), 1000U);
  EXPECT_EQ(error_of([&] { c.collect<int>("count", -1); }).code, 400);
  made = 0;
  c.pipe().stall();
  c.open("count", 100'000);
  s.run();
  EXPECT_GT(made, 0);
  EXPECT_LT(made, 100'000); // the client takes nothing
}

TEST_F(ActorStream, PushesOnlyWhatThereIsRoomFor) {
  std::optional<outgoing<std::string>> out;
  const std::string item(1000, 'x');
  bool cancelled = false;
  a.handle_actor<int, stream_of<std::string>>("ticks", spawn([&](outgoing<std::string> to, int) {
                                                out = to;
                                                to.on_cancel([&cancelled] { cancelled = true; });
                                              }),
                                              actor_options{.window = 2});
  a.limits().send_buffer = 64;
  test_client& c = serve();
  c.pipe().stall();
  const auto seq = c.open("ticks", 0);
  int pushed = 0;
  for (int i = 0; i < 1000; ++i) {
    if (out->push(item)) ++pushed;
    s.run();
  }
  EXPECT_GT(pushed, 2);
  EXPECT_LT(pushed, 500);
  c.pipe().stall(false);
  s.run();
  EXPECT_TRUE(out->push(item));

  c.cancel(seq);
  s.run();

  EXPECT_TRUE(cancelled);
  EXPECT_FALSE(out->is_open());
  EXPECT_FALSE(out->push(item));
  out->end(); // nothing, and nobody is told
  out.reset();
}

TEST_F(ActorStream, TakesItemsAndAnswersAtTheirEnd) {
  a.handle_actor<stream_of<int>, int>("sum", spawn([](incoming<int> from) {
                                        const auto sum = std::make_shared<int>(0);
                                        from.on_item([sum](int n) { *sum += n; });
                                        from.on_end([sum] { return *sum; });
                                      }));
  test_client& c = serve();
  const auto seq = c.open("sum", 1), other = c.open("sum", 10);
  for (int i = 2; i <= 200; ++i) c.send(seq, i); // more than a window
  c.end(seq);
  c.end(other);

  EXPECT_EQ(arrived(c, seq), strings{"m:20100"});
  EXPECT_EQ(arrived(c, other), strings{"m:10"});
}

TEST_F(ActorStream, StreamsBothWays) {
  const auto held = std::make_shared<int>(0);
  a.handle_actor<stream_of<int>, stream_of<int>>("double", spawn([held](incoming<int> from, outgoing<int> to) {
                                                   from.on_item([to, held](int n) mutable {
                                                     if (n < 0) return to.fail(error{409, "no"});
                                                     EXPECT_TRUE(to.push(2 * n));
                                                   });
                                                   from.on_end([to]() mutable { to.end(); });
                                                 }));
  test_client& c = serve();
  const auto at_rest = held.use_count();
  const auto seq = c.open("double", 1), fails = c.open("double", -1);
  c.send(seq, 2);
  c.end(seq);

  EXPECT_EQ(arrived(c, seq), (strings{"m:2", "m:4", "end"}));
  EXPECT_EQ(arrived(c, fails), strings{"e:409"});
  EXPECT_EQ(held.use_count(), at_rest); // what they called is gone with them
}

TEST_F(ActorStream, TakesOtherMessagesBesides) {
  const caf::actor both = s.system().spawn([](caf::event_based_actor* self) -> caf::behavior {
    const auto n = std::make_shared<int>(0);
    return streaming(self,
                     [n](outgoing<int> to, int) {
                       EXPECT_TRUE(to.push(++*n));
                       to.end();
                     })
        .or_else([n](const std::string&) { return *n; });
  });
  a.handle_actor<int, stream_of<int>>("next", both);
  a.handle_actor<std::string, int>("last", both);
  test_client& c = serve();

  EXPECT_THAT(c.collect<int>("next", 0), testing::ElementsAre(1)); // which has waited for room
  EXPECT_EQ(c.call<int>("last", "?"), 1);
}

// --- Nobody waits for nothing

TEST_F(ActorStream, RefusesAStreamThatItsActorDoesNotTake) {
  const auto quiet = [](caf::event_based_actor* self) { self->set_default_handler(caf::drop); };
  const caf::actor own = s.system().spawn([quiet](caf::event_based_actor* self) -> caf::behavior {
    quiet(self);
    return streaming(self, [](outgoing<int> to, int) { to.end(); });
  });
  const auto made = a.spawn("made", [](caf::event_based_actor* self) -> caf::behavior {
    return streaming(self, [](incoming<double> from) { from.on_end([] { return 1; }); });
  });
  const auto plain =
      a.spawn("plain", [](caf::event_based_actor*) -> caf::behavior { return {[](const std::string&) { return 1; }}; });
  a.handle_actor<std::string, stream_of<int>>("own", own);
  a.handle_actor<stream_of<int>, int>("item", made);
  a.handle_actor<std::string, stream_of<int>>("plain", plain);
  a.handle_actor<stream_of<int>, stream_of<int>>("both", plain);
  test_client& c = serve();

  EXPECT_EQ(arrived(c, c.open("own", std::string{"x"})), strings{"e:501"});
  EXPECT_EQ(arrived(c, c.open("plain", std::string{"x"})), strings{"e:501"});
  EXPECT_EQ(arrived(c, c.open("both", 1)), strings{"e:501"});
  EXPECT_EQ(arrived(c, c.open("item", 1)), strings{"e:501"});
  EXPECT_THAT(a.lines(), testing::Contains(testing::HasSubstr("does not take this stream")));
}

TEST_F(ActorStream, AnErrorInAnswerToAStreamIsItsError) {
  a.handle_actor<int, stream_of<int>>("sold", s.system().spawn([](caf::event_based_actor*) -> caf::behavior {
    return {[](actors::open_atom, const caf::actor&, int) -> caf::result<void> {
      return to_caf(error{409, "sold out", value{7}});
    }};
  }));
  test_client& c = serve();

  const error e = error_of([&] { c.collect<int>("sold", 1); });

  EXPECT_EQ(e.code, 409);
  EXPECT_EQ(e.message, "sold out");
  EXPECT_EQ(e.data, value{7});
}

TEST_F(ActorStream, EndsWhenNobodyHasIt) {
  std::optional<outgoing<int>> kept;
  a.handle_actor<int, stream_of<int>>("down", spawn([&kept](outgoing<int> to, int what) {
                                        EXPECT_TRUE(what != 1 || to.push(1));
                                        if (what == 2) kept = to;
                                        if (what == 3) to.on_cancel([] {});
                                      }));
  a.handle_actor<stream_of<int>, int>("up", spawn([](incoming<int> from) { from.on_item([](int) {}); }));
  a.handle_actor<stream_of<int>, stream_of<int>>("both", spawn([](incoming<int> from, outgoing<int> to) {
                                                   from.on_item([to](int) {});
                                                   from.on_end([] {});
                                                 }));
  test_client& c = serve();

  EXPECT_EQ(arrived(c, c.open("down", 1)), strings{"e:500"});
  EXPECT_EQ(arrived(c, c.open("down", 3)), strings{"e:500"});
  EXPECT_EQ(arrived(c, c.open("up", 1)), strings{"e:500"});
  EXPECT_THAT(a.lines(), testing::Contains(testing::HasSubstr("has let go of this stream")));

  const auto both = c.open("both", 1), late = c.open("down", 2);
  EXPECT_EQ(arrived(c, both), strings{});
  EXPECT_EQ(arrived(c, late), strings{});
  kept.reset();
  EXPECT_EQ(arrived(c, late), strings{"e:500"});
  c.end(both); // what on_item() has called still has a copy
  c.cancel(both);
}

TEST_F(ActorStream, LastsWhileAFunctionGoesOnWithIt) {
  a.handle_actor<int, stream_of<int>>("room", spawn([](outgoing<int> to, int n) {
                                        const auto left = std::make_shared<int>(n);
                                        to.on_room([to, left]() mutable {
                                          while (*left > 0 && to.room() > 0) EXPECT_TRUE(to.push((*left)--));
                                          if (*left == 0) to.end();
                                        });
                                      }),
                                      actor_options{.window = 2});
  test_client& c = serve();

  EXPECT_EQ(c.collect<int>("room", 300).size(), 300U);
}

TEST_F(ActorStream, EndsWithTheBehaviourThatHadIt) {
  std::optional<outgoing<int>> kept;
  const auto ends = [&kept](caf::event_based_actor* self) -> caf::behavior {
    return streaming(self, [self, &kept](outgoing<int> to, int what) {
      if (what == 1) {
        kept = std::move(to);
        self->become([](int) {});
      } else {
        self->quit();
      }
    });
  };
  a.handle_actor<int, stream_of<int>>("becomes", s.system().spawn(ends));
  a.handle_actor<int, stream_of<int>>("quits", s.system().spawn(ends));
  test_client& c = serve();

  EXPECT_EQ(arrived(c, c.open("becomes", 1)), strings{"e:500"});
  EXPECT_FALSE(kept->is_open());
  EXPECT_EQ(arrived(c, c.open("quits", 2)), strings{"e:503"});
  kept.reset();
}

} // namespace
} // namespace swill
