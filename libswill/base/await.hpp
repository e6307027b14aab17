#pragma once

#include "libswill/base/awaiting.hpp"
#include "libswill/base/pool_job.hpp"
#include "libswill/base/task.hpp"
#include "libswill/base/temporaries.hpp"
#include "libswill/base/trace.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <tuple>
#include <variant>

namespace swill {

namespace detail {

/// A point in time, which a coroutine waits for (awaiting).
class moment : timer {
public:
  explicit moment(clock_duration from_now) : from_now_(from_now) {}
  bool is_ready() const noexcept { return false; }
  void enter(wait& w);
  void leave(const wait&) noexcept { cancel(); }
  void take() const noexcept {}

private:
  void on_timer() override { waiter_->owner()->wake(*waiter_); }

  clock_duration from_now_;
  wait* waiter_ = nullptr;
};

/// d as the clock counts it, rounded up; more than a hundred years, which the clock cannot add to now, are a hundred.
template <class Rep, class Period>
clock_duration within_the_clock(std::chrono::duration<Rep, Period> d) {
  constexpr std::chrono::hours longest{24 * 365 * 100};
  const std::chrono::duration<double> seconds = d;
  if (!(seconds < longest)) return longest;
  return seconds.count() <= 0 ? clock_duration{0} : std::chrono::ceil<clock_duration>(d);
}

struct SWILL_MUST_AWAIT("sleep_for does not wait until it is awaited: co_await sleep_for(...)") sleep_operation {
  clock_duration duration;
  awaiting<moment> operator co_await() const noexcept { return awaiting<moment>{duration}; }
};

/// One piece of work on the pool. Shared by the awaiting frame, which may die first, and the job.
struct offloaded : pool_job {
  wait* waiter = nullptr; ///< loop's thread only; null when nobody waits any more
  carried_exception exception;
  virtual void call() = 0;
  void run() noexcept final;
  void on_done() final;
};

template <class F>
struct offloaded_call : offloaded {
  using value_type = std::invoke_result_t<F&>;
  using slot = std::conditional_t<std::is_void_v<value_type>, std::monostate, value_type>;
  explicit offloaded_call(F f) : function(std::move(f)) {}
  void call() override {
    if constexpr (std::is_void_v<value_type>) {
      function();
      result.emplace();
    } else {
      result.emplace(function());
    }
  }
  F function;
  std::optional<slot> result;
};

/// The end of a job on the pool, which a coroutine waits for (awaiting).
template <class F>
class pool_work {
public:
  explicit pool_work(F f) : job_(std::make_shared<offloaded_call<F>>(std::move(f))) {}
  ~pool_work() { job_->drop(); } // where it has not begun
  bool is_ready() const noexcept { return false; }
  void enter(wait& w) {
    job_->waiter = &w;
    w.owner()->offload(job_);
  }
  void leave(const wait&) noexcept { job_->waiter = nullptr; }
  auto take() {
    if (job_->exception) job_->exception.rethrow();
    if constexpr (!std::is_void_v<typename offloaded_call<F>::value_type>) return std::move(*job_->result);
  }

private:
  std::shared_ptr<offloaded_call<F>> job_;
};

template <class F>
struct SWILL_MUST_AWAIT("on_pool runs nothing until it is awaited: co_await on_pool(f)") pool_operation {
  F function;
  awaiting<pool_work<F>> operator co_await() && { return awaiting<pool_work<F>>{std::move(function)}; }
};

template <class A>
decltype(auto) get_awaiter(A&& a) {
  if constexpr (requires { std::forward<A>(a).operator co_await(); }) {
    return std::forward<A>(a).operator co_await();
  } else {
    return std::forward<A>(a);
  }
}

template <class A>
using await_result = decltype(get_awaiter(std::declval<A>()).await_resume());

template <class A>
task<await_result<A>> as_task(A a) {
  co_return co_await std::move(a);
}
template <class T>
task<T> as_task(task<T> t) {
  return t;
}

template <class T>
using void_to_monostate = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class T>
void_to_monostate<T> take(task<T>& t) {
  if constexpr (std::is_void_v<T>) {
    t.take();
    return {};
  } else {
    return t.take();
  }
}

/// Starts all tasks; goes on when `all_` have ended or one has failed, or when any has ended.
template <bool All, class... Ts>
class SWILL_MUST_AWAIT("when_all and when_any start nothing until they are awaited: co_await when_any(...)")
    join_awaiter {
public:
  explicit join_awaiter(std::tuple<task<Ts>...> tasks) : tasks_(std::move(tasks)) {}

  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> parent) {
    starting_ = true;
    start(*parent.promise().owner, std::index_sequence_for<Ts...>{});
    starting_ = false;
    parent_ = parent;
    return !settled();
  }
  auto await_resume() {
    if constexpr (All) {
      throw_first_failure(std::index_sequence_for<Ts...>{});
      return std::apply([](auto&... t) { return std::tuple<void_to_monostate<Ts>...>{detail::take(t)...}; }, tasks_);
    } else {
      return take_first(std::index_sequence_for<Ts...>{});
    }
  }

private:
  bool settled() const noexcept { return failed_ || ended_ >= (All ? sizeof...(Ts) : 1); }

