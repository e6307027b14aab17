#pragma once

#include "pubsub/pubsub.hpp"

#include "libswill/client/blocking_client.hpp"
#include "libswill/server/server.hpp"
#include "pubsub/redis/redis_broker.hpp"
#include "tests/pubsub/broker_contract.hpp"
#include "tests/pubsub/chat.hpp"

#include <atomic>
#include <poll.h>
#include <thread>

// Nodes on sockets, and clients that read one topic.

namespace swill::test {

inline value subscription(const std::string& topic, std::optional<position> since = {}) {
  value v = value::map({{"topic", topic}});
  if (since) v.set("since", value::map({{"epoch", since->epoch}, {"offset", since->offset}}));
  return v;
}
inline value message(const std::string& topic, const value& data) {
  return value::map({{"topic", topic}, {"data", data}});
}
/// A server on sockets with a bus: one node.
struct node {
  explicit node(std::shared_ptr<broker> b, pubsub_options o = {}, std::size_t threads = 2,
                const std::function<void(app&, const std::shared_ptr<pubsub>&)>& more = {})
      : bus(std::make_shared<pubsub>(std::move(o), std::move(b))) {
    a.set_log(stderr_log(log_level::error));
    bus->allow_subscribe("**");
    bus->allow_publish("**");
    bus->allow_presence("**");
    a.use(bus);
    if (more) more(a, bus);
    server_options so;
    so.listen = {"127.0.0.1:0"};
    so.io_threads = threads;
    running.emplace(a, so);
    running->start();
    if (!wait_up()) throw std::runtime_error("the broker is not there");
  }
  bool wait_up() {
    for (int i = 0; i < 1000; ++i) {
      std::promise<bool> up;
      bus->publish_then("warm.up", 1, {}, [&up](const result<position>& r) { up.set_value(r.has_value()); });
      if (up.get_future().get()) return true;
      ::poll(nullptr, 0, 10);
    }
    return false;
  }
  std::string url() const { return "ws://127.0.0.1:" + std::to_string(running->port()) + "/ws"; }
  result<position> publish(const std::string& topic, const value& v, const std::string& key = {}) {
    std::promise<result<position>> at;
    bus->publish_then(topic, v, key, [&at](result<position> r) { at.set_value(std::move(r)); });
    return at.get_future().get();
  }

  app a;
  std::shared_ptr<pubsub> bus;
  std::optional<server> running;
};

/// A client with one subscription, read by a thread of its own.
class reader {
public:
  reader(const node& n, const std::string& topic, std::optional<position> since = {}) : reader(n.url(), topic, since) {}
  reader(const std::string& url, const std::string& topic, std::optional<position> since = {})
      : client_(std::make_unique<blocking_client>(url)),
        stream_(client_->stream<value>("swill.subscribe", subscription(topic, since))) {
    thread_ = std::thread{[this] { read(); }};
    begun.take();
  }
  ~reader() { end(); }
  reader(const reader&) = delete;

  void end() {
    if (!thread_.joinable()) return;
    stream_.cancel();
    thread_.join();
  }
  /// Waits until the server is gone.
  void wait_lost() { thread_.join(); }

  position start;
  bool recovered = false;
  box<value> items;
  box<bool> begun;
  std::atomic<std::int64_t> failure{0};

private:
  void read() {
    try {
      while (stream_.leading().empty()) ::poll(nullptr, 0, 1); // it may be long before the first item
      const metadata m = stream_.leading();
      start = {number(m.find("epoch")), number(m.find("offset"))};
      recovered = m.find("recovered") != nullptr && *m.find("recovered") == value{true};
      begun.put(true);
      while (auto v = stream_.next()) items.put(std::move(*v));
    } catch (const error& e) {
      failure = e.code;
      begun.put(false);
    }
  }
  std::unique_ptr<blocking_client> client_;
  blocking_stream<value> stream_;
  std::thread thread_;
};

inline std::string text(const value& item) {
  if (const value* data = item.find("data")) return std::to_string(number(item.find("offset"))) + ":" + to_text(*data);
  return "lost " + std::to_string(number(item.find("offset")));
}

inline pubsub_options quick() {
  pubsub_options o;
  o.heartbeat = 100ms;
  o.node_lease = 500ms;
  o.check_interval = 200ms;
  o.other_topics.history_length = 100'000;
  o.other_topics.queue_length = 100'000;
  o.other_topics.queue_size = 100'000'000;
  return o;
}

inline pubsub_options small_pages() {
  pubsub_options o = quick();
  o.history_page = 8;
  o.other_topics.queue_length = 16; // much less than what is missed
  o.other_topics.overflow = overflow::drop_oldest;
  return o;
}

/// Nodes that share a Redis.
struct PubsubNodes : testing::Test {
  redis_server server{redis_options{.append_only = true}};
  std::shared_ptr<broker> shared() {
    redis_broker_options o;
    o.server = redis::options::parse(server.address()).value();
    return std::make_shared<redis_broker>(o);
  }
};

} // namespace swill::test
