#pragma once

#include "libswill/wire/codec.hpp"
#include "pubsub/memory_broker.hpp"
#include "pubsub/redis/redis_broker.hpp"
#include "tests/redis/fixture.hpp"
#include "tests/support/redis_server.hpp"

#include <gtest/gtest.h>

#include <future>

// What every broker does, and how it is asked from a test's thread.

namespace swill::test {

using namespace std::chrono_literals;
using redis::box;
using redis::loop_thread;

inline bytes packed(const value& v) {
  buffer out;
  wire::writer w{out};
  wire::write_value(w, v);
  return {out.view().begin(), out.view().end()};
}
inline value unpacked(bytes_view b) {
  value v;
  wire::reader in{b};
  wire::read_value(in, v, 32);
  return v;
}

/// A broker on a loop of its own with its cluster, and what they have told.
class driven_broker final : broker_listener {
public:
  driven_broker(std::shared_ptr<broker> b, pubsub_options o, std::string node, log_sink log = {})
      : options(std::move(o)),
        name(std::move(node)),
        log_(std::move(log)),
        broker_(std::move(b)),
        cluster_(broker_->make_cluster({name, options.node_name})) {
    cluster_->on_nodes([this](const std::vector<node_info>& all) { nodes.put(all); });
    for (const char* kind : {"all", "kind"}) {
      cluster_->on_message(kind, [this, kind](const std::string& from, bytes_view data) {
        from_nodes.put(from + "/" + kind + "/" + std::string{as_text(data)});
      });
    }
    thread_.on_loop([this] {
      broker_->start(thread_.loop, *this, options, name, &log_);
      cluster_->start(thread_.loop, log_);
    });
  }
  ~driven_broker() { stop(); }
  driven_broker(const driven_broker&) = delete;

  void stop() {
    if (std::exchange(stopped_, true)) return;
    box<bool> done;
    cluster_->stop([&] { broker_->stop([&done] { done.put(true); }); });
    done.take();
  }

  /// The answer to what f(broker, callback) asks, within 10 s.
  template <class T, class F>
  result<T> ask(F f) {
    box<result<T>> answer;
    thread_.on_loop([&] { f(*broker_, [&answer](result<T> r) { answer.put(std::move(r)); }); });
    return answer.take();
  }

  result<position> try_publish(const std::string& topic, const value& v, const std::string& key = {},
                               std::string_view trace = {}) {
    return ask<position>([&](broker& b, auto done) { b.publish(topic, packed(v), key, trace, done); });
  }
  position publish(const std::string& topic, const value& v, const std::string& key = {}, std::string_view trace = {}) {
    return try_publish(topic, v, key, trace).value();
  }
  broker::topic_state subscribe(const std::string& topic) {
    return ask<broker::topic_state>([&](broker& b, auto done) { b.subscribe(topic, done); }).value();
  }
  void unsubscribe(const std::string& topic) {
    thread_.on_loop([&] { broker_->unsubscribe(topic); });
  }
  broker::history_page history(const std::string& topic, const position& since, std::size_t limit = 100) {
    return ask<broker::history_page>([&](broker& b, auto done) { b.history(topic, since, limit, done); }).value();
  }
  result<void> enter(const std::string& topic, const presence_member& who) {
    return ask_void([&](broker& b, auto done) { b.enter(topic, who, done); });
  }
  result<void> leave(const std::string& topic, const std::string& id) {
    return ask_void([&](broker& b, auto done) { b.leave(topic, id, done); });
  }
  std::vector<std::string> members(const std::string& topic) {
    const auto all = ask<std::vector<presence_member>>([&](broker& b, auto done) { b.members(topic, done); }).value();
    std::vector<std::string> out;
    for (const auto& m : all) out.push_back(m.id + "/" + m.user + "/" + to_text(m.data));
    std::sort(out.begin(), out.end());
    return out;
  }
  result<void> send(const std::string& node, const std::string& kind, const std::string& data) {
    return ask_void([&](broker&, auto done) {
      const bytes_view b = as_bytes(data);
      if (node.empty()) {
        cluster_->send_all(kind, {b.begin(), b.end()}, done);
      } else {
        cluster_->send(node, kind, {b.begin(), b.end()}, done);
      }
    });
  }

  const pubsub_options options;
  const std::string name;
  box<publication_ptr> published;
  box<std::string> from_nodes;
  box<std::vector<node_info>> nodes;
  box<bool> states; ///< up and down
  box<bool> presence_lost;
  box<std::string> positions; ///< topics that were checked

private:
  template <class F>
  result<void> ask_void(F f) {
    const auto r = ask<bool>([&](broker& b, auto done) {
      f(b, [done](const result<void>& answer) {
        if (!answer) return done(answer.error());
        done(true);
      });
    });
    return r ? result<void>{} : result<void>{r.error()};
  }
  void on_publication(const publication_ptr& p) override { published.put(p); }
  void on_position(const std::string& topic, const position&) override { positions.put(topic); }
  void on_down() override { states.put(false); }
  void on_up() override { states.put(true); }
  void on_presence_lost() override { presence_lost.put(true); }

  const log_sink log_;
  loop_thread thread_;
  std::shared_ptr<broker> broker_;
  std::shared_ptr<cluster> cluster_;
  bool stopped_ = false;
};

/// One backend of the contract: how to make brokers that share what they keep.
struct memory_backend {
  static constexpr bool shared = false;
  std::unique_ptr<driven_broker> make(pubsub_options o = {}, const std::string& node = "n1") {
    return std::make_unique<driven_broker>(std::make_shared<memory_broker>(), std::move(o), node);
  }
};

struct redis_backend {
  static constexpr bool shared = true;
  std::unique_ptr<driven_broker> make(pubsub_options o = {}, const std::string& node = "n1") {
    static redis_server server; // one for all tests, each with a prefix of its own
    return make_at(server, std::move(o), node);
  }
  std::unique_ptr<driven_broker> make_at(redis_server& server, pubsub_options o, const std::string& node) {
    redis_broker_options r;
    r.server = redis::options::parse(server.address()).value();
    r.prefix = prefix;
    r.server.command_timeout = 10s; // this Redis writes each command to a disk that others use, too
    auto b = std::make_unique<driven_broker>(std::make_shared<redis_broker>(r), std::move(o), node);
    while (!b->states.take()) {
    }
    return b;
  }
  static std::string fresh_prefix() {
    static int last = 0;
    return "test" + std::to_string(++last) + ":";
  }
  const std::string prefix = fresh_prefix();
};

} // namespace swill::test
