#include "libswill/api/detail/call.hpp"

#include "libswill/base/await.hpp"
#include "libswill/base/trace.hpp"
#include "libswill/base/trace_id.hpp"
#include "libswill/wire/reader.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace swill::detail {

using wire::request_type;
using wire::response_type;

call::call(swill::loop& l, call_host& host) : scope(l), host_(&host) {
  gauge_.on_mark = [](void* self) { static_cast<call*>(self)->settle_input(); };
  gauge_.on_mark_argument = this;
}

call::~call() = default;

// --- Opening

void call::begin(const handler& h, const wire::request_envelope& e) noexcept {
  handler_ = &h;
  set_tag(&h);
  port_ = &host_->port();
  limits_ = &host_->app().limits;
  seq_ = e.seq;
  borrowed_metadata_ = e.metadata;
  final_ = false;
  end_as(outcome::kind::ok);
  ends_ = ends::unknown;
}

/// The last value under a key of encoded metadata.
bool call::find_metadata(bytes_view metadata, std::string_view key, std::size_t nesting, wire::reader& out) noexcept {
  wire::reader in{metadata};
  std::uint32_t n = 0;
  bool found = false;
  if (metadata.empty() || !in.read_map(n)) return false;
  for (; n > 0; --n) {
    std::string_view k;
    if (!in.read_str(k)) break;
    if (k == key) {
      out = in;
      found = true;
    }
    if (!in.skip(nesting)) break;
  }
  return found;
}

/// What the client asks for under `timeout_ms`: an integer, or a number that is rounded up to one. False for anything else.
bool call::read_timeout(bytes_view metadata, std::size_t nesting, std::optional<std::int64_t>& out) noexcept {
  wire::reader at{metadata};
  if (!find_metadata(metadata, "timeout_ms", nesting, at) || at.read_nil()) return true;
  std::int64_t ms = 0;
  std::uint64_t large = 0;
  double real = 0;
  if (at.read_int(ms)) {
    out = ms;
  } else if (at.read_uint(large)) {
    out = std::numeric_limits<std::int64_t>::max();
  } else if (at.read_real(real) && std::isfinite(real)) {
    out = static_cast<std::int64_t>(std::clamp(std::ceil(real), 0.0, 0x1p53));
  } else {
    return false;
  }
  return true;
}

std::optional<error> call::problem_of(const wire::request_envelope& e, const limits& l) {
  std::optional<std::int64_t> ms;
  if (e.metadata.empty() || read_timeout(e.metadata, l.nesting, ms)) return std::nullopt;
  return error{error_code::bad_request, "timeout_ms is not a number of milliseconds"};
}

std::optional<error> call::size_problem(const handler& h, bytes_view data, std::size_t values, const limits& l) {
  if (h.options.message_size != 0 && data.size() > h.options.message_size)
    return error{error_code::too_large, "Message too large for this handler"};
  if (values > l.elements) return error{error_code::too_large, "Message has too many values"};
  return std::nullopt;
}

namespace {

/// Opens the response's envelope when the handler has its result, and takes it back when it cannot be encoded.
class plain_envelope final : public plain_output {
public:
  plain_envelope(message_port& port, std::uint64_t seq) : port_(port), seq_(seq) {}
  wire::writer& begin() override {
    buffer& out = port_.begin_message();
    mark_ = out.size();
    writer_.emplace(out);
    wire::begin_response(*writer_, seq_);
    return *writer_;
  }
  wire::writer& writer() noexcept { return *writer_; }
  void withdraw() noexcept {
    if (!writer_) return;
    writer_->out().truncate(mark_);
    port_.cancel_message();
  }

private:
  message_port& port_;
  std::uint64_t seq_;
  std::size_t mark_ = 0;
  std::optional<wire::writer> writer_;
};

} // namespace

void call::serve_plain(const handler& h, const wire::request_envelope& e) {
  begin(h, e);
  loop().note_entered(&h);
  plain_envelope out{*port_, seq_};
  try {
    if (auto problem = problem_of(e, *limits_)) throw std::move(*problem);
    if (auto problem = size_problem(h, e.data, e.values, *limits_)) throw std::move(*problem);
    h.call_plain(context_, e.data, *limits_, out);
    write_tail(out.writer(), response_type::message, true);
    port_->end_message();
  } catch (...) {
    out.withdraw();
    settle_exception(std::current_exception());
  }
  metadata_.reset();
  metadata_decoded_ = false;
  leading_state_ = leading_state::none;
  state_.clear();
  stop_ = std::stop_source{std::nostopstate};
  borrowed_metadata_ = {};
  handler_ = nullptr;
}