  template <std::size_t... I>
  void start(scope& s, std::index_sequence<I...>) {
    (start_one(s, std::get<I>(tasks_), I), ...);
  }
  template <class T>
  void start_one(scope& s, task<T>& t, std::size_t index) {
    if (settled()) return;
    if (t.start_nested(s, &join_awaiter::on_final, this) && !settled()) note_end(index, t.failed());
  }
  void note_end(std::size_t index, bool failed) {
    seen_[index] = true;
    ++ended_;
    first_ = ended_ == 1 ? index : first_;
    if (All && failed) failed_ = true;
  }
  /// One of those that were suspended has ended: the one that is done and was not before.
  static void on_final(void* self) {
    auto& j = *static_cast<join_awaiter*>(self);
    if (j.settled()) return;
    j.find_ended(std::index_sequence_for<Ts...>{});
    if (!j.starting_ && j.settled()) j.parent_.resume();
  }
  template <std::size_t... I>
  void find_ended(std::index_sequence<I...>) {
    ((!seen_[I] && std::get<I>(tasks_).done() ? note_end(I, std::get<I>(tasks_).failed()) : void()), ...);
  }

  template <std::size_t... I>
  void throw_first_failure(std::index_sequence<I...>) {
    ((std::get<I>(tasks_).done() && std::get<I>(tasks_).failed() ? static_cast<void>(std::get<I>(tasks_).take())
                                                                 : void()),
     ...);
  }
  using any_result = std::variant<void_to_monostate<Ts>...>;
  template <std::size_t... I>
  any_result take_first(std::index_sequence<I...>) {
    std::optional<any_result> out;
    ((I == first_ ? static_cast<void>(out.emplace(std::in_place_index<I>, detail::take(std::get<I>(tasks_)))) : void()),
     ...);
    return std::move(*out);
  }

  std::tuple<task<Ts>...> tasks_;
  std::coroutine_handle<> parent_;
  std::size_t ended_ = 0;
  std::size_t first_ = 0;
  std::array<bool, sizeof...(Ts)> seen_{};
  bool failed_ = false;
  bool starting_ = false;
};

} // namespace detail

/// `co_await sleep_for(50ms)`: goes on after that time by the loop's clock; 0 or less lets others run first, more than a hundred years
/// count as that. Cancellation ends it at once.
template <class Rep, class Period>
detail::sleep_operation sleep_for(std::chrono::duration<Rep, Period> d) {
  return {detail::within_the_clock(d)};
}

/// Always refused, with a sentence.
template <class N>
requires std::is_arithmetic_v<N> detail::sleep_operation sleep_for(N) {
  static_assert(detail::refused<N>, "a time has a unit: co_await sleep_for(std::chrono::seconds{5}), or 5s with "
                                    "using namespace std::chrono_literals");
  return {};
}

/// `co_await on_pool([=] { return slow(); })`: runs f on the worker pool and goes on here with its result or exception. f owns what it
/// touches: when the request is cancelled the coroutine goes on at once. Then f does not begin, or runs to its end and its result is dropped.
/// Functions of one connection take turns with those of others, and limits::pool_jobs_per_connection of them run at the same time.
/// (g++ 12 destroys a lambda that is a temporary of a co_await expression twice. One that captures more than plain data needs a name
/// first: `auto work = [text] { … }; co_await on_pool(work);`)
template <class F>
detail::pool_operation<std::decay_t<F>> on_pool(F&& f) {
  static_assert(
      !detail::fragile_function<F>,
      "g++ 12 would destroy this lambda twice; name it first: auto work = [...] {...}; co_await on_pool(work);");
  return {std::forward<F>(f)};
}

/// `auto [a, b] = co_await when_all(first(), second())`: all at once, on this thread. When one throws, the others are destroyed where
/// they are, and what it threw is thrown here. void gives std::monostate.
template <class... As>
auto when_all(As... as) {
  return detail::join_awaiter<true, detail::await_result<As>...>{std::tuple{detail::as_task(std::move(as))...}};
}

/// `auto first = co_await when_any(work(), sleep_for(1s))`: a variant whose index says which ended first; the others are destroyed where
/// they are. When the first to end threw, that is thrown here.
template <class... As>
auto when_any(As... as) {
  return detail::join_awaiter<false, detail::await_result<As>...>{std::tuple{detail::as_task(std::move(as))...}};
}

} // namespace swill
