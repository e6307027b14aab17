#pragma once

#include "libswill/api/context.hpp"
#include "libswill/api/detail/handler.hpp"
#include "libswill/api/detail/request_state.hpp"
#include "libswill/api/detail/service.hpp"
#include "libswill/api/link.hpp"
#include "libswill/api/request.hpp"
#include "libswill/base/awaiting.hpp"
#include "libswill/base/log_limiter.hpp"
#include "libswill/base/ring.hpp"
#include "libswill/base/scope.hpp"
#include "libswill/base/stream.hpp"
#include "libswill/wire/envelope.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>

namespace swill::detail {

/// What a call needs of the connection and the actor that it belongs to. All on the connection's thread.
class call_host {
public:
  virtual message_port& port() noexcept = 0;
  virtual connection& peer() const noexcept = 0;
  virtual const service& app() const noexcept = 0;
  /// The send budget has room for a stream's item.
  virtual bool writable() const noexcept = 0;
  /// What the call keeps of the client's items has changed by so many bytes.
  virtual void on_held(std::ptrdiff_t bytes) = 0;
  /// Nothing is to be read from the client until it is called with false.
  virtual void pause_reading(bool paused) = 0;
  /// Calls c.on_turn() when it has: in the order of asking, at the latest in a later turn of the loop.
  virtual void wait_writable(call& c) = 0;
  /// Calls c.on_turn() in the next turn of the loop.
  virtual void wait_turn(call& c) = 0;
  /// Takes back both.
  virtual void forget_waits(call& c) noexcept = 0;
  /// Rises with each turn of the loop.
  virtual std::uint64_t turn() const noexcept = 0;
  /// The final envelope was sent, or none will be: the seq is free.
  virtual void on_final(call& c) = 0;
  /// Hooks and handler have ended; the call may be reused or destroyed, though not before this returns.
  virtual void on_finished(call& c) = 0;
  virtual void close(int code, std::string_view reason) = 0;
  /// A line that peers can cause as often as they like: one for each kind and second.
  virtual void log_limited(std::string_view kind, const log_entry& line, const log_limiter::text_maker& text) = 0;
  /// Takes no new requests. [any thread]
  virtual bool is_draining() const noexcept = 0;
  virtual void* native_actor() noexcept { return nullptr; }
  /// Runs a job of this request on the worker pool, and its on_done() on the connection's thread.
  virtual void offload(std::shared_ptr<pool_job> job) = 0;
  /// Handlers beside the app's; the first that has a name serves it.
  virtual std::span<dynamic_handlers* const> dynamic() const noexcept { return {}; }
  /// Whether on_item_taken is to be called for each item that the handler takes.
  virtual bool counts_items() const noexcept { return false; }
  virtual void on_item_taken(call&) {}

protected:
  ~call_host() = default;
};

/// A message of a streaming request that is still to be decoded.
struct raw_item {
  bytes data;
  std::size_t values = 0; ///< wire::request_envelope::values

  /// What keeping it takes.
  std::size_t takes() const noexcept { return data.size() + sizeof(raw_item) + 2 * sizeof(void*); }
};

/// The output of a message that was begun: cut back and given up when it is not ended.
class open_message {
public:
  explicit open_message(message_port& p) : port_(&p), out_(&p.begin_message()), mark_(out_->size()) {}
  open_message(const open_message&) = delete;
  open_message& operator=(const open_message&) = delete;
  ~open_message() {
    if (port_ == nullptr) return;
    out_->truncate(mark_);
    port_->cancel_message();
  }
  buffer& out() noexcept { return *out_; }
  std::size_t size() const noexcept { return out_->size() - mark_; }
  void end() { std::exchange(port_, nullptr)->end_message(); }

private:
  message_port* port_;
  buffer* out_;
  std::size_t mark_;
};

/// The life of one request (docs/protocol.md §3, §7): its hooks, its handler, its envelopes. Knows no actor; a request actor drives it.
/// Reusable: after on_finished it may be opened again.
class call final : public scope {
public:
  call(swill::loop& l, call_host& host);
  ~call() override;

  // --- Driven by the connection
  /// True when the request can be served without anything that waits: by serve_plain.
  static bool is_plain(const handler& h, const wire::request_envelope& e) noexcept {
    return h.is_plain() && h.hooks.empty() && e.type == wire::request_type::message;
  }
  /// What is wrong with the envelope that is to open a request: `timeout_ms` that is no time.
  static std::optional<error> problem_of(const wire::request_envelope& e, const limits& l);
  /// The trace-id of the `traceparent` in encoded metadata; empty when there is none.
  static std::string_view trace_in(bytes_view metadata, std::size_t nesting) noexcept;
  /// Serves such a request, whole, and is free again afterwards. Calls neither on_final nor on_finished.
  void serve_plain(const handler& h, const wire::request_envelope& e);
  /// Starts with the envelope that opens the request. What it borrows is not used after this returns.
  void open(const handler& h, const wire::request_envelope& e);
  /// Further envelopes of a streaming request; `values` as in wire::request_envelope.
  void on_item(bytes_view data, std::size_t values);
  void on_end_of_stream();
  /// Ends the request with this ERROR at once; the handler is cancelled.
  void fail(const error& e);
  /// Ends it without an envelope: CANCEL, or the connection has gone.
  void cancel_request();
  /// The two parts of that, for who has many to end: nothing is sent any more, and what the handler can look at says so; then what it waits
  /// for ends, which takes an exception through all its frames.
  void withdraw();
  void unwind();
  /// The server stops: cancels the request, and hooks that run after its end.
  void give_up();
  /// The send budget has room again, or a new turn has begun.
  void on_turn();