void call::open(const handler& h, const wire::request_envelope& e) {
  begin(h, e);
  opened_ = loop().now();
  outcome_ = {};
  encoded_metadata_.assign(e.metadata.begin(), e.metadata.end());
  borrowed_metadata_ = encoded_metadata_;
  has_opening_ = e.type == request_type::message;
  if (has_opening_) outcome_.bytes_in = e.data.size();
  half_closed_ = e.type == request_type::end_of_stream;
  if (h.request_streams) {
    queue_limit_ = h.options.queued_bytes != 0 ? h.options.queued_bytes : limits_->queued_bytes;
    settle_input();
  }
  const bool waits = !h.hooks.empty() || is_heavy(e.values);
  opening_ = e.data;
  opening_values_ = static_cast<std::uint32_t>(std::min<std::size_t>(e.values, UINT32_MAX));
  if (waits && h.request_streams && has_opening_) {
    has_opening_ = false;
    push_raw(e.data, e.values);
  } else if (waits) {
    opening_copy_.assign(e.data.begin(), e.data.end());
    opening_ = opening_copy_;
  }
  plain_items_ = !h.hooks.has_output();
  exchange_ = h.make_exchange(*this);
  if (h.blocking) stop_ = {};
  arm_deadline();
  main_ = run();
  main_.start(*this);
}

/// How long it may take, if that is limited.
std::optional<std::chrono::milliseconds> call::allowance() const {
  const limits& l = host_->app().limits;
  const handler_options& o = handler_->options;
  using std::chrono::milliseconds;
  constexpr std::int64_t longest = std::int64_t{1000} * 60 * 60 * 24 * 365;
  milliseconds wait = o.default_deadline.count() != 0 ? o.default_deadline : l.default_deadline;
  const milliseconds most = o.maximum_deadline.count() != 0 ? o.maximum_deadline : l.maximum_deadline;
  bool wanted = wait.count() != 0;
  std::optional<std::int64_t> ms;
  if (!borrowed_metadata_.empty()) read_timeout(borrowed_metadata_, l.nesting, ms);
  if (ms) {
    wait = milliseconds{std::clamp<std::int64_t>(*ms, 0, longest)};
    wanted = true;
  }
  if (most.count() != 0 && (!wanted || wait > most)) {
    wait = most;
    wanted = true;
  }
  if (!wanted) return std::nullopt;
  return wait;
}

void call::arm_deadline() {
  const auto wait = allowance();
  ends_ = wait ? ends::at_deadline : ends::never;
  if (wait) loop().set_timer(deadline_, opened_ + within_the_clock(*wait));
}

void call::deadline_timer::on_timer() { call_.fail(error{error_code::deadline_exceeded, "Deadline exceeded"}); }

// --- The way of a request (docs/protocol.md §7)

/// Runs the handler as a child of the awaiting coroutine.
struct call::handler_awaiter {
  call& c;
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> h) { return !c.exchange_->start(c, h); }
  void await_resume() { c.exchange_->finish(); }
};

/// A waiting request holds the frame of this: whatever most requests have no use for has frames of its own.
task<void> call::run() {
  std::exception_ptr failure;
  try {
    if (is_plain_to_begin()) {
      take_opening();
    } else {
      co_await prepare();
    }
    if (is_cancelled()) throw cancelled{};
    co_await handler_awaiter{*this};
    if (!is_plain_to_end()) co_await conclude();
    if (!final_) {
      const bool unary = !handler_->response_streams;
      outcome_.bytes_out += emit(unary ? response_type::message : response_type::end_of_stream, unary, true);
      if (unary) ++outcome_.items_out;
      final_ = true;
    }
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) settle_exception(failure);
  note_final();
  if (handler_->hooks.after_request.empty()) co_return;
  complete_outcome();
  co_await run_after();
}

bool call::is_plain_to_begin() const noexcept {
  const request_hooks& hooks = handler_->hooks;
  if (!hooks.before_request.empty()) return false;
  if (!encoded_metadata_.empty() && (!host_->app().sessions.empty() || !hooks.before_request_metadata.empty()))
    return false;
  return handler_->request_streams ||
         (hooks.before_request_data.empty() && hooks.before_request_message.empty() && !is_heavy(opening_values_));
}

void call::take_opening() {
  if (handler_->request_streams) {
    begin_input();
  } else {
    decode(opening_, opening_values_);
  }
}

