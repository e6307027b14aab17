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

  client_handlers(shared i, pubsub& bus) : impl_(std::move(i)), bus_(bus) {}
  static void install(const shared& i, pubsub& bus, app& a);

private:
  class presence_seat;
  struct open_subscription;

  task<std::unique_ptr<open_subscription>> open(context& c, subscribe_request wanted) const;
  static stream<encoded_item> items_of(task<std::unique_ptr<open_subscription>> opening);
  stream<encoded_item> subscribe(request<subscribe_request> r) const;
  task<position> publish(request<publish_request> r) const;
  task<std::vector<presence_member>> presence(request<presence_request> r) const;
  stream<encoded_item> watch_presence(request<presence_request> r) const;
  stream<encoded_item> inbox(request<> r) const;
  task<void> check_presence_rule(context& c, const std::string& topic) const;

  shared impl_;
  pubsub& bus_;
};

} // namespace swill::detail
