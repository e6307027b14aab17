#include "tests/chaos/ledger.hpp"

#include <algorithm>
#include <set>
#include <sstream>

namespace swill::chaos {

namespace {

std::string text(position p) { return std::to_string(p.epoch) + "/" + std::to_string(p.offset); }

using place = std::pair<std::uint64_t, std::uint64_t>; // epoch, offset
place place_of(position p) { return {p.epoch, p.offset}; }

} // namespace

// --- What happens

void ledger::tried(const std::string& id) {
  const std::lock_guard lock{mutex_};
  tried_.emplace(id, clock::now());
}

void ledger::acknowledged(const std::string& id, position at) {
  const std::lock_guard lock{mutex_};
  acknowledged_.emplace_back(id, at);
  if (at.epoch != end_.epoch || at.offset > end_.offset) end_ = at;
}

std::size_t ledger::add_subscriber(std::string name, bool may_miss) {
  const std::lock_guard lock{mutex_};
  subscribers_.push_back({std::move(name), may_miss, {}, {}});
  return subscribers_.size() - 1;
}

void ledger::add(std::size_t subscriber, event e) {
  const std::lock_guard lock{mutex_};
  auto& s = subscribers_[subscriber];
  if (e.what == event::kind::delivery) {
    e.at.epoch = s.cursor.epoch; // an item says its offset only
    ++s.deliveries;
  }
  e.when = clock::now();
  s.cursor = e.at;
  s.events.push_back(std::move(e));
}

void ledger::began(std::size_t subscriber, position start, bool recovered) {
  add(subscriber, {recovered ? event::kind::began : event::kind::began_anew, start, {}, {}});
}

void ledger::noticed(std::size_t subscriber, position at) { add(subscriber, {event::kind::notice, at, {}, {}}); }

void ledger::delivered(std::size_t subscriber, std::uint64_t offset, const std::string& id) {
  add(subscriber, {event::kind::delivery, {0, offset}, id, {}});
}

std::optional<position> ledger::at(std::size_t subscriber) const {
  const std::lock_guard lock{mutex_};
  const auto& s = subscribers_[subscriber];
  return s.events.empty() ? std::nullopt : std::optional{s.cursor};
}

// --- While it runs

std::size_t ledger::acknowledged_count() const {
  const std::lock_guard lock{mutex_};
  return acknowledged_.size();
}

std::size_t ledger::delivered_count(std::size_t subscriber) const {
  const std::lock_guard lock{mutex_};
  return subscribers_[subscriber].deliveries;
}

bool ledger::has(std::size_t subscriber, const std::string& id) const {
  const std::lock_guard lock{mutex_};
  const auto& events = subscribers_[subscriber].events;
  return std::any_of(events.begin(), events.end(),
                     [&id](const event& e) { return e.what == event::kind::delivery && e.id == id; });
}

std::size_t ledger::notice_count() const {
  const std::lock_guard lock{mutex_};
  std::size_t count = 0;
  for (const auto& s : subscribers_) {
    count += static_cast<std::size_t>(std::count_if(s.events.begin(), s.events.end(), [](const event& e) {
      return e.what == event::kind::notice || e.what == event::kind::began_anew;
    }));
  }
  return count;
}

std::optional<milliseconds> ledger::resumed_after(clock::time_point t, milliseconds limit) const {
  clock::time_point last = t;
  const bool all = eventually(
      [&] {
        const std::lock_guard lock{mutex_};
        last = t;
        for (const auto& s : subscribers_) {
          const auto later =
              std::partition_point(s.events.begin(), s.events.end(), [t](const event& e) { return e.when <= t; });
          const auto first =
              std::find_if(later, s.events.end(), [](const event& e) { return e.what == event::kind::delivery; });
          if (first == s.events.end()) return false;
          last = std::max(last, first->when);
        }
        return true;
      },
      limit);
  if (!all) return std::nullopt;
  return std::chrono::duration_cast<milliseconds>(last - t);
}

bool ledger::everybody_is_at_the_end() const {
  const std::lock_guard lock{mutex_};
  return std::all_of(subscribers_.begin(), subscribers_.end(), [this](const subscriber& s) {
    return s.cursor.epoch == end_.epoch && s.cursor.offset >= end_.offset;
  });
}

bool ledger::wait_for_all(milliseconds limit) const {
  return eventually([this] { return everybody_is_at_the_end(); }, limit);
}

std::vector<std::chrono::microseconds> ledger::latencies(clock::time_point from, clock::time_point to,
                                                         const std::vector<std::size_t>& subscribers) const {
  const std::lock_guard lock{mutex_};
  std::vector<std::chrono::microseconds> out;
  for (const std::size_t i : subscribers) {
    for (const event& e : subscribers_[i].events) {
      if (e.what != event::kind::delivery) continue;
      const auto first = tried_.find(e.id);
      if (first == tried_.end() || first->second < from || first->second >= to) continue;
      out.push_back(std::chrono::duration_cast<std::chrono::microseconds>(e.when - first->second));
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

// --- At the end

/// Goes through the events of one subscriber.
class ledger::audit {
public:
  audit(const ledger& book, const subscriber& who, std::map<place, std::string>& messages, bool wiped)
      : book_(book), who_(who), messages_(messages), wiped_(wiped) {}

  std::vector<std::string> problems() {
    for (const event& e : who_.events) look_at(e);
    if (!begun_) wrong("never began");
    if (!who_.may_miss) {
      for (const auto& [id, at] : book_.acknowledged_) look_for(id, at);
    }
    return std::move(problems_);
  }

private:
  /// What the subscriber was told that it has missed, or what came before it: behind `from`, up to `to`.
  struct gap {
    position from, to;
    bool holds(position p) const {
      if (from.epoch == to.epoch) return p.epoch == from.epoch && p.offset > from.offset && p.offset <= to.offset;
      return (p.epoch == from.epoch && p.offset > from.offset) || (p.epoch == to.epoch && p.offset <= to.offset);
    }
  };

  void wrong(const std::string& what) { problems_.push_back(who_.name + ": " + what); }

  void look_at(const event& e) {
    if (e.what == event::kind::delivery) return look_at_delivery(e);
    if (!begun_) {
      gaps_.push_back({{e.at.epoch, 0}, e.at});
    } else if (e.what == event::kind::began) {
      if (e.at != cursor_) wrong("wanted to go on behind " + text(cursor_) + ", began behind " + text(e.at));
    } else {
      gaps_.push_back({cursor_, e.at});
    }
    begun_ = true;
    cursor_ = e.at;
  }

  void look_at_delivery(const event& e) {
    const std::string what = e.id + " at " + text(e.at);
    if (e.at.offset <= cursor_.offset) wrong(what + " came behind " + text(cursor_) + ": again, or out of order");
    if (e.at.offset > cursor_.offset + 1 && !who_.may_miss)
      wrong(what + " came behind " + text(cursor_) + ": a silent gap");
    if (book_.tried_.count(e.id) == 0) wrong(what + " was published by nobody");
    const auto [known, fresh] = got_.emplace(e.id, e.at);
    if (!fresh && !(wiped_ && known->second.epoch != e.at.epoch))
      wrong(what + " came before, at " + text(known->second));
    const auto [message, first] = messages_.emplace(place_of(e.at), e.id);
    if (!first && message->second != e.id) wrong(what + " was " + message->second + " for another subscriber");
    places_.insert(place_of(e.at));
    cursor_ = e.at;
  }

  void look_for(const std::string& id, position at) {
    const bool came = places_.count(place_of(at)) != 0;
    const bool excused = std::any_of(gaps_.begin(), gaps_.end(), [&at](const gap& g) { return g.holds(at); });
    if (!came && !excused) wrong(id + ", acknowledged at " + text(at) + ", never came");
    if (came && messages_[place_of(at)] != id)
      wrong(id + " was acknowledged at " + text(at) + ", where " + messages_[place_of(at)] + " came");
  }

  const ledger& book_;
  const subscriber& who_;
  std::map<place, std::string>& messages_;
  bool wiped_;
  bool begun_ = false;
  position cursor_;
  std::vector<gap> gaps_;
  std::unordered_map<std::string, position> got_;
  std::set<place> places_;
  std::vector<std::string> problems_;
};

std::vector<std::string> ledger::problems(bool wiped) const {
  const std::lock_guard lock{mutex_};
  std::map<place, std::string> messages;
  std::vector<std::string> all;
  for (const auto& s : subscribers_) {
    auto some = audit{*this, s, messages, wiped}.problems();
    all.insert(all.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
  }
  return all;
}

std::string ledger::summary() const {
  const std::size_t notices = notice_count();
  const std::lock_guard lock{mutex_};
  std::size_t deliveries = 0;
  std::size_t begins = 0;
  for (const auto& s : subscribers_) {
    deliveries += s.deliveries;
    begins += static_cast<std::size_t>(std::count_if(s.events.begin(), s.events.end(), [](const event& e) {
      return e.what == event::kind::began || e.what == event::kind::began_anew;
    }));
  }
  std::ostringstream out;
  out << tried_.size() << " messages tried, " << acknowledged_.size() << " acknowledged, " << subscribers_.size()
      << " subscribers, " << begins << " subscriptions, " << deliveries << " deliveries, " << notices << " notices";
  return out.str();
}

} // namespace swill::chaos
