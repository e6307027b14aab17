#include "tests/chaos/lists.hpp"

#include "actors/connections/entry.hpp"
#include "libswill/client/blocking_client.hpp"
#include "pubsub/broker.hpp"
#include "tests/chaos/cluster.hpp"

#include <vector>

namespace swill::chaos {

ids_by_user present(const std::string& gateway, const std::string& topic) {
  ids_by_user all;
  try {
    blocking_client c{gateway};
    const value request = value::map({{"topic", topic}});
    for (const auto& m : c.call<std::vector<presence_member>>("swill.presence", request, 2s)) all.emplace(m.user, m.id);
  } catch (const error&) {
    all.clear();
  }
  return all;
}

ids_by_user listed(const std::string& gateway, const std::string& topic) {
  ids_by_user all;
  try {
    blocking_client c{gateway};
    const call_options as_admin{metadata{"admin_token", cluster::admin_token()}, 5s};
    const auto page = c.call<connection_page>("swill.connections.list", value::map({{"topic", topic}}), as_admin);
    if (!page.missing.empty()) return {};
    for (const auto& e : page.connections) all.emplace(e.user, e.id);
  } catch (const error&) {
    all.clear();
  }
  return all;
}

} // namespace swill::chaos
