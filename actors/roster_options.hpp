#pragma once

#include <caf/error.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>

namespace swill {

namespace actors {

/// restart_policy::on_give_up: a std::function, of which a compiler says in one line that what it is given takes something else.
class give_up_function {
public:
  give_up_function() = default;
  template <class F>
  requires(!std::same_as<F, give_up_function>) give_up_function(F f) {
    constexpr bool fits = std::is_invocable_v<F&, const caf::error&>;
    static_assert(fits, "on_give_up is called with what the last actor ended with: [](const caf::error& why) { ... }");
    if constexpr (fits) is_ = std::move(f);
  }
  explicit operator bool() const noexcept { return is_ != nullptr; }
  void operator()(const caf::error& why) const { is_(why); }

private:
  std::function<void(const caf::error&)> is_;
};

} // namespace actors

/// What happens when an actor that a server has made ends without having been told to.
struct restart_policy {
  /// So many are made again within `within`, at most 1,000,000. When reached: no more, `on_give_up` is called, and calls fail with ERROR 503; calls
  /// of a key until enough time has passed for the next.
  std::size_t restarts = 5;
  /// The time in which restarts are counted.
  std::chrono::milliseconds within{60000};
  /// Before an actor is made again; doubled with each death within `within`.
  std::chrono::milliseconds first_pause{100};
  /// The longest of these pauses.
  std::chrono::milliseconds longest_pause{10000};
  /// Calls wait for an actor that will be there within that time, as long as they may take at all. When it takes longer: ERROR 503,
  /// data.retryable and data.retry_after_ms. 0: they never wait for one that has died.
  std::chrono::milliseconds wait{1000};
  /// From when an actor is told to end (user_shutdown). When reached: it is killed.
  std::chrono::milliseconds stop_timeout{5000};
  /// `f(why)`, with what the last actor ended with, on an I/O thread; must not wait.
  actors::give_up_function on_give_up{};
};

/// What may be said of actors that there are for keys.
struct keyed_options {
  /// An actor that has had no call for so long is told to end. 0: it never is.
  std::chrono::milliseconds idle{60000};
  /// Calls of one actor: those in its mailbox, those that it has begun and not answered, and those that wait for it; also when their callers have
  /// given up, until it has dealt with them. When reached: ERROR 429 with data.retry_after_ms.
  std::size_t calls = 1000;
  /// A call is handed to its actor when the one before has been answered, has ended by its deadline or was cancelled, in the order in which they
  /// came: what an actor has checked stays so while it asks others. Those that wait for their turn are counted by `calls`, too.
  bool serial = false;
  /// Actors at the same time, with those that have died and may not be made again yet. When reached: ERROR 429 with data.retry_after_ms.
  std::size_t keys = 100000;
  /// Bytes of a key that is text, since clients choose keys and each is kept as long as its actor. When reached: ERROR 413.
  std::size_t key_size = 1024;
  /// For each key by itself.
  restart_policy restarts{};
};

} // namespace swill
