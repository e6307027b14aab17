#pragma once

#include "actors/workers/remote_handlers.hpp"
#include "actors/workers/worker.hpp"
#include "libswill/client/blocking_client.hpp"
#include "libswill/server/server.hpp"
#include "libswill/swill.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace swill::worker_tests {

using namespace std::chrono_literals;

inline const std::string secret = "a secret of some length";

/// Lines of a log, to wait for.
class log_lines {
public:
  log_sink sink() {
    return [s = state_](const log_entry& e) {
      const std::lock_guard lock{s->mutex};
      s->text += (e.level == log_level::warning ? "warning: " : "") + std::string{e.text};
      s->text += (e.trace.empty() ? "" : " trace=" + std::string{e.trace}) + "\n";
      s->changed.notify_all();
    };
  }
  bool wait_for(const std::string& part, std::chrono::milliseconds most = 10s) {
    std::unique_lock lock{state_->mutex};
    return state_->changed.wait_for(lock, most, [&] { return state_->text.find(part) != std::string::npos; });
  }
  std::string text() const {
    const std::lock_guard lock{state_->mutex};
    return state_->text;
  }

private:
  struct state {
    std::mutex mutex;
    std::condition_variable changed;
    std::string text;
  };
  std::shared_ptr<state> state_ = std::make_shared<state>(); // with the sinks
};

/// Asks `holds` again and again until it does.
template <class F>
bool eventually(F holds, std::chrono::milliseconds most = 10s) {
  const auto end = std::chrono::steady_clock::now() + most;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(2ms); // between two looks, not in place of one
  }
  return true;
}

/// A gateway on free loopback ports.
class gateway_world {
public:
  explicit gateway_world(gateway_options o = {}, std::size_t threads = 2, std::function<void(app&)> more = {}) {
    if (o.secret.empty() && o.tls.empty()) o.secret = secret;
    if (o.first_workers == gateway_options{}.first_workers)
      o.first_workers = 0ms; // tests say for themselves whom they await
    gate = std::make_shared<remote_handlers>(std::move(o));
    application.use(gate);
    application.set_log(log.sink());
    if (more) more(application);
    server_options options;
    options.listen = {"127.0.0.1:0"};
    options.io_threads = threads;
    host.emplace(application, options);
    host->start();
  }
  std::string url() const { return "ws://127.0.0.1:" + std::to_string(host->port()) + "/ws"; }
  std::string worker_address() const { return "127.0.0.1:" + std::to_string(gate->port()); }

  log_lines log;
  app application;
  std::shared_ptr<remote_handlers> gate;
  std::optional<server> host;
};

/// A worker in this process.
class worker_world {
public:
  worker_world(const std::function<void(app&)>& serve, worker_options o, std::size_t threads = 2) {
    if (o.secret.empty() && o.tls.empty()) o.secret = secret;
    o.first_pause = 10ms;
    o.longest_pause = 100ms;
    if (o.health_name == worker_options{}.health_name) o.health_name.clear(); // there are many in this process
    serve(application);
    application.use(std::make_shared<worker>(std::move(o)));
    application.set_log(log.sink());
    server_options options;
    options.listen = {};
    options.io_threads = threads;
    host.emplace(application, options);
    host->start();
  }
  log_lines log;
  app application;
  std::optional<server> host;
};

/// Waits until the gateway serves that name.
inline bool serves(blocking_client& c, const std::string& name) {
  return eventually([&] {
    for (const value& record : c.stream<value>("swill.introspect")) {
      if (*record.find("name") == value{name}) return true;
    }
    return false;
  });
}

/// Waits until that worker answers `who`.
inline bool answers(blocking_client& c, const std::string& name) {
  return eventually([&] {
    const auto r = c.try_call<std::string>("who");
    return r && *r == name;
  });
}

} // namespace swill::worker_tests
