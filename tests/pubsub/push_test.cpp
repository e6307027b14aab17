#include "actors/handles.hpp"
#include "libswill/server/test_client.hpp"
#include "pubsub/pubsub.hpp"

#include <caf/all.hpp>
#include <gmock/gmock.h>

#include <memory>
#include <string>

// What actors push to a connection comes to its client's inbox.

namespace swill {
namespace {

bool push_to(test_server& s, const connection_handle& to, const push& what) {
  caf::scoped_actor me{s.system()};
  auto asked = me->request(to, caf::infinite, what);
  s.run();
  bool open = false;
  asked.receive([&](bool b) { open = b; }, [](const caf::error& e) { ADD_FAILURE() << caf::to_string(e); });
  return open;
}

TEST(Push, ComesToTheInboxOfThatConnectionAlone) {
  auto bus = std::make_shared<pubsub>();
  app a;
  a.use(bus);
  std::string id;
  a.handle("enter", [&id](request<> r) { id = r.context().connection().id(); });
  test_server s{a};
  test_client ann{s}, bob{s};
  const auto his = bob.open("swill.inbox", nothing{});
  ann.call("enter");
  const connection_handle to = s.find_connection(id);

  EXPECT_FALSE(push_to(s, to, {"invited", 1})) << "nobody would get it";
  const auto hers = ann.open("swill.inbox", nothing{});
  EXPECT_TRUE(push_to(s, to, {"invited", "to tea"}));

  ann.receive(hers); // the leading metadata
  EXPECT_EQ(ann.expect<value>(hers), value::map({{"to", "connection"},
                                                 {"name", id},
                                                 {"data", value::map({{"name", "invited"}, {"value", "to tea"}})}}));
  bob.receive(his);
  EXPECT_FALSE(bob.receive(his));
  ann.cancel(hers);
  EXPECT_FALSE(push_to(s, to, {"invited", 2}));
}

} // namespace
} // namespace swill