  bool is_open() const noexcept { return handler_ != nullptr; }
  bool is_final() const noexcept { return final_; }
  bool is_half_closed() const noexcept { return half_closed_; }
  /// It has ended with an ERROR.
  bool has_failed() const noexcept { return outcome_.how == outcome::kind::error; }
  const handler& target() const noexcept { return *handler_; }
  std::uint64_t seq() const noexcept { return seq_; }
  clock_time opened() const noexcept { return opened_; }
  queued_input queued() const noexcept {
    queued_input q = exchange_ ? exchange_->queued() : queued_input{};
    return {q.items + raw_items_.size(), q.bytes + raw_bytes_, gauge_.held()};
  }

  // --- For context
  swill::context& context() noexcept { return context_; }
  call_host& host() noexcept { return *host_; }
  const call_host& host() const noexcept { return *host_; }
  const swill::metadata& client_metadata();
  /// The same as they came; empty for none.
  bytes_view raw_metadata() const noexcept { return borrowed_metadata_; }
  bool has_decoded_metadata() const noexcept { return metadata_decoded_; }
  std::optional<clock_time> deadline() const noexcept; ///< [any thread], but for plain functions
  bool was_cancelled() const noexcept { return cancel_flag_.load(std::memory_order_relaxed); }
  std::stop_token stop_token();
  void set_leading(metadata m);
  task<void> send_leading(metadata m);
  metadata& trailing() { return kept_metadata().trailing; }
  task<swill::session*> session();
  request_state& state() noexcept { return state_; }                              ///< [any thread]
  void log(log_level level, std::string_view text, log_fields fields = {}) const; ///< [any thread]
  /// For what goes wrong with many requests of a handler: one line a second for each `kind` of it.
  void log_failure(std::string_view kind, const log_limiter::text_maker& text) const;
  std::string_view trace() const noexcept override; ///< [any thread]

  // --- For exchanges
  /// What items take that wait for the handler.
  input_gauge& gauge() noexcept { return gauge_; }
  /// One item of a streaming response, which `exchange::outgoing` names: true when h was suspended in w.
  bool put(wait& w, std::coroutine_handle<> h);
  /// The way of all items but the first of a turn: nobody looks at them, and there is room. `encode` writes the item; false: take `put`.
  template <class Encode>
  bool put_at_once(Encode encode) {
    if (!sent_message_ || !plain_items_ || burst_items_ == 0 || burst_bytes_ <= 0 || final_) return false;
    try {
      open_message m{*port_};
      wire::writer w{m.out()};
      wire::begin_response(w, seq_);
      encode(w);
      wire::end_response(w, wire::response_type::message);
      --burst_items_;
      burst_bytes_ -= static_cast<std::int64_t>(m.size());
      if (m.out().size() > send_budget_) [[unlikely]]
        end_burst();
      m.end();
    } catch (...) {
      fail_item();
    }
    return true;
  }

  void offload(std::shared_ptr<pool_job> job) override { host_->offload(std::move(job)); }
  void* native_actor() noexcept override { return host_->native_actor(); }

private:
  class deadline_timer final : public timer {
  public:
    explicit deadline_timer(call& c) : call_(c) {}

  private:
    void on_timer() override;
    call& call_;
  };
  enum class leading_state : std::uint8_t { none, set, sent };
  enum class ends : std::uint8_t { unknown, at_deadline, never };

  void begin(const handler& h, const wire::request_envelope& e) noexcept;
  static bool read_timeout(bytes_view metadata, std::size_t nesting, std::optional<std::int64_t>& out) noexcept;
  static std::optional<error> size_problem(const handler& h, bytes_view data, std::size_t values, const limits& l);
  static bool find_metadata(bytes_view metadata, std::string_view key, std::size_t nesting, wire::reader& out) noexcept;
  std::optional<std::chrono::milliseconds> allowance() const;
  void arm_deadline();
  task<void> run();
  bool is_plain_to_begin() const noexcept;
  void take_opening();
  task<void> prepare();
  bool is_plain_to_end() const noexcept;
  task<void> conclude();
  task<void> run_after();
  struct handler_awaiter;

