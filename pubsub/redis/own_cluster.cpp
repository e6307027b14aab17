#include "pubsub/redis/own_cluster.hpp"

#include "pubsub/redis/redis_broker_impl.hpp"

#include <utility>

namespace swill {

using namespace detail;
using redis::reply;

redis_broker::own_cluster::own_cluster(std::shared_ptr<impl> b, node_info self)
    : cluster(std::move(self)), broker_(std::move(b)) {
  broker_->cluster = this;
}
redis_broker::own_cluster::~own_cluster() { broker_->cluster = nullptr; }

void redis_broker::own_cluster::find_nodes(answer<std::vector<node_info>> done) {
  impl& i = *broker_;
  if (i.is_listed()) return i.beat(std::move(done));
  if (!i.has_tried) return i.early.push_back(std::move(done));
  done(errors::unavailable("Redis cannot be reached"));
}

void redis_broker::own_cluster::deliver(const std::string& node, const std::string& kind, bytes_view data,
                                        answer<void> done) {
  if (!broker_->commands) return done(errors::unavailable("Redis cannot be reached"));
  const std::string channel = broker_->key("node:", node);
  std::string payload = broker_->node + " " + std::to_string(kind.size()) + " " + kind;
  payload += as_text(data);
  broker_->commands->command(
      {"PUBLISH", channel, payload},
      [self = std::weak_ptr{broker_}, done = std::move(done)](const result<reply>& r) {
        const auto alive = self.lock();
        if (!alive || alive->stopped) return;
        if (!r) return done(alive->told(r.error()));
        if (r->integer() == 0) return done(error{error_code::not_found, "no such node"});
        done({});
      },
      redis::is_number);
}

} // namespace swill
