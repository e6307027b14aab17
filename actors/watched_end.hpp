#pragma once

#include <caf/all.hpp>

#include <mutex>
#include <optional>

namespace swill::actors {

class loop_actor;

/// Tells actors of the end of another one, by a caf::down_msg, as monitors do. CAF searches a list of all monitors of an actor for each that is
/// taken away, which costs more than the call itself where hundreds wait for one actor; here neither end of a call searches anything.
class watched_end {
public:
  /// One that is to be told. It must be removed before it is destroyed.
  class watcher {
  public:
    watcher() = default;
    watcher& operator=(watcher&&) = delete;

  private:
    friend class watched_end;
    loop_actor* self_ = nullptr;
    watcher* previous_ = nullptr;
    watcher* next_ = nullptr;
  };

  watched_end() = default;
  watched_end& operator=(watched_end&&) = delete;

  /// From now on `self` is told, at once when that actor has ended. `self` must be alive until w is removed. From any thread.
  void add(watcher& w, loop_actor& self);
  /// When this returns, nothing more is sent. From any thread.
  void remove(watcher& w) noexcept;
  /// The actor has ended. From any thread, once.
  void tell(const caf::actor_addr& who, const caf::error& why);

private:
  void send_to(loop_actor& self) const;

  std::mutex mutex_; ///< guards what follows, and the watchers
  watcher* first_ = nullptr;
  std::optional<caf::down_msg> news_; ///< empty: it lives
};

} // namespace swill::actors
