#include "actors/connections/event.hpp"

namespace swill {

bool event_filter::fits(const connection_event& e) const noexcept {
  if (!node.empty() && e.node != node && e.node_name != node) return false;
  if (e.event == connection_event_kind::node_joined || e.event == connection_event_kind::node_left) return true;
  return (user.empty() || e.user == user) && e.remote_address.starts_with(remote_address);
}

} // namespace swill
