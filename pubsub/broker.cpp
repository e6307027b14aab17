#include "pubsub/broker.hpp"

#include "actors/cluster/memory_cluster.hpp"
#include "libswill/api/types/codec.hpp"

namespace swill {

std::shared_ptr<cluster> broker::make_cluster(node_info self) {
  return std::make_shared<memory_cluster>(std::move(self));
}

std::string presence_topic(const std::string& topic) { return "$presence." + topic; }

bytes presence_event(std::string_view event, const presence_member& who) {
  buffer out;
  wire::writer w{out};
  w.map(2);
  w.str("event");
  w.str(event);
  w.str("member");
  encode_message(w, who);
  return {out.view().begin(), out.view().end()};
}

} // namespace swill
