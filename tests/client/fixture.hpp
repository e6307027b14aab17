#pragma once

#include "libswill/base/await.hpp"
#include "libswill/client/client.hpp"
#include "libswill/client/run.hpp"
#include "libswill/server/server.hpp"

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace swill::test {

/// What handlers have done, for tests to wait for.
class events {
public:
  void add(const std::string& what);
  /// Waits until it happened `times` times; false after ten seconds.
  bool wait(const std::string& what, int times = 1);
  int count(const std::string& what);

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> counts_;
};

/// A server on a free port of the loopback with a handler of every shape; `url()` is where it is. Its limits allow 20000 open requests
/// for each connection.
class call_server {
public:
  call_server();
  ~call_server();

  std::string url() const { return "ws://127.0.0.1:" + std::to_string(server_->port()); }
  std::string unix_url() const { return "unix:" + socket_path_; }
  events& seen() noexcept { return events_; }
  void stop() { server_->stop(); }

private:
  void add_unary();
  void add_streams();
  void add_hooks();

  std::string socket_path_;
  events events_;
  app app_;
  std::unique_ptr<server> server_;
};

/// Runs a coroutine of the test on a loop of its own.
template <class F>
auto run(const F& f) {
  net::event_loop loop;
  return run_client(loop, f());
}

/// What a call ends with: the code of the error, or 0.
template <class T>
task<std::int64_t> code_of(task<T> t) {
  try {
    co_await t;
    co_return 0;
  } catch (const error& e) {
    co_return e.code;
  }
}

} // namespace swill::test