/// What comes before the handler.
task<void> call::prepare() {
  const request_hooks& hooks = handler_->hooks;
  if (!encoded_metadata_.empty()) {
    for (session_provider* provider : host_->app().sessions) {
      auto token = provider->token_in(context_, encoded_metadata_);
      if (token) co_await provider->bind_by(context_, std::move(*token));
    }
  }
  if (!hooks.before_request.empty()) co_await run_hooks(hooks.before_request, context_);
  if (!encoded_metadata_.empty() && !hooks.before_request_metadata.empty()) {
    client_metadata();
    co_await run_hooks(hooks.before_request_metadata, context_, kept_metadata().client);
  }
  if (!handler_->request_streams && !hooks.before_request_data.empty()) {
    co_await run_hooks(hooks.before_request_data, context_, opening_copy_);
    opening_ = opening_copy_;
  }
  if (!handler_->request_streams && is_heavy(opening_values_)) {
    co_await decode_on_pool(opening_, opening_values_);
    if (final_) throw cancelled{};
  } else {
    take_opening();
  }
  if (!handler_->request_streams && !hooks.before_request_message.empty()) {
    any_message m = exchange_->incoming();
    co_await run_hooks(hooks.before_request_message, context_, m);
  }
}

bool call::is_plain_to_end() const noexcept {
  const request_hooks& hooks = handler_->hooks;
  return final_ || (hooks.before_leading_metadata.empty() && hooks.before_response_message.empty() &&
                    hooks.before_trailing_metadata.empty() && session_ == nullptr);
}

/// What comes after it, before the final envelope.
task<void> call::conclude() {
  const request_hooks& hooks = handler_->hooks;
  if (!leading_hooks_ran_) {
    if (hooks.before_leading_metadata.empty()) {
      leading_hooks_ran_ = true;
    } else {
      co_await run_leading_hooks();
    }
  }
  if (!final_ && !handler_->response_streams && !hooks.before_response_message.empty()) {
    any_message m = exchange_->outgoing();
    co_await run_hooks(hooks.before_response_message, context_, m);
  }
  if (!final_ && !hooks.before_trailing_metadata.empty())
    co_await run_hooks(hooks.before_trailing_metadata, context_, trailing());
  if (session_ != nullptr && !final_ && session_->has_changed()) co_await session_->save();
}

/// Looks at the clock, so only for those who ask.
void call::complete_outcome() noexcept {
  count_burst();
  outcome_.items_in = items_seen_;
  outcome_.duration = loop().now() + loop().turn_age() - opened_;
}

task<void> call::run_after() {
  if (is_cancelled()) {
    interrupt();        // hooks of an item must not go on when the scope is no longer cancelled: their message is gone
    to_unwind_ = false; // that is done, and is not for what follows
    reset_cancel();
  }
  std::size_t number = 0; // of the hook
  for (const auto& h : handler_->hooks.after_request) {
    ++number;
    std::exception_ptr failure;
    try {
      if (h.plain) {
        h.plain(context_, outcome_);
      } else {
        co_await h.awaiting(context_, outcome_);
      }
    } catch (...) {
      failure = std::current_exception();
    }
    if (!failure) continue;
    try {
      std::rethrow_exception(failure);
    } catch (const close_connection& c) {
      host_->close(c.code, c.reason);
    } catch (...) {
      log_failure("after_request " + std::to_string(number),
                  log_limiter::of_exception("after_request failed: ", failure));
    }
  }
}

void call::settle_exception(std::exception_ptr e) {
  if (final_) return;
  try {
    std::rethrow_exception(e);
  } catch (const close_connection& c) {
    final_ = true;
    end_as(outcome::kind::cancelled);
    host_->close(c.code, c.reason);
    return;
  } catch (...) {
  }
  const error seen = host_->app().to_error(context_, e);
  send_error(seen);
}

void call::note_final() {
  final_ = true;
  deadline_.cancel();
  if (final_told_) return;
  final_told_ = true;
  if (handler_->request_streams) release_input();
  host_->on_final(*this);
}

void call::stop_handler() {
  tell_handler();
  cancel();
}

/// What it may look at says from now on that nobody waits for it.
void call::tell_handler() {
  pending_yield_ = nullptr;
  host_->forget_waits(*this);
  cancel_flag_.store(true, std::memory_order_relaxed);
  stop_.request_stop();
  note_final();
}

void call::fail(const error& e) {
  if (final_) return;
  send_error(host_->app().mapped(context_, e));
  stop_handler();
}

void call::cancel_request() {
  withdraw();
  unwind();
}

void call::withdraw() {
  if (!final_) end_as(outcome::kind::cancelled);
  if (was_cancelled()) return;
  const bool handler_has_ended = final_;
  final_ = true;
  if (handler_has_ended) return;
  tell_handler();
  mark_cancelled(); // should it run before it is unwound, it must not go on
  to_unwind_ = true;
}

void call::unwind() {
  if (std::exchange(to_unwind_, false)) cancel();
}

