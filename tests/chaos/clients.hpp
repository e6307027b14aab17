#pragma once

#include "libswill/client/client.hpp"
#include "libswill/client/run.hpp"
#include "tests/chaos/ledger.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

// Clients that go on whatever breaks: each is a coroutine on a thread and loop of its own.

namespace swill::chaos {

using addresses = std::vector<std::string>;

/// What became of the calls of one client. Any thread.
class outcomes {
public:
  struct failure {
    std::int64_t code;
    bool by_connection; ///< no answer: the connection was lost, or none came about
    bool retryable;     ///< as its data say
    milliseconds took;
    std::string text;
  };
  void succeeded(clock::time_point begun);
  void failed(const error& e, clock::time_point begun);

  std::size_t successes() const;
  std::size_t failures() const;
  milliseconds slowest_success() const;
  /// Those from number `first` on.
  std::vector<failure> failures_since(std::size_t first) const;
  /// Of these; 0 when there are none.
  milliseconds slowest_failure_since(std::size_t first) const;

private:
  mutable std::mutex mutex_;
  std::size_t successes_ = 0;
  milliseconds slowest_{0};
  std::vector<failure> failures_;
};

/// A coroutine on a thread and loop of its own.
class driver {
public:
  driver(const driver&) = delete;
  driver& operator=(const driver&) = delete;
  virtual ~driver();

  outcomes calls;

protected:
  driver(addresses gateways, std::size_t first) : gateways_(std::move(gateways)), at_(first) {}

  /// At the end of the constructor of a final class; stop() at the beginning of its destructor.
  void start();
  /// Cancels the coroutine, and returns when it has ended.
  void stop();
  bool has_ended() const noexcept { return ended_; }

  virtual task<void> run() = 0;

  const std::string& gateway() const { return gateways_[at_ % gateways_.size()]; }
  void go_elsewhere() noexcept { ++at_; }
  /// Connects to the gateway of the moment.
  task<client> connect(header_list headers = {}) const;

  addresses gateways_;
  std::atomic<std::size_t> at_;

private:
  net::event_loop loop_;
  scope* scope_ = nullptr; // of the coroutine, on its thread
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

struct load_options {
  std::string topic = "chat.chaos";
  /// Between an acknowledgement and the next message.
  std::chrono::microseconds pace{4ms};
  /// Bytes of a message, about.
  std::size_t size = 0;
  /// Whether the topic drops messages of those who are slow.
  bool may_miss = false;
};

/// Publishes one message after the other, each until it is acknowledged, with an idempotency key, on the next gateway when the connection
/// breaks.
class publisher final : public driver {
public:
  publisher(ledger& book, addresses gateways, std::size_t number, load_options o = {});
  ~publisher() override { stop(); }

  void set_pace(std::chrono::microseconds pace) { pace_ = pace; }
  /// Begins no other message, and waits until the last is acknowledged; false when it is not in time.
  bool finish(milliseconds limit = 20s);
  /// Of the last message, once it has finished.
  std::string last_id() const { return name_ + "-" + std::to_string(count_); }

private:
  task<void> run() override;
  task<bool> attempt(const std::string& id);
  task<void> log_in();

  ledger& book_;
  load_options options_;
  std::string name_;
  std::optional<client> client_; // on its thread
  std::atomic<std::chrono::microseconds> pace_;
  std::atomic<bool> finishing_{false};
  std::atomic<int> count_{0}; // messages
};

/// Subscribes, and goes on behind the last message that it has got, on the next gateway when the connection breaks.
class subscriber final : public driver {
public:
  /// `receive_buffer` of the client; 0: its default.
  subscriber(ledger& book, addresses gateways, std::size_t number, load_options o = {}, std::size_t receive_buffer = 0);
  ~subscriber() override { stop(); }

  std::size_t number() const noexcept { return number_; }
  const std::string& name() const noexcept { return name_; }
  /// Index of the gateway where it is, or tries to be.
  std::size_t place() const noexcept { return at_ % gateways_.size(); }
  /// Stops reading, and reads again.
  void set_reading(bool yes) noexcept { reading_ = yes; }
  /// Where the server said that it should go on, each time that it was too slow.
  std::vector<position> overflows() const;

private:
  task<void> run() override;
  task<void> follow();
  void take(const value& item);
  void on_failure(const error& e, clock::time_point begun);

  ledger& book_;
  load_options options_;
  std::string name_;
  std::size_t number_;
  std::size_t receive_buffer_;
  std::atomic<bool> reading_{true};
  mutable std::mutex mutex_;
  std::vector<position> overflows_;
};

/// Calls a handler again and again on the same gateway.
class caller final : public driver {
public:
  caller(std::string gateway, std::string rpc, value argument, milliseconds pace = 2ms);
  ~caller() override { stop(); }

private:
  task<void> run() override;
  task<void> call_on();

  std::string rpc_;
  value argument_;
  milliseconds pace_;
};

/// Counts its visits in a session, by a cookie, and looks that the count is what it must be.
class visitor final : public driver {
public:
  explicit visitor(addresses gateways, milliseconds pace = 5ms);
  ~visitor() override { stop(); }

  /// Counts that cannot be, such as a visit that was answered and then forgotten.
  std::vector<std::string> problems() const;
  int visits() const noexcept { return visits_; }

private:
  task<void> run() override;
  task<void> visit_on();
  void check(int now);

  milliseconds pace_;
  header_list cookie_;
  std::atomic<int> visits_{0};
  int uncertain_ = 0; // calls since the last answer that may have counted or not
  mutable std::mutex mutex_;
  std::vector<std::string> problems_;
};

} // namespace swill::chaos
