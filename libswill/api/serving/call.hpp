#pragma once

#include "libswill/api/context.hpp"
#include "libswill/api/detail/state_set.hpp"
#include "libswill/api/serving/call_input.hpp"
#include "libswill/api/serving/call_output.hpp"
#include "libswill/api/serving/call_surroundings.hpp"
#include "libswill/api/serving/handler.hpp"
#include "libswill/base/continuation.hpp"
#include "libswill/base/log_limiter.hpp"
#include "libswill/base/scope.hpp"
#include "libswill/base/stream.hpp"
#include "libswill/wire/envelope.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>

namespace swill::detail {

/// The life of one request (docs/protocol.md §3, §7): its hooks, its handler, and when it ends. What comes from the client beyond the opening
/// is for its call_input, what goes to it for its call_output. Knows no actor; who derives from it is told when the request has ended.
/// Reusable: after on_finished it may be opened again.
class call : public scope {
public:
  explicit call(swill::loop& l);
  ~call() override;

  // --- Driven by the connection
  /// True when the request can be served without anything that waits: by serve_plain.
  static bool is_plain(const handler& h, const wire::request_envelope& e, const service& app) noexcept {
    if (h.chosen == handler::way::waiting || e.type != wire::request_type::message) return false;
    return e.metadata.empty() || are_plain(e.metadata, h, app);
  }
  /// What is wrong with the envelope that is to open a request: `timeout_ms` that is no time.
  static std::optional<error> problem_of(const wire::request_envelope& e, const swill::limits& l) {
    if (e.metadata.empty()) return std::nullopt;
    return timeout_problem(e.metadata, l.nesting);
  }
  /// The trace-id of the `traceparent` in encoded metadata; empty when there is none.
  static std::string_view trace_in(bytes_view metadata, std::size_t nesting) noexcept;
  /// Serves such a request, whole, and is free again afterwards. Calls neither on_final nor on_finished. False, and nothing has happened: its
  /// data are not checked, and have to be.
  bool serve_plain(call_surroundings& around, const handler& h, const wire::request_envelope& e);
  /// Decodes the data of the envelope that opens a request of a handler that `takes_at_once`, before it is opened. False as above.
  bool take(call_surroundings& around, const handler& h, const wire::request_envelope& e);
  /// Starts with the envelope that opens the request; its data, where they were not checked, have been taken. What it borrows is not used after
  /// this returns.
  void open(call_surroundings& around, const handler& h, const wire::request_envelope& e);
  /// Further envelopes of a streaming request. False as above.
  bool on_item(const wire::request_envelope& e);
  void on_end_of_stream();
  /// Ends the request with this ERROR at once; the handler is cancelled.
  void fail(const error& e);
  /// Ends it at that time, with ERROR 408, whatever its client and the app have said. Nothing once it has ended.
  void set_deadline(clock_time at);
  /// Ends it without an envelope: CANCEL, or the connection has gone.
  void cancel_request();
  /// The two parts of that, for who has many to end: nothing is sent any more, and what the handler can look at says so; then what it waits
  /// for ends, which takes an exception through all its frames.
  void withdraw();
  void unwind();
  /// The server stops: cancels the request, and hooks that run after its end.
  void give_up();
  /// The send budget has room again, or a new turn has begun.
  void on_turn() { emit_pending(); }

  bool is_open() const noexcept { return handler_ != nullptr; }
  /// The last envelope was sent, or is never going to be.
  bool is_final() const noexcept { return phase_ != phase::running; }
  /// Of a streaming request: the client sends no more.
  bool is_half_closed() const noexcept { return input_->is_half_closed(); }
  /// It has ended with an ERROR.
  bool has_failed() const noexcept { return how_ == outcome::kind::error; }
  const handler& target() const noexcept { return *handler_; }
  std::uint64_t seq() const noexcept { return output_.seq(); }
  clock_time opened() const noexcept { return opened_; }
  queued_input queued() const noexcept;

