#pragma once

#include "libswill/net/event_loop.hpp"
#include "libswill/redis/client.hpp"
#include "tests/support/redis_server.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace swill::redis {

using namespace std::chrono_literals;

/// An I/O loop on a thread of its own.
class loop_thread {
public:
  loop_thread() : thread_([this] { loop.run(); }) {
    on_loop([] {});
  }
  ~loop_thread() {
    loop.stop();
    thread_.join();
  }
  loop_thread(const loop_thread&) = delete;
  loop_thread& operator=(const loop_thread&) = delete;

  /// Runs f on the loop's thread and returns when it has.
  template <class F>
  std::invoke_result_t<F> on_loop(F f) {
    using value = std::invoke_result_t<F>;
    std::mutex m;
    std::condition_variable c;
    bool done = false;
    std::conditional_t<std::is_void_v<value>, int, std::optional<value>> out{};
    loop.post([&] {
      if constexpr (std::is_void_v<value>) {
        f();
      } else {
        out = f();
      }
      const std::lock_guard lock{m};
      done = true;
      c.notify_all();
    });
    std::unique_lock lock{m};
    c.wait(lock, [&] { return done; });
    if constexpr (!std::is_void_v<value>) return std::move(*out);
  }

  net::event_loop loop;

private:
  std::thread thread_;
};

/// Something that happens on another thread and is waited for, for 10 s at most.
template <class T>
class box {
public:
  void put(T v) {
    const std::lock_guard lock{mutex_};
    all_.push_back(std::move(v));
    changed_.notify_all();
  }
  /// The next one.
  T take() {
    std::unique_lock lock{mutex_};
    if (!changed_.wait_for(lock, 10s, [this] { return !all_.empty(); })) throw std::runtime_error("nothing came");
    T v = std::move(all_.front());
    all_.erase(all_.begin());
    return v;
  }
  bool empty() {
    const std::lock_guard lock{mutex_};
    return all_.empty();
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> all_;
};

/// A client on a loop's thread, driven from the test's.
class driven_client {
public:
  driven_client(loop_thread& t, const options& o, const std::vector<std::string>& check = {},
                const log_sink* log = nullptr)
      : thread_(t) {
    thread_.on_loop([&] {
      client_ = std::make_unique<client>(thread_.loop, o, log);
      if (!check.empty()) client_->set_check(check);
      client_->on_state([this](bool up) { states.put(up); });
      client_->start();
    });
  }
  ~driven_client() {
    box<bool> closed;
    thread_.on_loop([&] { client_->close([&closed] { closed.put(true); }); });
    closed.take();
    thread_.on_loop([&] { client_.reset(); });
  }
  driven_client(const driven_client&) = delete;
  driven_client& operator=(const driven_client&) = delete;

  /// Waits until it is up.
  driven_client& up() {
    while (!states.take()) {
    }
    return *this;
  }

  /// The reply to one command as text; throws its error.
  std::string ask(std::vector<std::string> arguments) {
    box<result<std::string>> answer;
    thread_.on_loop([&] {
      client_->command(arguments, [&answer](result<reply> r) {
        if (!r) return answer.put(r.error());
        answer.put(r->is_integer() ? std::to_string(r->integer()) : std::string{r->text()});
      });
    });
    return answer.take().value();
  }
  /// The code of the error, or 0.
  std::int64_t code_of(const std::vector<std::string>& arguments) {
    try {
      ask(arguments);
      return 0;
    } catch (const error& e) {
      return e.code;
    }
  }

  client& get() { return *client_; }
  box<bool> states;

private:
  loop_thread& thread_;
  std::unique_ptr<client> client_;
};

inline options address_of(const std::string& text) { return options::parse(text).value(); }

} // namespace swill::redis
