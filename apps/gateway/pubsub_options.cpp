#include "apps/gateway/pubsub_options.hpp"

#include "libswill/base/mistakes.hpp"
#include "pubsub/redis/redis_broker.hpp"

#include <chrono>
#include <cstddef>

namespace swill::gateway {

namespace {

struct name {
  std::string name;
};
template <class D>
void describe(D& d, name& n) {
  d.field("name", n.name, length{.min = 1, .max = 32});
}

/// What somebody says in a room: `{text}` comes, `{from, text}` goes to all.
void sign(context& c, const std::string&, value& message) {
  const std::string& who = c.connection().user();
  const auto* text = message.find<std::string>("text");
  if (text == nullptr) throw error{error_code::bad_request, "a message is {\"text\": str}"};
  message = value::map({{"from", who.empty() ? "guest" : who}, {"text", *text}});
}

void add_chat(app& a, pubsub& bus) {
  a.handle("chat.login", [](request<name> r) { r.context().connection().set_user(r.data().name); },
           {.doc = "Says who this connection is in the chat, else a guest. No password: an example."});
  bus.allow_subscribe("chat.*");
  bus.allow_presence("chat.*");
  bus.allow_publish("chat.*", sign);
}

} // namespace

pubsub_options::pubsub_options() { topics_.presence = true; }

void pubsub_options::add_to(apps::command_line& program) {
  using apps::whole_number;
  program.add({"--node-name", node_name_,
               "what this node is called in lists, events and the log, beside its id; none: the host's name"});
  program.add({"--topic-history", whole_number(topics_.history_length, 0, 1'000'000), "messages that each topic keeps",
               "COUNT"});
  program.add({"--topic-age", whole_number<std::chrono::seconds>(topics_.history_age, 1, 60L * 60 * 24 * 365),
               "how long a topic keeps a message", "SECONDS"});
  const auto add_bound = [&](const char* name, std::size_t& value, const char* unit, const char* text) {
    return program.add({name, whole_number(value, 0, mistake_list::largest_size), text, unit});
  };
  add_bound("--topic-count", all_.topic_count, "COUNT", "topics of this node; one more: ERROR 503");
  add_bound("--new-topics", all_.new_topics, "COUNT",
            "topics that one connection may bring into being at once, 0: any number; one more: ERROR 429");
  new_topics_per_second_ =
      add_bound("--new-topics-per-second", all_.new_topics_per_second, "COUNT", "and so many more in each second");
  kept_size_ = add_bound("--kept-size", all_.kept_size, "BYTES", "messages that topics keep in memory, together");
  program.add({"--topic-overflow",
               apps::one_of(topics_.overflow, {{"buffer", overflow::buffer},
                                               {"conflate", overflow::conflate},
                                               {"drop_oldest", overflow::drop_oldest}}),
               "what happens to a subscriber that is too slow: see docs/pubsub.md"});
  program.add({"--topic-conflate-by", topics_.conflate_by,
               "with conflate: the field of a message that is its key; none: a topic's messages have one key"});
}

std::shared_ptr<pubsub> pubsub_options::apply(app& a, const std::optional<redis::place>& redis) const {
  apps::require_effect(kept_size_, !redis, "with --redis, which keeps them");
  apps::require_effect(new_topics_per_second_, all_.new_topics != 0, "where --new-topics is 0: any number");
  swill::pubsub_options o = all_;
  o.other_topics = topics_;
  o.node_name = node_name_;
  std::shared_ptr<broker> b;
  if (redis) b = std::make_shared<redis_broker>(*redis);
  auto bus = std::make_shared<pubsub>(std::move(o), std::move(b));
  add_chat(a, *bus);
  a.use(bus);
  return bus;
}

} // namespace swill::gateway
