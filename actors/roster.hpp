#pragma once

#include "actors/actor_place.hpp"
#include "actors/per_unit.hpp"
#include "actors/roster_options.hpp"

#include "libswill/api/serving/handler.hpp"
#include "libswill/base/task.hpp"

#include <caf/all.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <typeindex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace swill::actors {

class roster_keeper;
class routed_call;

/// A handler of actors with keys, as other actors call it: by a message to the roster's keeper.
class actor_route {
public:
  explicit actor_route(std::string n) : name(std::move(n)) {}
  actor_route& operator=(actor_route&&) = delete;
  virtual ~actor_route() = default;
  virtual bool takes(const caf::type_erased_tuple& message) const = 0;
  /// What gives the answer to such a message. `rpc`: the handler's whole name.
  virtual task<caf::message> call(std::shared_ptr<roster> who, std::string rpc, const caf::type_erased_tuple& message,
                                  routed_call& by) const = 0;

  const std::string name; ///< of the handler in its blueprint
};

template <class Key>
concept is_text = !std::is_null_pointer_v<Key> && std::convertible_to<const Key&, std::string_view>;

/// A key as call_info and the log show it.
template <class Key>
std::string key_text(const Key& key) {
  if constexpr (std::integral<Key>) {
    return std::to_string(key);
  } else if constexpr (is_text<Key>) {
    return std::string{std::string_view{key}};
  } else {
    return {};
  }
}

/// Bytes of a key that is text; 0 of another.
template <class Key>
std::size_t key_size(const Key& key) {
  if constexpr (is_text<Key>) {
    return std::string_view{key}.size();
  } else {
    return 0;
  }
}

/// Who serves the calls of a handler: one actor, the same for all of its life or made again when it dies; several; or one for each key. Made when a
/// server starts, ended when it stops, for one server at a time. Calls are given out on any thread; actors are made, watched and ended by a
/// keeper on the first unit.
class roster : public detail::handler_backend, public std::enable_shared_from_this<roster> {
public:
  ~roster() override;

  /// Gives a call its actor. None: whoever is to serve it is being made or ends, and `w` is told when that has changed. Throws the error that
  /// says why nobody serves it. `key`: of the call, for a roster with keys. `met`: an incarnation that had ended before it looked at this call;
  /// 0: none. A call that has waited brings its `w`. From any thread of the server.
  assignment take(const void* key, std::uint64_t met, swill::loop& here, std::shared_ptr<waiting_call>& w);

  /// An actor may have only so many calls: messages of calls that have ended are counted, too.
  bool bounds_calls() const noexcept { return most_calls_ != std::numeric_limits<std::size_t>::max(); }

  /// A call that has waited ends without an actor: another has its turn.
  void give_up_turn(waiting_call& w, clock_time now) noexcept;

  /// Its actors are made again, so that a call which one has not looked at is for the next one.
  bool renews() const noexcept { return renews_; }
  /// There is no actor, and nothing makes one.
  bool has_none() const noexcept { return has_none_; }
  /// The actor of a roster with one place; of one with keys that which gives calls of other actors to those of their keys. Null while there is
  /// none. From any thread.
  caf::strong_actor_ptr only_actor();
  /// Its actors have one call at a time.
  bool is_serial() const noexcept { return is_serial_; }
  /// Other actors call a handler of it. From any thread.
  void add_route(std::shared_ptr<const actor_route> r);
  /// No actor serves, nor will one.
  bool has_given_up();

  /// One of its actors was sent what it does not take, and does what this returns. A request is answered by an error; another message is
  /// dropped, counted, and logged without its content: an error would end its sender. From any thread.
  caf::result<caf::message> refuse_unknown(caf::scheduled_actor& who, caf::message_view& message);

