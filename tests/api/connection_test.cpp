#include "libswill/api/connection.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace swill {
namespace {

TEST(Connection, TellsWhoWatchesThatItsUserChanged) {
  connection c{"c1", {}};
  std::vector<std::string> seen;
  c.on_user_changed([&](connection& which, const std::string& before) { seen.push_back(before + ">" + which.user()); });

  c.set_user("ann");
  c.set_user("ann");
  c.set_user("bob");
  c.set_user({});

  EXPECT_EQ(seen, (std::vector<std::string>{">ann", "ann>bob", "bob>"}));
}

} // namespace
} // namespace swill
