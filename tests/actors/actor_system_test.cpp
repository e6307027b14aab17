#include "actors/scheduler.hpp"

#include "actors/handle_actor.hpp"
#include "libswill/server/server.hpp"

#include "tests/actors/world.hpp"

#include <caf/scheduler/test_coordinator.hpp>

#include <atomic>

// Servers whose actor systems have a configuration of the application: its message types, modules and settings.

namespace swill {
namespace {

using namespace test;

/// Written as CAF writes it, so that it may be among the types of a configuration.
struct parcel {
  int weight = 0;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, parcel& p) {
  return f(caf::meta::type_name("parcel"), p.weight);
}
template <class D>
void describe(D& d, parcel& p) {
  d.field("weight", p.weight);
}

struct module_notes {
  std::atomic<int> started{0};
  std::atomic<int> stopped{0};
  std::atomic<int> threads{0};
};

/// The id that CAF has for a module that it does not use itself here.
class scales final : public caf::actor_system::module {
public:
  explicit scales(module_notes& n) : notes_(n) {}
  void start() override { ++notes_.started; }
  void stop() override { ++notes_.stopped; }
  void init(caf::actor_system_config&) override {}
  id_t id() const override { return opencl_manager; }
  void* subtype_ptr() override { return this; }

private:
  module_notes& notes_;
};

struct counts_threads final : caf::thread_hook {
  explicit counts_threads(module_notes& n) : notes(n) {}
  void init(caf::actor_system&) override {}
  void thread_started() override { ++notes.threads; }
  void thread_terminates() override {}
  module_notes& notes;
};

struct post_office : caf::actor_system_config {
  explicit post_office(module_notes& n) {
    add_message_type<parcel>("parcel");
    module_factories.emplace_back([&n](caf::actor_system&) { return new scales{n}; });
    add_thread_hook<counts_threads>(n);
    opt_group{custom_options_, "office"}.add(stamps, "stamps", "for each parcel");
  }
  int stamps = 7;
};

/// It weighs a parcel, and knows its system's configuration.
caf::behavior weigh(caf::event_based_actor* self) {
  return {
      [self](const parcel& p) { return p.weight * static_cast<const post_office&>(self->system().config()).stamps; }};
}

strings texts_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const invalid_configuration& e) {
    strings out;
    for (const mistake& m : e.mistakes()) out.push_back(m.path + " " + m.text);
    return out;
  }
  return {"nothing"};
}

TEST(ActorSystem, HasTheMessageTypesModulesAndSettingsOfTheApplication) {
  module_notes notes;
  app a;
  a.handle_actor<parcel, int>("weigh", a.spawn("weigh", weigh));
  {
    test_server s{a, std::make_shared<post_office>(notes)};
    test_client c{s};

    EXPECT_EQ(c.call<int>("weigh", parcel{3}), 21);
    EXPECT_EQ(s.system().types().portable_name(0, &typeid(parcel)), "parcel");
    EXPECT_EQ(notes.started, 1);
  }
  EXPECT_EQ(notes.stopped, 1);
}

TEST(ActorSystem, OfAServerOnThreadsIsThatOfTheApplication) {
  module_notes notes;
  app a;
  auto config = std::make_shared<post_office>(notes);
  config->set("scheduler.max-throughput", std::uint64_t{5});
  {
    server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1, .workers = 2, .actor_system = config}};
    s.start();

    EXPECT_EQ(&s.system().config(), config.get());
    EXPECT_EQ(s.system().scheduler().num_workers(), 2U);
    EXPECT_EQ(s.system().scheduler().max_throughput(), 5U);
    EXPECT_EQ(notes.started, 1);
  }
  EXPECT_EQ(notes.stopped, 1);
  EXPECT_GE(notes.threads, 2); // those of the pool
}

TEST(ActorSystem, WithSettingsOfASchedulerIsAMistake) {
  app a;
  auto config = std::make_shared<caf::actor_system_config>();
  config->set("scheduler.max-threads", std::uint64_t{3});
  config->set("scheduler.policy", caf::atom("stealing"));
  const auto starts = [&] { const server s{a, {.listen = {"127.0.0.1:0"}, .actor_system = config}}; };

  EXPECT_THAT(texts_of(starts),
              testing::UnorderedElementsAre(
                  "server_options.actor_system sets scheduler.max-threads, or was given to another server before; "
                  "server_options::workers and a configuration of its own for each server would be right",
                  "server_options.actor_system sets scheduler.policy, but a server has a scheduler of its own; without "
                  "that it would be right"));
  EXPECT_EQ(texts_of([&] { const test_server s{config}; }).size(), 2U);
}

TEST(ActorSystem, WhoseActorsWouldNeverRunIsAMistake) {
  const auto texts_with = [](std::uint64_t throughput) {
    auto config = std::make_shared<caf::actor_system_config>();
    config->set("scheduler.max-throughput", throughput);
    return texts_of([&] { const test_server s{config}; });
  };

  EXPECT_THAT(texts_with(0),
              testing::ElementsAre("actor_system sets scheduler.max-throughput to 0; 1 or more would be right, or no "
                                   "actor of the pool would run"));
  EXPECT_THAT(texts_with(1), testing::ElementsAre("nothing"));
}

TEST(ActorSystem, BelongsToOneServer) {
  app a;
  auto config = std::make_shared<caf::actor_system_config>();
  { const test_server first{config}; }

  EXPECT_THAT(texts_of([&] { const test_server second{config}; }),
              testing::ElementsAre(testing::HasSubstr("was given to another server before")));
}

TEST(ActorSystem, WithASchedulerAmongItsModulesIsAMistake) {
  app a;
  auto config = std::make_shared<caf::actor_system_config>();
  config->module_factories.emplace_back(
      [](caf::actor_system& system) { return new caf::scheduler::test_coordinator{system}; });

  EXPECT_THAT(texts_of([&] {
                const server s{a, {.listen = {"127.0.0.1:0"}, .actor_system = config}};
              }),
              testing::ElementsAre("server_options.actor_system loads a module that is a scheduler, but a server has "
                                   "one of its own; without that it would be right"));
}

} // namespace
} // namespace swill
