#pragma once

#include "actors/watched_end.hpp"

#include "libswill/base/loop.hpp"
#include "libswill/base/scope.hpp"

#include <caf/all.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace swill::actors {

class roster;
struct actor_place;

/// One actor of a place, from when it is made until it has ended. Guarded by its roster's mutex, but for what never changes.
struct incarnation {
  caf::strong_actor_ptr actor;
  std::uint64_t number = 0;     ///< ascending in its roster, from 1
  std::size_t calls = 0;        ///< that wait for its answers
  std::size_t left = 0;         ///< messages whose calls have ended without an answer, and which it may still hold
  actor_place* where = nullptr; ///< null: it is not that of its place any more
  bool ends_when_idle = false;  ///< another has taken its place
  watched_end end;              ///< for its calls; has a mutex of its own
};

/// A call that waits for something to change in a place.
struct waiting_call {
  std::atomic<swill::loop*> loop{nullptr}; ///< of the call; null when it does not wait (any more)
  wait* waiter = nullptr;                  ///< on that loop's thread
  actor_place* place = nullptr;            ///< whose turn it has; guarded by the roster's mutex
};

/// Where one actor after another serves, never two at a time. Guarded by its roster's mutex.
struct actor_place {
  /// `down`: its actor has died, and the keeper has not looked at it yet.
  enum class state : std::uint8_t { empty, serving, ending, down, given_up };
  using alarms = std::multimap<clock_time, actor_place*>;

  actor_place() = default;
  actor_place(const actor_place&) = delete;
  actor_place& operator=(const actor_place&) = delete;
  virtual ~actor_place() = default;

  std::shared_ptr<incarnation> now;                  ///< of serving and ending; shared with its calls
  std::deque<std::shared_ptr<waiting_call>> waiting; ///< shared with the calls
  std::shared_ptr<waiting_call> turn;                ///< which of them is next, and has been woken; shared with it
  std::deque<clock_time> deaths;                     ///< within restart_policy::within
  clock_time not_before{};                           ///< of the next incarnation
  clock_time idle_since{};
  std::list<actor_place*>::iterator entry; ///< in its roster's list of those that are idle, or that of all others
  std::optional<alarms::iterator> alarm;   ///< when the keeper looks at it
  std::size_t mails = 0;                   ///< to the keeper, about this
  bool is_idle = false;
  state is = state::empty;
};

/// A message to an actor whose call has ended without an answer. It counts among the calls of that actor until this is destroyed, on any thread.
class left_message {
public:
  left_message(std::shared_ptr<roster> r, std::shared_ptr<incarnation> i);
  left_message& operator=(left_message&&) = delete;
  ~left_message();

private:
  std::shared_ptr<roster> roster_;           ///< shared with its handler
  std::shared_ptr<incarnation> incarnation_; ///< shared with its place and other calls
};

/// What a call has of the actor that serves it, until the call ends.
class assignment {
public:
  assignment() = default;
  assignment(std::shared_ptr<roster> r, std::shared_ptr<incarnation> i, swill::loop& here) noexcept
      : roster_(std::move(r)), incarnation_(std::move(i)), loop_(&here) {}
  assignment(assignment&&) noexcept = default;
  assignment& operator=(assignment&& other) noexcept {
    roster_.swap(other.roster_);
    incarnation_.swap(other.incarnation_);
    std::swap(loop_, other.loop_);
    return *this;
  }
  ~assignment();

  explicit operator bool() const noexcept { return incarnation_ != nullptr; }
  const caf::strong_actor_ptr& actor() const noexcept { return incarnation_->actor; }
  std::uint64_t number() const noexcept { return incarnation_->number; }
  /// Of that actor; as long as this is there.
  watched_end& end() const noexcept { return incarnation_->end; }

  /// The call ends without an answer: where calls are bounded, its message counts as long as what this gives. Null: they are not.
  std::unique_ptr<left_message> leave() const;

private:
  std::shared_ptr<roster> roster_;           ///< shared with its handler
  std::shared_ptr<incarnation> incarnation_; ///< shared with its place
  swill::loop* loop_ = nullptr;              ///< of the call
};

} // namespace swill::actors
