#include "pubsub/detail/inbox.hpp"

#include "libswill/wire/writer.hpp"
#include "pubsub/detail/frames.hpp"
#include "pubsub/pubsub.hpp"

#include <algorithm>

namespace swill {

namespace detail {

void inbox_seat::join(const std::string& group, std::size_t most) {
  if (groups.count(group) != 0) return;
  if (groups.size() >= most) throw error{error_code::too_many_requests, "too many groups of this connection"};
  groups.insert(group);
  for (open_inbox* i : open) i->add(pubsub::group_topic(group));
}

void inbox_seat::leave(const std::string& group) {
  if (groups.erase(group) == 0) return;
  for (open_inbox* i : open) i->remove(pubsub::group_topic(group));
}

void inbox_seat::change_user(const std::string& before, const std::string& now) {
  for (open_inbox* i : open) {
    if (!before.empty()) i->remove(pubsub::user_topic(before));
    if (!now.empty()) i->add(pubsub::user_topic(now));
  }
}

open_inbox::open_inbox(connection& c, topic_port& hub, const pubsub_options& o)
    : connection_(c), seat_(c.state<inbox_seat>()), messages_(hub, o.own_topics) {
  seat_.open.push_back(this);
  messages_.list_in(c.state<subscription_list>());
  if (std::exchange(seat_.watches_user, true)) return;
  c.on_user_changed([](connection& changed, const std::string& before) {
    changed.state<inbox_seat>().change_user(before, changed.user());
  });
}

open_inbox::~open_inbox() { std::erase(seat_.open, this); }

void open_inbox::begin(completer<void> done) {
  std::vector<std::string> topics{pubsub::everybody_topic(), pubsub::connection_topic(connection_.id())};
  if (!connection_.user().empty()) topics.push_back(pubsub::user_topic(connection_.user()));
  for (const std::string& g : seat_.groups) topics.push_back(pubsub::group_topic(g));
  const auto left = std::make_shared<std::size_t>(topics.size()); // with the answers
  for (const std::string& t : topics) {
    messages_.add(t, std::nullopt, [left, done](const result<joined>& j) {
      if (!j) return done(j.error());
      if (--*left == 0) done({});
    });
  }
}

void open_inbox::add(const std::string& topic) {
  messages_.add(topic, std::nullopt, [this](const result<joined>& j) {
    if (!j) messages_.fail(j.error()); // the client opens its inbox again, rather than miss this topic
  });
}

namespace {

/// "$user.ann" -> user, ann
std::pair<std::string_view, std::string_view> source_of(std::string_view topic) noexcept {
  topic.remove_prefix(1);
  const std::size_t dot = std::min(topic.find('.'), topic.size());
  return {topic.substr(0, dot), topic.substr(std::min(dot + 1, topic.size()))};
}

} // namespace

bytes encode_inbox_item(const publication& p) {
  const auto [kind, name] = source_of(p.topic());
  buffer out;
  wire::writer w{out};
  w.map(3);
  w.str("to");
  w.str(kind);
  w.str("name");
  w.text(name);
  if (p.is_notice()) {
    w.str("recovered");
    w.boolean(false);
  } else {
    w.str("data");
    w.raw(p.data());
  }
  return {out.view().begin(), out.view().end()};
}

} // namespace detail

} // namespace swill
