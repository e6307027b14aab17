#pragma once

#include "actors/connections/connections.hpp"
#include "tests/server/calls.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <stdexcept>

// What tests of connection management share.

namespace swill::test {

using namespace std::chrono_literals;

/// Values from other threads. Waits at most 20 s.
template <class T>
class mailbox {
public:
  void put(T v) {
    const std::lock_guard lock{mutex_};
    values_.push_back(std::move(v));
    changed_.notify_all();
  }
  T take() {
    std::unique_lock lock{mutex_};
    if (!changed_.wait_for(lock, 20s, [this] { return !values_.empty(); })) throw std::runtime_error("nothing came");
    T v = std::move(values_.front());
    values_.pop_front();
    return v;
  }

private:
  std::mutex mutex_; // guards values_
  std::condition_variable changed_;
  std::deque<T> values_;
};

/// What `start(done)` answers, for threads that may wait.
template <class T, class F>
result<T> wait_for(F start) {
  const auto box = std::make_shared<mailbox<result<T>>>(); // with the answer, which may come too late
  start([box](result<T> r) { box->put(std::move(r)); });
  return box->take();
}

inline handshake_request from_address(const std::string& address, const std::string& target = "/ws") {
  handshake_request r = memory_pipe::plain_request();
  r.remote_address = address;
  r.target = target;
  return r;
}

/// A filter with one member set: `with(&connection_filter::user, "ann")`.
template <class Filter, class T, class V>
Filter with(T Filter::*member, V v) {
  Filter f;
  f.*member = std::move(v);
  return f;
}

inline std::string text_of(const connection_event& e) {
  static constexpr const char* names[] = {"connected", "disconnected", "node_joined", "node_left"};
  std::string text = names[static_cast<int>(e.event)];
  if (!e.user.empty()) text += " " + e.user;
  if (e.code != 0) text += " " + std::to_string(e.code) + " " + e.reason;
  if (e.missed != 0) text += " missed " + std::to_string(e.missed);
  return text;
}

} // namespace swill::test