  /// Of its actors: that of a typed one, else caf::actor. Before it starts.
  void set_type(std::type_index t) noexcept { type_ = t; }
  /// What its actor is called, for the log. Before it starts.
  void set_name(std::string n) { name_ = std::move(n); }
  /// From now on calls go to this actor. The one before is told to end when it has answered its calls, unless a handler of the server has it then.
  /// Throws std::invalid_argument when its actors are made again, or are of another type. From any thread, while the server runs.
  void rebind(const caf::strong_actor_ptr& to, std::type_index type);

  // --- handler_backend
  void check(const std::string& path, mistake_list& out) const override;
  void start(runtime& r) override;
  void stop(runtime& r) override;
  /// As a plugin does.
  void stop(std::function<void()> done);

protected:
  roster(const restart_policy& p, bool renews) : policy_(p), renews_(renews) {}

  // With the mutex held.
  /// Where a call with that key goes; throws why nowhere.
  virtual actor_place& choose(const void* key) = 0;
  /// Of a place, for the log; empty: it has none, or one that is no text.
  virtual std::string key_of(const actor_place&) const { return {}; }
  /// A place without an actor, and all of them.
  virtual void forget(actor_place&) {}
  virtual void forget_all() {}
  /// Takes the entry of a new place over, from a list of that alone.
  void add(std::list<actor_place*>& entry) noexcept {
    entry.front()->entry = entry.begin();
    other_places_.splice(other_places_.end(), entry);
  }

  // Without.
  /// Makes the next actor of a place.
  virtual caf::strong_actor_ptr make_actor(caf::actor_system& system, actor_place& p) = 0;

  restart_policy policy_;
  std::chrono::milliseconds idle_{0}; ///< a place that has had no call for so long is emptied; 0: never
  std::size_t most_calls_ = std::numeric_limits<std::size_t>::max(); ///< of one place, see check_room
  std::size_t most_places_ = std::numeric_limits<std::size_t>::max();
  std::size_t longest_key_ = std::numeric_limits<std::size_t>::max(); ///< bytes of one that is text
  bool is_serial_ = false;                                            ///< its actors have one call at a time
  bool is_permanent_ = true; ///< its places have actors whether there are calls or not
  bool has_none_ = false;
  caf::strong_actor_ptr given_;              ///< the actor of the one place, where none is made
  std::chrono::milliseconds retry_after_{0}; ///< limits::retry_after

private:
  friend class assignment;
  friend class left_message;
  friend class roster_keeper;

  void release(incarnation& i, clock_time now) noexcept;
  void check_room(actor_place& p) const;
  [[noreturn]] void refuse(const actor_place& p, clock_time now) const;
  void tell_keeper(actor_place& p, std::optional<caf::error> died);
  void make(actor_place& p, clock_time now);
  void watch(const std::shared_ptr<incarnation>& i, bool is_own);
  void enter(actor_place& p, caf::strong_actor_ptr a, clock_time now);
  void on_down(const incarnation& i, const caf::error& why);
  std::string described() const;
  void note_death(actor_place& p, const caf::error& why, clock_time now);
  bool needs_actor(actor_place& p, clock_time now);
  void settle(actor_place& p, clock_time now);
  void tell_end(const caf::strong_actor_ptr& a);
  bool needs(const caf::strong_actor_ptr& a);
  bool is_needed(const caf::strong_actor_ptr& a) const;
  void retire(const caf::strong_actor_ptr& a);
  void wake_all(actor_place& p);
  void give_turn(actor_place& p);
  void be_idle(actor_place& p, clock_time since);
  void be_busy(actor_place& p);
  void set_alarm(actor_place& p, clock_time when);
  void cancel_alarm(actor_place& p);
  void run_due(clock_time now);
  void rearm();
  std::shared_ptr<const actor_route> find_route(const caf::type_erased_tuple& message);
  std::string name_of(const actor_route& r) const;