  // --- For context
  swill::context& context() noexcept { return context_; }
  connection& peer() const noexcept { return around_->peer; }
  const service& app() const noexcept { return around_->app; }
  const swill::limits& limits() const noexcept { return around_->app.limits; }
  bool is_draining() const noexcept { return around_->is_draining.load(std::memory_order_relaxed); } ///< [any thread]
  /// What it ends with at its deadline.
  virtual error late() const { return {error_code::deadline_exceeded, "Deadline exceeded"}; }
  /// Handlers beside the app's; the first that has a name serves it.
  virtual std::span<dynamic_handlers* const> dynamic() const noexcept { return {}; }
  const swill::metadata& client_metadata();
  /// The same as they came; empty for none.
  bytes_view raw_metadata() const noexcept { return borrowed_metadata_; }
  bool has_decoded_metadata() const noexcept { return client_metadata_ != nullptr; }
  std::optional<clock_time> deadline() const noexcept; ///< [any thread], but for plain functions
  bool was_cancelled() const noexcept { return cancel_flag_.load(std::memory_order_relaxed); }
  std::stop_token stop_token();
  void set_leading(metadata m) { output_.set_leading(std::move(m)); }
  task<void> send_leading(metadata m);
  metadata& trailing() { return output_.trailing(); }
  task<swill::session*> session();
  state_set& state() noexcept { return state_; }                                  ///< [any thread]
  const state_set& state() const noexcept { return state_; }                      ///< [any thread]
  void log(log_level level, std::string_view text, log_fields fields = {}) const; ///< [any thread]
  /// For what goes wrong with many requests of a handler: one line a second for each `kind` of it.
  void log_failure(std::string_view kind, const log_limiter::text_maker& text,
                   log_level level = log_level::error) const;
  std::string_view trace() const noexcept override; ///< [any thread]

  // --- For exchanges
  /// What items take that wait for the handler; null when the request does not stream.
  input_gauge* gauge() noexcept { return input_.get(); }
  /// One item of a streaming response, which `exchange::outgoing` names: true when h was suspended in w.
  bool put(wait& w, std::coroutine_handle<> h);
  /// The way of all items but the first of a turn: nobody looks at them, and there is room. `encode` writes the item; false: take `put`.
  template <class Encode>
  bool put_at_once(Encode encode) {
    if (!plain_items_ || !output_.is_under_way() || is_final()) return false;
    try {
      output_.put(encode);
    } catch (...) {
      fail_by(std::current_exception());
    }
    return true;
  }

  // --- For the input
  call_surroundings& around() const noexcept { return *around_; }
  exchange& messages() const noexcept { return *exchange_; }
  bool is_heavy(std::size_t values) const noexcept { return values > limits().elements_on_loop; }
  /// Throws what is wrong with a message; false: it is not checked, and has to be. [any thread]; not twice at a time.
  bool decode(bytes_view data, std::size_t values, bool is_checked = true);
  task<void> decode_on_pool(bytes_view data, std::size_t values);
  /// Ends the request by what was thrown; the handler is cancelled.
  void fail_by(std::exception_ptr e);

protected:
  /// The final envelope was sent, or none will be: the seq is free.
  virtual void on_final() = 0;
  /// Hooks and handler have ended; the call may be reused or destroyed, though not before this returns.
  virtual void on_finished() = 0;
  /// A line that peers can cause as often as they like: one for each kind and second.
  virtual void log_limited(std::string_view kind, const log_entry& line, const log_limiter::text_maker& text) const = 0;

private:
  class deadline_timer final : public timer {
  public:
    explicit deadline_timer(call& c) : call_(c) {}
    void set(clock_time at);
    clock_time at() const noexcept { return at_.load(std::memory_order_relaxed); } ///< [any thread]

  private:
    void on_timer() override;
    call& call_;
    std::atomic<clock_time> at_{clock_time{}};
  };
  /// Of the answer: it may come; its last envelope was sent or given up; on_final was called; the same, and the handler is still to be told by
  /// unwind().
  enum class phase : std::uint8_t { running, ended, told, withdrawn };
  /// Known before the handler starts.
  enum class ends : std::uint8_t { unknown, at_deadline, never };