  // input
  struct pool_decoding;
  struct input_room;
  task<void> decode_on_pool(bytes_view data, std::size_t values);
  void begin_input();
  void decode(bytes_view data, std::size_t values);
  bool is_heavy(std::size_t values) const noexcept { return values > limits_->elements_on_loop; }
  error located(error e) const;
  void take(bytes_view data, std::size_t values);
  void push_raw(bytes_view data, std::size_t values);
  bool is_pumping() const noexcept { return pump_ && !pump_.done(); }
  bool is_crowded() const { return exchange_->queued().held > queue_limit_; }
  task<void> pump();
  void settle_input();
  void release_input();

  // output
  bool can_emit() noexcept { return (burst_items_ > 0 && burst_bytes_ > 0) || refill(); }
  bool refill() noexcept;
  void count_burst() noexcept;
  void end_burst() noexcept;
  bool emit_item();
  void fail_item();
  bool emit_or_wait(wait& w, std::coroutine_handle<> h);
  void emit_pending();
  task<void> run_item_hooks();
  void item_hooks_done();
  task<void> run_leading_hooks();
  void write_tail(wire::writer& w, wire::response_type type, bool with_trailing) {
    if (metadata_ != nullptr && (leading_state_ == leading_state::set || with_trailing)) [[unlikely]] {
      write_metadata(w, type, with_trailing);
    } else {
      wire::end_response(w, type);
    }
  }
  struct all_metadata : in_frame_memory {
    metadata client, leading, trailing;
  };
  all_metadata& kept_metadata();
  void write_metadata(wire::writer& w, wire::response_type type, bool with_trailing);
  std::size_t emit(wire::response_type type, bool with_data, bool with_trailing); // returns the message's size
  void send_error(const error& e);
  void log_answer(const error& e) const;
  log_entry about_this(log_level level, std::string_view text) const noexcept;
  void settle_exception(std::exception_ptr e);
  void end_as(outcome::kind how, std::int64_t code = 0) noexcept {
    outcome_.how = how;
    outcome_.code = code;
  }
  void complete_outcome() noexcept;
  void note_final();
  void stop_handler();
  void tell_handler();
  void on_idle() override;

  call_host* host_;
  message_port* port_ = nullptr; ///< the connection's, while a request is open
  const limits* limits_ = nullptr;
  swill::context context_{*this};
  const handler* handler_ = nullptr;
  std::uint64_t seq_ = 0;
  clock_time opened_{};
  std::unique_ptr<exchange> exchange_;
  bytes_view opening_; ///< the opening message's data, borrowed while open() runs
  bytes opening_copy_; ///< or kept, when it is not decoded at once
  bytes encoded_metadata_;
  bytes_view borrowed_metadata_;

  std::unique_ptr<request_session> session_; ///< once it was asked for
  request_state state_;

  task<void> main_;
  task<void> pump_;
  ring<raw_item> raw_items_;
  std::size_t raw_bytes_ = 0;
  wait_slot pump_room_; ///< the pump waits until the handler has taken some
  input_gauge gauge_;
  std::size_t queue_limit_ = 0;
  std::size_t reported_ = 0;     ///< what of the gauge the host knows
  std::uint64_t items_seen_ = 0; ///< that were decoded

  task<void> emitting_;
  wait* pending_yield_ = nullptr;
  // What the stream may still send before it asks again: its share of a turn within the connection's budget.
  std::uint64_t burst_turn_ = 0;
  std::int64_t burst_bytes_ = 0; ///< below 0: the last item was larger than the rest of its share
  std::size_t send_budget_ = 0;

  std::unique_ptr<all_metadata> metadata_; ///< once somebody asks for some
  deadline_timer deadline_{*this};
  outcome outcome_; ///< counts what was sent up to `counted_`
  // What burst_items_ and burst_bytes_ were when they were counted: so items need no counter of their own.
  std::int64_t counted_bytes_ = 0;
  std::uint32_t counted_items_ = 0;
  std::uint32_t opening_values_ = 0;        ///< of opening_; more of them do not fit into a message
  std::stop_source stop_{std::nostopstate}; ///< once somebody asks for its token

  // Side by side: a waiting request is to be small.
  // Not beside burst_bytes_, or compilers count both in one vector register, which costs a third of an item.
  std::uint32_t burst_items_ = 0;
  bool has_opening_ = false;
  bool metadata_decoded_ = false;
  bool input_ready_ = false;
  bool half_closed_ = false;
  bool is_full_ = false;     ///< the host was asked not to read
  bool decoding_ = false;    ///< on the worker pool
  bool plain_items_ = false; ///< no hook looks at items
  leading_state leading_state_ = leading_state::none;
  bool leading_hooks_ran_ = false;
  bool sent_message_ = false;
  bool final_ = false;
  bool final_told_ = false;
  bool to_unwind_ = false;
  ends ends_ = ends::unknown; ///< set before the handler starts, and then good until the request's end
  std::atomic<bool> cancel_flag_{false};
};

} // namespace swill::detail
