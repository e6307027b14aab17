#pragma once

#include "pubsub/detail/frames.hpp"
#include "pubsub/pubsub.hpp"

#include "libswill/api/app.hpp"

#include <memory>

namespace swill::detail {

/// The handlers that clients call: swill.subscribe, .publish, .presence, .watch_presence, .inbox (docs/protocol.md §10).
class client_handlers {
public:
  using shared =
      std::shared_ptr<pubsub::impl>; ///< what the pubsub object is made of; with it and with the app's handlers

  static void install(const shared& i, pubsub& bus, app& a);

private:
  static stream<encoded_item> subscribe(shared i, pubsub& bus, request<subscribe_request> r);
  static task<position> publish(shared i, pubsub& bus, request<publish_request> r);
  static task<std::vector<presence_member>> presence(shared i, pubsub& bus, request<presence_request> r);
  static stream<encoded_item> watch_presence(shared i, pubsub& bus, request<presence_request> r);
  static stream<encoded_item> inbox(shared i, request<> r);
  static task<void> check_presence_rule(const shared& i, context& c, const std::string& topic);
  static void enter(const shared& i, const std::string& topic, presence_member who);
  static void exit(const shared& i, const std::string& topic, const std::string& id);
  class presence_seat;
};

} // namespace swill::detail
