#pragma once

#include "pubsub/topic.hpp"
#include "tests/chaos/scale.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace swill::chaos {

/// Who published what, and who got what, of one topic; and what is wrong with it. Any number of threads write at the same time.
class ledger {
public:
  // --- Publishers. An id is published once, however often it is tried.
  void tried(const std::string& id);
  void acknowledged(const std::string& id, position at);

  // --- Subscribers
  /// The number by which the others know it. One that `may_miss` has a topic that drops messages of those who are slow: its offsets jump.
  std::size_t add_subscriber(std::string name, bool may_miss = false);
  /// Its subscription has begun, or gone on elsewhere.
  void began(std::size_t subscriber, position start, bool recovered);
  /// It was told that messages are missing.
  void noticed(std::size_t subscriber, position at);
  void delivered(std::size_t subscriber, std::uint64_t offset, const std::string& id);
  /// The last that it has got: where it goes on.
  std::optional<position> at(std::size_t subscriber) const;

  // --- While it runs
  std::size_t acknowledged_count() const;
  std::size_t delivered_count(std::size_t subscriber) const;
  bool has(std::size_t subscriber, const std::string& id) const;
  /// Notices and subscriptions that were not recovered, all subscribers together.
  std::size_t notice_count() const;
  /// Waits until each subscriber has got something after t; how long after t the last of them did.
  std::optional<milliseconds> resumed_after(clock::time_point t, milliseconds limit = 20s) const;
  /// Waits until each subscriber is where the last acknowledged message is.
  bool wait_for_all(milliseconds limit = 20s) const;
  /// From the first attempt to publish to the delivery, of what was first tried in [from, to), ascending.
  std::vector<std::chrono::microseconds> latencies(clock::time_point from, clock::time_point to,
                                                   const std::vector<std::size_t>& subscribers) const;

  // --- At the end
  /// What is wrong, a line for each: acknowledged messages that a subscriber did not get and was not told of; messages that came twice,
  /// out of order, with a silent gap before them, at different places for different subscribers, or that nobody published. Messages may
  /// come again under another epoch when `wiped`: the keys by which duplicates are known are gone then, too.
  std::vector<std::string> problems(bool wiped = false) const;
  /// Counts, in one line.
  std::string summary() const;

private:
  struct event {
    enum class kind : std::uint8_t { began, began_anew, notice, delivery } what;
    position at;
    std::string id;
    clock::time_point when;
  };
  struct subscriber {
    std::string name;
    bool may_miss;
    std::vector<event> events;
    position cursor;
    std::size_t deliveries = 0;
  };
  class audit;

  void add(std::size_t subscriber, event e);
  bool everybody_is_at_the_end() const;

  mutable std::mutex mutex_; // guards all of it
  std::unordered_map<std::string, clock::time_point> tried_;
  std::vector<std::pair<std::string, position>> acknowledged_;
  position end_; ///< the last acknowledged
  std::vector<subscriber> subscribers_;
};

} // namespace swill::chaos
