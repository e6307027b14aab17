#pragma once

#include "pubsub/broker.hpp"

#include <memory>
#include <string>

namespace swill {

/// A broker of one node, in its memory. What it holds ends with the process: after a restart every topic has another epoch.
class memory_broker final : public broker {
public:
  memory_broker();
  ~memory_broker() override;

  void start(loop& l, broker_listener& to, const pubsub_options& o, const std::string& node,
             const log_sink* log) override;
  void stop(std::function<void()> done) override;
  void publish(const std::string& topic, bytes_view data, const std::string& key, std::string_view trace,
               answer<position> done) override;
  void subscribe(const std::string& topic, answer<topic_state> done) override;
  void unsubscribe(const std::string& topic) override;
  void history(const std::string& topic, const position& since, std::size_t limit, answer<history_page> done) override;
  void enter(const std::string& topic, const presence_member& who, answer<void> done) override;
  void leave(const std::string& topic, const std::string& id, answer<void> done) override;
  void members(const std::string& topic, answer<std::vector<presence_member>> done) override;

  /// Topics that it holds. On its loop.
  std::size_t topics() const noexcept;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace swill
