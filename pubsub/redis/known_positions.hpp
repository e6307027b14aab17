#pragma once

#include "libswill/base/loop.hpp"
#include "pubsub/topic.hpp"

#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace swill::detail {

/// How far a topic has come, as far as a node knows, and when it was so.
struct known_position {
  position at;
  clock_time when{};

  /// Takes in what was heard of later. Within an epoch a position never goes back.
  void note(const position& p, clock_time now) noexcept {
    if (p.epoch == 0 || (p.epoch == at.epoch && p.offset < at.offset)) return;
    at = p;
    when = now;
  }
};

/// What a node knows of topics that nobody there listens to: a bounded number, those that were noted last.
class known_positions {
public:
  void note(const std::string& topic, const position& p, clock_time now, std::size_t most) {
    if (const auto it = by_topic_.find(topic); it != by_topic_.end()) {
      it->second->second.note(p, now);
      return order_.splice(order_.end(), order_, it->second);
    }
    if (p.epoch == 0 || most == 0) return;
    order_.emplace_back(topic, known_position{p, now});
    by_topic_.emplace(order_.back().first, std::prev(order_.end()));
    while (order_.size() > most) forget(order_.begin());
  }
  known_position of(const std::string& topic) const {
    const auto it = by_topic_.find(topic);
    return it == by_topic_.end() ? known_position{} : it->second->second;
  }
  /// As of(), and it is forgotten here.
  known_position take(const std::string& topic) {
    const auto it = by_topic_.find(topic);
    if (it == by_topic_.end()) return {};
    const known_position p = it->second->second;
    forget(it->second);
    return p;
  }
  void add_topics(std::vector<std::string>& to) const {
    for (const auto& [topic, p] : order_) to.push_back(topic);
  }
  std::size_t size() const noexcept { return order_.size(); }

private:
  using list = std::list<std::pair<std::string, known_position>>;
  void forget(list::iterator i) {
    by_topic_.erase(i->first);
    order_.erase(i);
  }

  list order_; ///< the one noted longest ago first
  std::unordered_map<std::string_view, list::iterator> by_topic_;
};

} // namespace swill::detail
