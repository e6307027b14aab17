// The code of docs/actors.md about callers, compiled and run. See handlers_test.cpp.
#include "actors/handle_actor.hpp"
#include "libswill/server/test_client.hpp"

#include <caf/all.hpp>
#include <gmock/gmock.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;

// [typed]
using till = caf::typed_actor<caf::replies_to<swill::call_info, std::int64_t>::with<std::int64_t>>;

struct till_state {
  std::map<std::string, std::int64_t> spent; // by user
};

till::behavior_type run_till(till::stateful_pointer<till_state> self) {
  return {[self](const swill::call_info& caller, std::int64_t cents) -> caf::result<std::int64_t> {
    if (caller.user.empty()) return swill::to_caf(swill::error{401, "Who are you?"});
    auto& spent = self->state.spent[caller.user];
    if (spent + cents > 10'000) {
      return swill::to_caf(swill::error{402, "Too much", swill::value::map({{"left", 10'000 - spent}})});
    }
    return spent += cents;
  }};
}
// [/typed]

// [answer]
caf::behavior price_list(caf::event_based_actor*) {
  return {[](const std::string& sku) {
    return swill::answer<double>{sku == "ABC123" ? 2.5 : 0.0, {"valid_until", "2026-12-31"}, {"source", "list"}};
  }};
}
// [/answer]

// [told]
using swill::actors::cancel_atom;
using renderer = caf::typed_actor<caf::replies_to<swill::call_info, std::string>::with<std::string>,
                                  caf::reacts_to<cancel_atom, swill::request_id>>;

struct renderings {
  std::map<swill::request_id, caf::typed_response_promise<std::string>> open;
};

renderer::behavior_type render(renderer::stateful_pointer<renderings> self) {
  return {[self](const swill::call_info& caller, const std::string&) {
            auto promise = self->make_response_promise<std::string>();
            self->state.open.emplace(caller.request, promise); // and begin with the work
            return promise;
          },
          [self](cancel_atom, swill::request_id gone) { self->state.open.erase(gone); }};
}
// [/told]

TEST(ActorsPage, KnowTheirCallers) {
  swill::app app;
  swill::test_server server;
  app.after_accept([](swill::connection& c) { c.set_user("ann"); });
  // [serve]
  app.handle_actor("pay", server.system().spawn(run_till)); // typed: it says itself that it wants call_info
  app.handle_actor<std::string, swill::answer<double>>("price", server.system().spawn(price_list));
  app.handle_actor("render", server.system().spawn(render), swill::actor_options{.timeout = 2min});
  // [/serve]
  server.serve(app);
  swill::test_client client{server};

  EXPECT_EQ(client.call<std::int64_t>("pay", std::int64_t{9'000}), 9'000);
  try {
    client.call("pay", std::int64_t{2'000});
    FAIL();
  } catch (const swill::error& e) {
    EXPECT_EQ(e.code, 402);
    EXPECT_EQ(e.data, swill::value::map({{"left", 1'000}}));
  }
  const auto reply = client.receive(client.open("price", std::string{"ABC123"}));
  EXPECT_EQ(reply->as<double>(), 2.5);
  EXPECT_EQ(*reply->leading.find("valid_until"), swill::value{"2026-12-31"});
  EXPECT_EQ(*reply->trailing.find("source"), swill::value{"list"});
  client.cancel(client.open("render", std::string{"picture"}));
}

} // namespace