  void begin(call_surroundings& around, const handler& h, const wire::request_envelope& e) noexcept;
  static bool are_plain(bytes_view metadata, const handler& h, const service& app) noexcept;
  static std::optional<error> timeout_problem(bytes_view metadata, std::size_t nesting);
  static bool read_timeout(bytes_view metadata, std::size_t nesting, std::optional<std::int64_t>& out) noexcept;
  static std::optional<error> size_problem(const handler& h, bytes_view data, std::size_t values,
                                           const swill::limits& l);
  static bool find_metadata(bytes_view metadata, std::string_view key, std::size_t nesting, wire::reader& out) noexcept;
  std::optional<std::chrono::milliseconds> allowance() const;
  void arm_deadline();
  class message_passage;
  bool answer_plain(const wire::request_envelope& e);
  bytes_view run_plain_before(bytes_view data);
  void conclude_plain(any_message result);
  void run_plain_after();
  struct pool_decoding;
  void start(bool waits) noexcept;
  void on_prepared() noexcept;
  void start_handler(std::exception_ptr failure) noexcept;
  void on_handler_ended() noexcept;
  void end(std::exception_ptr failure) noexcept;
  void run_waiting(task<void> t);
  bool is_plain_to_begin() const noexcept;
  bool waits_for_hooks_alone() const noexcept;
  void run_hooks_before() noexcept;
  void begin_plain();
  void take_opening();
  task<void> prepare();
  error located(error e) const;
  bool is_plain_to_end() const noexcept;
  task<void> conclude();
  task<void> conclude_and_answer();
  void answer(std::exception_ptr failure);
  bool is_plain_after() const noexcept;
  task<void> run_after();
  void note_failure_after(std::size_t number, const std::exception_ptr& failure) const;
  void drop_opening() noexcept;

  // items of a streaming response
  bool emit_item();
  bool emit_or_wait(wait& w, std::coroutine_handle<> h);
  void emit_pending();
  void wait_to_send();
  task<void> run_item_hooks();
  void item_hooks_done();
  task<void> run_leading_hooks();

  // the end
  void end_as(outcome::kind how, std::int64_t code = 0) noexcept {
    phase_ = phase::ended;
    how_ = how;
    code_ = code;
  }
  void send_error(const error& e);
  void settle_exception(std::exception_ptr e);
  void note_final();
  void stop_handler();
  void tell_handler();
  outcome summary() noexcept;
  void on_idle() final;

  void log_answer(const error& e) const;
  log_entry about_this(log_level level, std::string_view text) const noexcept;

  struct framed_metadata : in_frame_memory {
    metadata is;
  };
  /// Copies of what has opened the request, where they outlive open().
  struct kept_opening : in_frame_memory {
    bytes data;
    bytes metadata;
  };
  kept_opening& to_keep() {
    if (kept_ == nullptr) kept_ = std::make_unique<kept_opening>();
    return *kept_;
  }

  call_surroundings* around_ = nullptr; ///< while a request is open
  swill::context context_{*this};
  const handler* handler_ = nullptr;
  clock_time opened_{};
  std::unique_ptr<exchange> exchange_;
  bytes_view opening_; ///< the opening message's data, borrowed while open() runs, or kept; empty: there is none
  bytes_view borrowed_metadata_;
  std::unique_ptr<kept_opening> kept_;
  std::unique_ptr<framed_metadata> client_metadata_; ///< once somebody asks for them
  std::unique_ptr<request_session> session_;         ///< once it was asked for
  state_set state_;
  std::unique_ptr<call_input> input_; ///< of a streaming request
  call_output output_;

  task<void> main_;         ///< hooks that wait, before the handler or after it
  task<void> emitting_;     ///< hooks of an item
  continuation when_ended_; ///< what the handler takes for who awaits it; made with the first request that may wait
  wait* pending_yield_ = nullptr;
  std::unique_ptr<deadline_timer> deadline_; ///< made with the first deadline
  std::stop_source stop_{std::nostopstate};  ///< once somebody asks for its token

  // Its outcome, beside what was sent.
  std::uint64_t items_in_ = 0; ///< that were decoded
  std::uint64_t bytes_in_ = 0;
  std::int64_t code_ = 0;

  // Side by side: a waiting request is to be small.
  std::uint32_t opening_values_ = 0; ///< of opening_; more of them do not fit into a message
  std::uint16_t next_hook_ = 0;      ///< of those before the request, where nothing else waits
  outcome::kind how_ = outcome::kind::ok;
  phase phase_ = phase::running;
  std::atomic<ends> ends_{ends::unknown}; ///< known before the handler starts
  bool plain_items_ = false;              ///< no hook looks at items
  bool leading_hooks_wait_ = false;       ///< those of leading metadata are still to run
  bool is_taken_ = false;                 ///< the opening message was decoded before the request was opened
  bool decoding_ = false;                 ///< on the worker pool
  bool is_over_ = false;                  ///< the handler and all hooks have ended
  std::atomic<bool> cancel_flag_{false};
};

} // namespace swill::detail
