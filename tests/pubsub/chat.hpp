#pragma once

#include "libswill/server/test_client.hpp"
#include "pubsub/pubsub.hpp"
#include "tests/server/calls.hpp"

#include <chrono>
#include <memory>

// What tests of pub/sub share: an app with a bus, on a test_server.

namespace swill::test {

using namespace std::chrono_literals;

inline value since(std::uint64_t epoch, std::uint64_t offset) {
  return value::map({{"epoch", epoch}, {"offset", offset}});
}
inline value topic_of(const std::string& topic) { return value::map({{"topic", topic}}); }
inline value topic_of(const std::string& topic, const value& from) {
  return value::map({{"topic", topic}, {"since", from}});
}
inline value message_of(const std::string& topic, const value& data) {
  return value::map({{"topic", topic}, {"data", data}});
}

inline std::uint64_t number(const value* v) {
  if (v == nullptr) return 0;
  if (const auto* i = v->get_if<std::int64_t>()) return static_cast<std::uint64_t>(*i);
  return 0;
}

/// The metadata that begin a subscription.
struct beginning {
  std::uint64_t epoch = 0;
  std::uint64_t offset = 0;
  bool recovered = false;
};
inline beginning begun(test_client& c, std::uint64_t seq) {
  const auto r = c.receive(seq);
  if (!r || r->leading.empty()) throw std::runtime_error("the subscription has not begun");
  beginning b;
  b.epoch = number(r->leading.find("epoch"));
  b.offset = number(r->leading.find("offset"));
  b.recovered = *r->leading.find("recovered")->get_if<bool>();
  return b;
}

/// What has come, in short: "3:text" for items, "lost 5" for notices, "e:429" for an ERROR.
inline strings items(test_client& c, std::uint64_t seq) {
  strings out;
  while (const auto r = c.receive(seq)) {
    if (r->failure) {
      out.push_back("e:" + std::to_string(r->failure->code));
    } else if (r->type == wire::response_type::message) {
      const value v = r->as<value>();
      const value* data = v.find("data");
      if (data == nullptr) {
        out.push_back("lost " + std::to_string(number(v.find("offset"))));
      } else {
        const auto* text = data->get_if<std::string>();
        out.push_back(std::to_string(number(v.find("offset"))) + ":" + (text != nullptr ? *text : to_text(*data)));
      }
    }
  }
  return out;
}

} // namespace swill::test
