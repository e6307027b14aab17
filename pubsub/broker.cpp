#include "pubsub/broker.hpp"

#include "actors/cluster/cluster.hpp"
#include "libswill/api/types/codec.hpp"

namespace swill {

std::shared_ptr<cluster> broker::make_cluster(node_info self) {
  return std::make_shared<memory_cluster>(std::move(self));
}

std::string presence_topic(const std::string& topic) { return "$presence." + topic; }

bytes presence_event(std::string_view event, const presence_member& who) {
  return detail::encoded_message(value::map({{"event", event}, {"member", to_value(who)}}));
}

} // namespace swill
