#pragma once

#include "actors/loop_actor.hpp"
#include "actors/runtime.hpp"

#include "libswill/base/loop.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace swill::actors {

/// Actors of class T that a plugin has while a server runs: one on each unit, or one alone on the first unit. Mail reaches the first
/// actor from any thread. All functions belong to the thread that starts and stops the plugin, unless they say otherwise; on units they
/// may be called from the server's first handshake until its last request has ended.
template <class T>
class per_unit {
public:
  /// Makes one on each unit, in order: `make(unit, number)` runs on that unit's thread and gives what spawn_on<T> gave. When it throws, those
  /// that there are end, and this throws the same. The loops must turn, or be a test's loop of this thread.
  template <class F>
  void start(runtime& r, F make) {
    start_some(r, r.size(), make);
  }
  /// The same on the first unit only.
  template <class F>
  void start_first(runtime& r, F make) {
    start_some(r, 1, make);
  }

  /// From now on reach, send and post work on all threads. Until then, and from close() on, only on those of the server's units.
  void open() {
    const std::lock_guard lock{mutex_};
    is_open_ = true;
  }
  void close() {
    const std::lock_guard lock{mutex_};
    is_open_ = false;
  }

  /// Closes, then calls `end(actor, ended)` for each on its own thread, all at the same time; it ends the actor, then calls `ended`, from
  /// any thread. After the last there are none, and `done` is called there.
  template <class End>
  void stop(End end, std::function<void()> done) {
    close();
    const auto all = actors_; // the last one that ends empties the list
    if (all.empty()) return done();
    const auto left = std::make_shared<std::atomic<std::size_t>>(all.size()); // with those that still end
    const auto ended = [this, left, done = std::move(done)] {
      if (--*left != 0) return;
      clear();
      done();
    };
    for (const auto& a : all) get(a).home().loop().post([a, end, ended] { end(get(a), ended); });
  }
  /// Ends all at once, and returns when they have ended: for a start that has failed.
  void drop() {
    close();
    for (const auto& a : std::exchange(actors_, {})) run_on(get(a).home().loop(), [&a] { get(a).quit(); });
    clear();
  }

  bool empty() const noexcept { return actors_.empty(); }
  const std::vector<caf::strong_actor_ptr>& handles() const noexcept { return actors_; } ///< in the order of the units
  T& operator[](std::size_t n) const noexcept { return get(actors_[n]); }
  T& front() const noexcept { return get(actors_.front()); }
  /// The one of this thread's unit; null where there is none.
  T* mine() const noexcept {
    const unit* here = unit::current();
    for (const auto& a : actors_) {
      if (&get(a).home() == here) return &get(a);
    }
    return nullptr;
  }
  /// The same; where there is none, the first.
  T& nearest() const noexcept {
    T* const m = mine();
    return m != nullptr ? *m : front();
  }

  /// Calls f with the first actor, which is alive then, but at home on its own thread. False, and f is not called, when nothing runs. From any
  /// thread; f must not wait.
  template <class F>
  bool reach(F f) {
    if (const unit* u = unit::current(); u != nullptr && &u->system() == system_.load(std::memory_order_acquire)) {
      f(front());
      return true;
    }
    const std::lock_guard lock{mutex_};
    if (is_open_) f(front());
    return is_open_;
  }
  /// Sends f to the first actor (send_function). False when nothing runs. From any thread.
  template <class F>
  bool send(F f) {
    return reach([&](T&) { send_function<T>(actors_.front(), std::move(f)); });
  }
  /// The same for f(actor, done), where `done` takes an answer: when nothing runs, it is called with the error that `refusal` makes.
  template <class Done, class F, class Refusal>
  void ask(Done done, F f, const Refusal& refusal) {
    const bool sent = reach([&](T&) {
      send_function<T>(actors_.front(),
                       [f = std::move(f), done = std::move(done)](T& first) mutable { f(first, std::move(done)); });
    });
    if (!sent) done(refusal());
  }
  /// Runs f on the first actor's thread. False when nothing runs. From any thread.
  bool post(std::function<void()> f) {
    return reach([&f](T& first) { first.home().loop().post(std::move(f)); });
  }

private:
  static T& get(const caf::strong_actor_ptr& a) noexcept { return *static_cast<T*>(a->get()); }

  template <class F>
  void start_some(runtime& r, std::size_t count, F& make) {
    try {
      for (std::size_t n = 0; n < count; ++n) {
        unit& u = *r.units()[n];
        run_on(u.loop(), [&] { actors_.push_back(make(u, n)); });
      }
    } catch (...) {
      drop();
      throw;
    }
    system_.store(&r.system(), std::memory_order_release);
  }
  void clear() {
    system_.store(nullptr, std::memory_order_release);
    actors_.clear();
  }

  std::vector<caf::strong_actor_ptr> actors_;       ///< fixed from the end of start until all have ended
  std::atomic<caf::actor_system*> system_{nullptr}; ///< theirs, while there are any
  std::mutex mutex_; ///< for threads that are none of the server's: held while they reach the first actor
  bool is_open_ = false;
};

} // namespace swill::actors
