#pragma once

#include "libswill/client/client.hpp"

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace swill::client_detail {

/// One coroutine on a loop that another thread waits for. Owns itself until it has ended.
template <class T>
class awaited_job final : public scope {
public:
  awaited_job(swill::loop& l, std::function<task<T>()> f) : scope(l), task_(body(*this, std::move(f))) {}

  std::future<T> result() { return promise_.get_future(); }
  void start() { task_.start(*this); }

protected:
  void on_idle() override {
    if (task_.done()) delete this;
  }

private:
  static task<void> body(awaited_job& self, std::function<task<T>()> f) {
    try {
      if constexpr (std::is_void_v<T>) {
        co_await f();
        self.promise_.set_value();
      } else {
        self.promise_.set_value(co_await f());
      }
    } catch (...) {
      self.promise_.set_exception(std::current_exception());
    }
  }

  std::promise<T> promise_;
  task<void> task_;
};

/// A client on an I/O thread of its own.
class background {
public:
  /// Connects; throws connect_error.
  background(std::string url, client_options o);
  /// Closes the connection in an orderly way, within client_options::close_timeout.
  ~background();

  swill::loop& loop() noexcept;
  /// On the loop's thread only.
  client& connection() noexcept { return *client_; }

  /// Runs f() -> task<T> on the loop and waits for its end. From any other thread.
  template <class F>
  auto run(F f) {
    using T = typename std::invoke_result_t<F&>::value_type;
    forbid_own_thread();
    std::future<T> done;
    {
      // It may end, and delete itself, before post() returns.
      auto* job = new awaited_job<T>(loop(), std::move(f));
      done = job->result();
      loop().post([job] { job->start(); });
    }
    return done.get();
  }

  /// Lets go of something that belongs to the loop's thread.
  template <class T>
  void release(std::shared_ptr<T> gone) {
    loop().post([gone = std::move(gone)]() mutable { gone.reset(); });
  }

private:
  struct threads;
  void forbid_own_thread() const;

  std::unique_ptr<threads> threads_;
  std::optional<client> client_;
};

} // namespace swill::client_detail