  const bool renews_;
  std::type_index type_{typeid(caf::actor)};
  std::string name_;                    ///< of app.spawn; empty: its handlers have names enough
  std::mutex mutex_;                    ///< guards what follows, and the places
  std::list<actor_place*> idle_places_; ///< the one first that has been idle longest
  std::list<actor_place*> other_places_;
  actor_place::alarms alarms_;
  std::multimap<clock_time, caf::strong_actor_ptr> kills_; ///< those that were told to end, and have no place any more
  std::vector<std::shared_ptr<incarnation>> replaced_;     ///< by rebind, while they have calls
  bool is_armed_ = false;                                  ///< the keeper looks at the next idle place by itself
  bool tells_of_unknown_ = false; ///< a function is on its way that logs a message which was dropped
  std::uint64_t made_ = 0;        ///< incarnations
  std::uint64_t run_ = 0;         ///< counts the servers that had it
  runtime* server_ = nullptr;     ///< while it runs
  per_unit<roster_keeper> keeper_;
  std::vector<std::shared_ptr<const actor_route>> routes_; ///< shared with the calls; guarded by mutex_
};

/// One place or several, for any call.
class pool_roster final : public roster {
public:
  using maker = std::function<caf::strong_actor_ptr(caf::actor_system&, roster& by)>;
  /// `count` actors that `make` gives.
  pool_roster(std::size_t count, maker make, const restart_policy& p);
  /// One that there is.
  explicit pool_roster(caf::strong_actor_ptr given);

private:
  actor_place& choose(const void* key) override;
  caf::strong_actor_ptr make_actor(caf::actor_system& system, actor_place& p) override;

  std::vector<std::unique_ptr<actor_place>> places_;
  std::size_t next_ = 0; ///< of equals, each in turn
  maker make_;
};

/// One place for each key.
template <class Key>
class keyed_roster final : public roster {
public:
  using maker = std::function<caf::strong_actor_ptr(caf::actor_system&, roster& by, const Key&)>;
  keyed_roster(maker make, const keyed_options& o) : roster(o.restarts, true), make_(std::move(make)) {
    idle_ = o.idle;
    most_calls_ = o.calls;
    most_places_ = o.keys;
    longest_key_ = o.key_size;
    is_serial_ = o.serial;
    is_permanent_ = false;
  }

private:
  struct keyed_place final : actor_place {
    const Key* key = nullptr; ///< that of places_
  };
  actor_place& choose(const void* key) override {
    const Key& k = *static_cast<const Key*>(key);
    if (key_size(k) > longest_key_)
      throw error{error_code::too_large, "A key has at most " + std::to_string(longest_key_) + " bytes"};
    if (const auto known = places_.find(k); known != places_.end()) return known->second;
    if (places_.size() >= most_places_) throw errors::too_many("There are too many actors", retry_after_);
    std::list<actor_place*> entry(1); // first, so that no place is left without its entry
    const auto made = places_.try_emplace(k).first;
    keyed_place& p = made->second;
    p.key = &made->first;
    entry.front() = &p;
    add(entry);
    return p;
  }
  caf::strong_actor_ptr make_actor(caf::actor_system& system, actor_place& p) override {
    return make_(system, *this, *static_cast<keyed_place&>(p).key);
  }
  std::string key_of(const actor_place& p) const override { return key_text(*static_cast<const keyed_place&>(p).key); }
  void forget(actor_place& p) override { places_.erase(places_.find(*static_cast<keyed_place&>(p).key)); }
  void forget_all() override { places_.clear(); }

  maker make_;
  std::unordered_map<Key, keyed_place> places_;
};

/// The actor for a call, once there is one, where take has given none. Throws why there is none, and error 408 at `late`. `key` must live until
/// then.
task<assignment> next_actor(std::shared_ptr<roster> who, const void* key, std::uint64_t met,
                            std::optional<clock_time> late, std::shared_ptr<waiting_call> w);
/// The same from the beginning, within the deadline.
task<assignment> some_actor(std::shared_ptr<roster> who, const void* key);

} // namespace swill::actors
