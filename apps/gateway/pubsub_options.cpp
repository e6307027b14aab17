#include "apps/gateway/pubsub_options.hpp"

#include "apps/common/option_values.hpp"
#include "libswill/base/mistakes.hpp"
#include "pubsub/redis/redis_broker.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>

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
  const value* text = message.find("text");
  if (text == nullptr || text->get_if<std::string>() == nullptr)
    throw error{error_code::bad_request, "a message is {\"text\": str}"};
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

void pubsub_options::add_to(CLI::App& program) {
  program
      .add_option("--node-name", node_name_,
                  "what this node is called in lists, events and the log, beside its id; none: the host's name")
      ->envname("SWILL_NODE_NAME");
  program.add_option("--topic-history", topics_.history_length, "messages that each topic keeps")
      ->envname("SWILL_TOPIC_HISTORY")
      ->type_name("COUNT")
      ->check(apps::whole_number(0, 1'000'000))
      ->capture_default_str();
  program
      .add_option_function<long>(
          "--topic-age", [this](const long& s) { topics_.history_age = std::chrono::seconds{s}; },
          "how long a topic keeps a message")
      ->envname("SWILL_TOPIC_AGE")
      ->type_name("SECONDS")
      ->check(apps::whole_number(1, 60L * 60 * 24 * 365))
      ->default_str(std::to_string(std::chrono::duration_cast<std::chrono::seconds>(topics_.history_age).count()));
  const auto add_bound = [&](const char* option, const char* variable, std::size_t& value, const char* unit,
                             const char* text) {
    program.add_option(option, value, text)
        ->envname(variable)
        ->type_name(unit)
        ->check(apps::whole_number(0, mistake_list::largest_size))
        ->capture_default_str();
  };
  add_bound("--topic-count", "SWILL_TOPIC_COUNT", all_.topic_count, "COUNT",
            "topics of this node; one more: ERROR 503");
  add_bound("--new-topics", "SWILL_NEW_TOPICS", all_.new_topics, "COUNT",
            "topics that one connection may bring into being at once, 0: any number; one more: ERROR 429");
  add_bound("--new-topics-per-second", "SWILL_NEW_TOPICS_PER_SECOND", all_.new_topics_per_second, "COUNT",
            "and so many more in each second");
  add_bound("--kept-size", "SWILL_KEPT_SIZE", all_.kept_size, "BYTES", "messages that topics keep in memory, together");
  new_topics_per_second_ = program.get_option("--new-topics-per-second");
  kept_size_ = program.get_option("--kept-size");
  static const std::map<std::string, overflow> policies{
      {"buffer", overflow::buffer}, {"drop_oldest", overflow::drop_oldest}, {"conflate", overflow::conflate}};
  const auto set_policy = [this](const std::string& name) { topics_.overflow = policies.at(name); };
  program
      .add_option_function<std::string>("--topic-overflow", set_policy,
                                        "what happens to a subscriber that is too slow: see docs/pubsub.md")
      ->envname("SWILL_TOPIC_OVERFLOW")
      ->check(CLI::IsMember{policies})
      ->default_str("buffer");
  program
      .add_option("--topic-conflate-by", topics_.conflate_by,
                  "with conflate: the field of a message that is its key; none: a topic's messages have one key")
      ->envname("SWILL_TOPIC_CONFLATE_BY");
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