void call::give_up() {
  cancel_request();
  if (is_open()) cancel();
}

void call::on_idle() {
  if (!main_ || !main_.done() || decoding_) return;
  if (main_.failed()) log(log_level::error, "a request ended with an exception outside of its handler");
  pump_ = {};
  emitting_ = {};
  main_ = {};
  exchange_.reset();
  session_.reset();
  state_.clear();
  deadline_.cancel();
  raw_items_.clear();
  raw_bytes_ = 0;
  if (gauge_.held() != 0 || reported_ != 0) {
    gauge_.clear();
    settle_input();
  }
  items_seen_ = 0;
  input_ready_ = half_closed_ = has_opening_ = false;
  opening_ = {};
  if (opening_copy_.capacity() > 4096) opening_copy_ = {};
  borrowed_metadata_ = {};
  metadata_.reset();
  metadata_decoded_ = false;
  leading_state_ = leading_state::none;
  leading_hooks_ran_ = sent_message_ = final_told_ = to_unwind_ = false;
  pending_yield_ = nullptr;
  burst_turn_ = 0; // the next request has a share of its own in this turn
  burst_items_ = counted_items_ = 0;
  burst_bytes_ = counted_bytes_ = 0;
  stop_ = std::stop_source{std::nostopstate};
  cancel_flag_.store(false, std::memory_order_relaxed);
  reset_cancel();
  handler_ = nullptr;
  host_->on_finished(*this);
}

// --- For context

call::all_metadata& call::kept_metadata() {
  if (metadata_ == nullptr) metadata_ = std::make_unique<all_metadata>();
  return *metadata_;
}

const metadata& call::client_metadata() {
  metadata& out = kept_metadata().client;
  if (!metadata_decoded_) {
    metadata_decoded_ = true;
    if (!metadata::decode(borrowed_metadata_, host_->app().limits, out)) {
      out.clear();
      throw error{error_code::bad_request, "metadata cannot be decoded"};
    }
  }
  return out;
}

std::optional<clock_time> call::deadline() const noexcept {
  switch (ends_) {
    case ends::at_deadline: return deadline_.due(); // good when the timer is no longer set, too
    case ends::never: return std::nullopt;
    case ends::unknown: break; // a plain function asks, on this thread: nobody else has wanted to know
  }
  const auto wait = allowance();
  if (!wait) return std::nullopt;
  return loop().now() + within_the_clock(*wait);
}

std::stop_token call::stop_token() {
  if (!stop_.stop_possible()) {
    stop_ = {};
    if (was_cancelled()) stop_.request_stop();
  }
  return stop_.get_token();
}

task<swill::session*> call::session() {
  for (session_provider* provider : host_->app().sessions) {
    if (session_ != nullptr) break;
    std::unique_ptr<request_session> opened = co_await provider->open(context_);
    if (session_ == nullptr) session_ = std::move(opened); // else somebody else of this request was faster
  }
  if (session_ == nullptr) throw error{error_code::invalid_rpc, "This server has no sessions"};
  co_return &session_->get();
}

std::string_view call::trace_in(bytes_view metadata, std::size_t nesting) noexcept {
  wire::reader at{metadata};
  std::string_view parent;
  if (!find_metadata(metadata, "traceparent", nesting, at) || !at.read_str(parent)) return {};
  return trace_id_in(parent);
}

std::string_view call::trace() const noexcept { return trace_in(borrowed_metadata_, host_->app().limits.nesting); }

log_entry call::about_this(log_level level, std::string_view text) const noexcept {
  return {.level = level,
          .text = text,
          .connection = host_->peer().id(),
          .rpc = handler_ != nullptr ? std::string_view{handler_->name} : std::string_view{},
          .seq = seq_,
          .user = loop().is_current() ? std::string_view{host_->peer().user()} : std::string_view{},
          .trace = trace()};
}

void call::log(log_level level, std::string_view text, log_fields fields) const {
  const logger log{&host_->app().log};
  if (!log.enabled(level)) return;
  log_entry line = about_this(level, text);
  line.fields = {fields.begin(), fields.size()};
  log.write(line);
}

void call::log_failure(std::string_view kind, const log_limiter::text_maker& text) const {
  const log_entry line = about_this(log_level::error, {});
  host_->log_limited(std::string{kind}.append(1, ' ').append(line.rpc), line, text);
}

void call::log_answer(const error& e) const {
  const logger log{&host_->app().log, log_room::actors};
  if (!log.enabled(log_level::trace)) return;
  log_entry line = about_this(log_level::trace, "a request is answered with an error");
  const log_field fields[]{{"code", e.code}, {"message", e.message}};
  line.fields = fields;
  log.write(line);
}

} // namespace swill::detail
