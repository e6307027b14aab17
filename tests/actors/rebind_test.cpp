#include "tests/actors/rosters.hpp"

// Another actor for a name, while the server runs.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;

struct Rebind : Roster {};

TEST_F(Rebind, GivesNewCallsToTheActorThatANameIsBoundTo) {
  a.handle_actor<int, int>("add", a.spawn("house", worker, &all));
  test_client& c = serve();
  const auto old = c.open("add", 0);
  const caf::actor next = server->system().spawn(worker, &others);

  server->rebind("add", next);

  EXPECT_EQ(c.call<int>("add", 1), 2);
  EXPECT_EQ(all.alive, 1); // still has a call
  EXPECT_EQ(answer(old), strings{});
  c.cancel(old);
  server->run();
  EXPECT_EQ(all.alive, 0);
  EXPECT_EQ(others.alive, 1);
  EXPECT_EQ(c.call<int>("add", 2), 3);
}

TEST_F(Rebind, OfAnActorThatANameIsBoundToSaysThatItHasEnded) {
  a.handle_actor<int, int>("add", a.spawn("house", worker, &all));
  test_client& c = serve();
  server->rebind("add", server->system().spawn([this](caf::stateful_actor<lives>* self) {
    self->set_exception_handler(
        [](std::exception_ptr&) { return caf::make_error(caf::sec::runtime_error); }); // CAF's prints
    return worker(self, &all);
  }));
  EXPECT_TRUE(server->runtime().reasons_not_ready().empty());

  EXPECT_EQ(outcome_of(c, "add", -1), -500);
  server->run();
  EXPECT_EQ(outcome_of(c, "add", 1), -503);
  EXPECT_EQ(server->runtime().reasons_not_ready(), strings{"actor house: has ended"});

  const caf::actor dead = server->system().spawn(worker, &all);
  caf::anon_send_exit(dead, caf::exit_reason::kill);
  server->run();
  server->rebind("add", dead);
  server->run();
  EXPECT_EQ(outcome_of(c, "add", 1), -503);
  EXPECT_EQ(server->runtime().reasons_not_ready(), strings{"actor house: has ended"});

  server->rebind("add", server->system().spawn(worker, &all));
  EXPECT_EQ(c.call<int>("add", 1), 2);
  EXPECT_TRUE(server->runtime().reasons_not_ready().empty());
}

TEST_F(Rebind, DoesNotEndAnActorThatHasGotItsNameBack) {
  a.handle_actor<int, int>("add", a.spawn("house", worker, &all));
  a.handle_actor<int, int>("more", a.spawn("hall", worker, &others));
  test_client& c = serve();
  const caf::actor one = server->system().spawn(worker, &all);
  const caf::actor other = server->system().spawn(worker, &all);
  const ends_here end_one{one};

  server->rebind("add", one);
  server->rebind("add", one);
  server->advance(10s);
  EXPECT_EQ(c.call<int>("add", 1), 2);
  EXPECT_EQ(all.alive, 2); // that of the app has ended

  const auto open = c.open("add", 0);
  server->rebind("add", other);
  server->rebind("add", one);
  c.cancel(open);
  server->advance(10s);
  EXPECT_EQ(c.call<int>("add", 2), 3);
  EXPECT_EQ(all.alive, 1); // the other has ended

  const auto last = c.open("add", 0);
  server->rebind("add", server->system().spawn(worker, &all));
  server->rebind("more", one);
  c.cancel(last);
  server->advance(10s);
  EXPECT_EQ(c.call<int>("more", 3), 4);
  EXPECT_EQ(all.alive, 2);
}

TEST_F(Rebind, LetsAnActorOfTwoNamesFinishTheCallsOfBoth) {
  test_server early;
  const caf::actor old = early.system().spawn(worker, &all);
  a.handle_actor<int, int>("add", old);
  a.handle_actor<int, int>("too", old);
  early.serve(a);
  test_client c{early};
  const auto first = c.open("add", 0);
  const caf::actor next = early.system().spawn(worker, &others);

  early.rebind("add", next);
  early.rebind("too", next);
  early.advance(10s);
  EXPECT_EQ(all.alive, 1);
  EXPECT_EQ(arrived(c, first), strings{});

  c.cancel(first);
  early.run();
  EXPECT_EQ(all.alive, 0);
  EXPECT_EQ(others.alive, 1);
}

TEST_F(Rebind, KillsAnActorThatWasReplacedAndDoesNotEnd) {
  test_server early;
  const auto stays = [this](caf::stateful_actor<lives>* self) {
    self->set_exit_handler([](const caf::exit_msg&) {});
    return worker(self, &all);
  };
  const caf::actor old = early.system().spawn(stays);
  a.handle_actor<int, int>("add", old);
  a.handle_actor<int, int>("too", old);
  early.serve(a);
  const caf::actor next = early.system().spawn(worker, &all);

  early.rebind("add", next);
  early.advance(10s);
  EXPECT_EQ(all.alive, 2); // it still serves the other name
  early.rebind("too", next);
  early.advance(4999ms);
  EXPECT_EQ(all.alive, 2);
  early.advance(1ms);
  EXPECT_EQ(all.alive, 1);
}

TEST_F(Rebind, RefusesActorsThatCannotTakeAName) {
  using stock = caf::typed_actor<caf::replies_to<int>::with<int>>;
  using other = caf::typed_actor<caf::replies_to<std::string>::with<int>>;
  a.handle_actor("stock",
                 a.spawn("stock", [](stock::pointer) -> stock::behavior_type { return {[](int v) { return v; }}; }));
  a.handle_actor<int, int>("add", supervised{maker()});
  a.handle("plain", [](request<int> r) { return r.data(); });
  serve();
  const other wrong = server->system().spawn(
      [](other::pointer) -> other::behavior_type { return {[](const std::string&) { return 1; }}; });
  const caf::actor any = server->system().spawn(worker, &all);
  const ends_here end_any{any}, end_wrong{caf::actor_cast<caf::actor>(wrong)};

  EXPECT_THROW(server->rebind("stock", wrong), std::invalid_argument);
  EXPECT_THROW(server->rebind("stock", caf::actor{}), std::invalid_argument);
  EXPECT_THROW(server->rebind("add", any), std::invalid_argument); // it would be made again
  EXPECT_THROW(server->rebind("plain", any), std::invalid_argument);
  EXPECT_THAT([&] { server->rebind("nobody", any); },
              testing::ThrowsMessage<std::invalid_argument>("no actor serves nobody; actors serve add, stock"));
}

} // namespace
} // namespace swill
