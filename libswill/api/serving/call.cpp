#include "libswill/api/serving/call.hpp"

#include "libswill/api/serving/typed_handler.hpp"
#include "libswill/base/await.hpp"
#include "libswill/wire/reader.hpp"

#include <algorithm>

namespace swill::detail {

using wire::request_type;
using wire::response_type;

call::call(swill::loop& l) : scope(l) {}

call::~call() = default;

// --- Opening

void call::begin(call_surroundings& around, const handler& h, const wire::request_envelope& e) noexcept {
  handler_ = &h;
  set_tag(&h);
  around_ = &around;
  output_.begin(*around.port, e.seq);
  borrowed_metadata_ = e.metadata;
  phase_ = phase::running;
  how_ = outcome::kind::ok;
  ends_.store(ends::unknown, std::memory_order_relaxed);
}

std::optional<error> call::size_problem(const handler& h, bytes_view data, std::size_t values, const swill::limits& l) {
  if (h.options.message_size != 0 && data.size() > h.options.message_size)
    return error{error_code::too_large, "Message too large for this handler"};
  if (values > l.elements) return error{error_code::too_large, "Message has too many values"};
  return std::nullopt;
}

// --- Any other request

bool call::take(call_surroundings& around, const handler& h, const wire::request_envelope& e) {
  begin(around, h, e);
  exchange_ = h.make_exchange(*this);
  is_taken_ = decode(e.data, e.values, false);
  items_in_ = 0; // hooks come first
  if (is_taken_) return true;
  exchange_.reset();
  handler_ = nullptr;
  return false;
}

void call::open(call_surroundings& around, const handler& h, const wire::request_envelope& e) {
  if (e.is_checked) begin(around, h, e);
  opened_ = loop().now();
  if (!e.metadata.empty()) {
    to_keep().metadata.assign(e.metadata.begin(), e.metadata.end());
    borrowed_metadata_ = kept_->metadata;
  }
  if (e.type == request_type::message && e.is_checked) opening_ = e.data;
  opening_values_ = static_cast<std::uint32_t>(std::min<std::size_t>(e.values, UINT32_MAX));
  bytes_in_ = e.type == request_type::message ? e.data.size() : 0;
  const bool waits = !is_plain_to_begin();
  if (h.request_streams) {
    input_ = std::make_unique<call_input>(*this, e.type == request_type::end_of_stream);
    const bool is_kept = waits || h.hooks.has_input() || is_heavy(e.values); // else it is decoded at once
    if (is_kept && !opening_.empty()) input_->keep(std::exchange(opening_, {}), e.values);
  } else if (waits && !is_taken_) {
    to_keep().data.assign(e.data.begin(), e.data.end());
    opening_ = kept_->data;
  }
  leading_hooks_wait_ = !h.hooks.before_leading_metadata.empty();
  plain_items_ = !h.hooks.has_output();
  if (e.is_checked) exchange_ = h.make_exchange(*this);
  if (h.blocking) stop_ = {};
  arm_deadline();
  enter([this, waits] { start(waits); });
}

queued_input call::queued() const noexcept {
  queued_input q = exchange_ ? exchange_->queued() : queued_input{};
  if (input_) q = {q.items + input_->raw_items(), q.bytes + input_->raw_bytes(), input_->held()};
  return q;
}

bool call::on_item(const wire::request_envelope& e) {
  if (is_final() || is_half_closed()) return e.is_checked;
  bytes_in_ += e.data.size();
  if (input_->on_item(e)) return true;
  bytes_in_ -= e.data.size();
  return false;
}

void call::on_end_of_stream() {
  if (input_ && !is_final()) input_->on_end_of_stream();
}

void call::arm_deadline() {
  const auto wait = allowance();
  if (wait) return set_deadline(opened_ + within_the_clock(*wait));
  ends_.store(ends::never, std::memory_order_relaxed);
}

void call::set_deadline(clock_time at) {
  if (!is_open() || is_final()) return;
  if (deadline_ == nullptr) deadline_ = std::make_unique<deadline_timer>(*this);
  deadline_->set(at);
  ends_.store(ends::at_deadline, std::memory_order_release); // a blocking handler may look
}

void call::deadline_timer::set(clock_time at) {
  at_.store(at, std::memory_order_relaxed);
  call_.loop().set_timer(*this, at);
}
void call::deadline_timer::on_timer() { call_.fail(call_.late()); }

// --- The way of a request (docs/protocol.md §7)

// No coroutine of the call's own waits for the handler: it would double what most waiting requests take. There is one only where hooks wait.

void call::start(bool waits) noexcept {
  std::exception_ptr failure;
  try {
    if (waits && waits_for_hooks_alone()) return run_hooks_before();
    if (waits) {
      main_ = prepare();
      const auto prepared = [](void* self) { static_cast<call*>(self)->on_prepared(); };
      if (main_.start_nested(*this, prepared, this)) on_prepared();
      return;
    }
    begin_plain();
  } catch (...) {
    failure = std::current_exception();
  }
  start_handler(std::move(failure));
}

void call::on_prepared() noexcept {
  std::exception_ptr failure;
  try {
    std::exchange(main_, {}).take();
  } catch (...) {
    failure = std::current_exception();
  }
  start_handler(std::move(failure));
}

/// Unless what comes before it has failed.
void call::start_handler(std::exception_ptr failure) noexcept {
  if (!failure) {
    try {
      if (is_cancelled()) throw cancelled{};
      if (!when_ended_)
        when_ended_ = continuation::make([](void* self) { static_cast<call*>(self)->on_handler_ended(); }, this);
      if (exchange_->start(*this, when_ended_.handle())) on_handler_ended();
      return;
    } catch (...) {
      failure = std::current_exception();
    }
  }
  end(std::move(failure));
}

void call::on_handler_ended() noexcept {
  std::exception_ptr failure;
  try {
    exchange_->finish();
  } catch (...) {
    failure = std::current_exception();
  }
  end(std::move(failure));
}

/// The handler has ended, or has not begun. `failure`: what was thrown.
void call::end(std::exception_ptr failure) noexcept {
  try {
    if (!failure && !is_plain_to_end()) return run_waiting(conclude_and_answer());
    answer(std::move(failure));
    if (!is_plain_after()) return run_waiting(run_after());
    if (!handler_->hooks.after_request.empty()) run_plain_after();
  } catch (...) {
    log(log_level::error, "a request ended with an exception outside of its handler");
  }
  is_over_ = true;
}

/// The request is over when t has ended.
void call::run_waiting(task<void> t) {
  main_ = std::move(t);
  const auto ended = [](void* self) { static_cast<call*>(self)->is_over_ = true; };
  if (main_.start_nested(*this, ended, this)) is_over_ = true;
}

/// The last envelope.
void call::answer(std::exception_ptr failure) {
  if (!failure && !is_final()) {
    try {
      if (handler_->response_streams) {
        output_.send(response_type::end_of_stream, nullptr, true);
      } else {
        output_.send(response_type::message, exchange_.get(), true);
      }
      end_as(outcome::kind::ok);
    } catch (...) {
      failure = std::current_exception();
    }
  }
  if (failure) settle_exception(std::move(failure));
  note_final();
}

namespace {

template <class List>
bool waits_nowhere(const List& hooks) noexcept {
  return hooks.empty() || are_plain(hooks);
}

} // namespace

bool call::is_plain_to_begin() const noexcept {
  const request_hooks& hooks = handler_->hooks;
  if (!waits_nowhere(hooks.before_request)) return false;
  if (!borrowed_metadata_.empty() && (!app().sessions.empty() || !waits_nowhere(hooks.before_request_metadata)))
    return false;
  return handler_->request_streams || (waits_nowhere(hooks.before_request_data) &&
                                       waits_nowhere(hooks.before_request_message) && !is_heavy(opening_values_));
}

/// Hooks before the request are all that waits before the handler.
bool call::waits_for_hooks_alone() const noexcept {
  const request_hooks& hooks = handler_->hooks;
  if (!borrowed_metadata_.empty() || hooks.before_request.size() > UINT16_MAX) return false;
  return handler_->request_streams || (!hooks.has_input() && !is_heavy(opening_values_));
}

/// Those that have not run. No coroutine is around them: it would take as long as a short hook.
void call::run_hooks_before() noexcept {
  std::exception_ptr failure;
  try {
    if (main_) std::exchange(main_, {}).take();
    for (const auto& hooks = handler_->hooks.before_request; next_hook_ < hooks.size();) {
      const auto& h = hooks[next_hook_++];
      if (h.plain) {
        h.plain(context_);
        continue;
      }
      main_ = h.awaiting(context_);
      if (!main_ || main_.done()) throw_awaited_twice();
      const auto ended = [](void* self) { static_cast<call*>(self)->run_hooks_before(); };
      if (!main_.start_nested(*this, ended, this)) return;
      std::exchange(main_, {}).take();
    }
    take_opening();
  } catch (...) {
    failure = std::current_exception();
  }
  start_handler(std::move(failure));
}

/// What comes before the handler when nothing of it waits.
void call::begin_plain() {
  const request_hooks& hooks = handler_->hooks;
  if (hooks.before_request.empty() && !hooks.has_input() && borrowed_metadata_.empty()) return take_opening();
  opening_ = run_plain_before(opening_);
  take_opening();
  if (handler_->request_streams || hooks.before_request_message.empty()) return;
  any_message m = exchange_->incoming();
  call_hooks(hooks.before_request_message, context_, m);
}

void call::take_opening() {
  if (input_) {
    input_->start(std::exchange(opening_, {}), opening_values_);
  } else if (is_taken_) {
    ++items_in_;
  } else {
    decode(opening_, opening_values_);
  }
}

/// What comes before the handler.
task<void> call::prepare() {
  const request_hooks& hooks = handler_->hooks;
  if (!borrowed_metadata_.empty()) {
    for (session_provider* provider : app().sessions) {
      auto token = provider->token_in(context_, borrowed_metadata_);
      if (token) co_await provider->bind_by(context_, std::move(*token));
    }
  }
  // Not by run_hooks: most requests that come here have but these hooks, which are not worth another frame.
  for (const auto& h : hooks.before_request) {
    if (h.plain) {
      h.plain(context_);
    } else {
      co_await h.awaiting(context_);
    }
  }
  if (!borrowed_metadata_.empty() && !hooks.before_request_metadata.empty()) {
    client_metadata();
    co_await run_hooks(hooks.before_request_metadata, context_, client_metadata_->is);
  }
  if (!handler_->request_streams && !hooks.before_request_data.empty()) {
    co_await run_hooks(hooks.before_request_data, context_, kept_->data);
    opening_ = kept_->data;
  }
  if (!handler_->request_streams && is_heavy(opening_values_)) {
    co_await decode_on_pool(opening_, opening_values_);
    if (is_final()) throw cancelled{};
  } else {
    take_opening();
  }
  if (!handler_->request_streams && !hooks.before_request_message.empty()) {
    any_message m = exchange_->incoming();
    co_await run_hooks(hooks.before_request_message, context_, m);
  }
}

/// [any thread]; not twice at a time.
bool call::decode(bytes_view data, std::size_t values, bool is_checked) {
  std::optional<error> failure = size_problem(*handler_, data, values, limits());
  if (!failure && exchange_->decode(data, limits(), is_checked, failure)) {
    ++items_in_;
    return true;
  }
  if (!is_checked) return false;
  throw located(std::move(*failure));
}

/// The same error, and which item of the stream it is about.
error call::located(error e) const {
  if (!handler_->request_streams) return e;
  if (!e.is(error_code::validation_error)) {
    if (e.data.is_nil()) e.data = value::map({{"item", items_in_}});
    return e;
  }
  // Clients of all ages look for the problems of an item where those of a message are, so this shape is for who asks for it.
  wire::reader at{borrowed_metadata_};
  bool wanted = false;
  if (!find_metadata(borrowed_metadata_, "item_index", limits().nesting, at) || !at.read_bool(wanted) || !wanted)
    return e;
  const value* whole = e.data.find("*");
  const bool is_struct = whole == nullptr || e.data.get_if<value_map>()->size() != 1;
  value problem = value::map({{"index", items_in_}});
  problem.set("errors", is_struct ? value::array({std::move(e.data)}) : value{*whole});
  e.data = value::map({});
  e.data.set("*", value::array({std::move(problem)}));
  return e;
}

/// A message that is decoded on the worker pool, in its connection's turn. Nothing interrupts that once it has begun: whatever happens to the
/// request meanwhile, its coroutine goes on after it.
struct call::pool_decoding {
  call& c;
  bytes_view data;
  std::size_t values;
  nothing operator()() const {
    c.decode(data, values);
    return {};
  }
};

task<void> call::decode_on_pool(bytes_view data, std::size_t values) {
  if (is_cancelled()) throw cancelled{};
  blocking_awaiter<pool_decoding> decoded{pool_decoding{*this, data, values}, stop_token()};
  decoding_ = true;
  try {
    co_await decoded;
  } catch (...) {
    decoding_ = false;
    throw;
  }
  decoding_ = false;
}

bool call::is_plain_to_end() const noexcept {
  const request_hooks& hooks = handler_->hooks;
  return is_final() || (hooks.before_leading_metadata.empty() && hooks.before_response_message.empty() &&
                        hooks.before_trailing_metadata.empty() && session_ == nullptr);
}

task<void> call::conclude_and_answer() {
  std::exception_ptr failure;
  try {
    co_await conclude();
  } catch (...) {
    failure = std::current_exception();
  }
  answer(std::move(failure));
  if (!is_plain_after()) {
    co_await run_after();
  } else if (!handler_->hooks.after_request.empty()) {
    run_plain_after();
  }
}

/// What comes after it, before the final envelope.
task<void> call::conclude() {
  const request_hooks& hooks = handler_->hooks;
  if (leading_hooks_wait_) co_await run_leading_hooks();
  if (!is_final() && !handler_->response_streams && !hooks.before_response_message.empty()) {
    any_message m = exchange_->outgoing();
    co_await run_hooks(hooks.before_response_message, context_, m);
  }
  if (!is_final() && !hooks.before_trailing_metadata.empty())
    co_await run_hooks(hooks.before_trailing_metadata, context_, trailing());
  if (session_ != nullptr && !is_final() && session_->has_changed()) co_await session_->save();
}

/// Looks at the clock, so only for those who ask.
outcome call::summary() noexcept {
  outcome out;
  out.how = how_;
  out.code = code_;
  out.duration = loop().now() + loop().turn_age() - opened_;
  out.items_in = items_in_;
  out.bytes_in = bytes_in_;
  output_.count(out);
  return out;
}

bool call::is_plain_after() const noexcept {
  const auto& hooks = handler_->hooks.after_request;
  return hooks.empty() || (!is_cancelled() && detail::are_plain(hooks));
}

task<void> call::run_after() {
  const outcome how = summary();
  if (is_cancelled()) {
    interrupt(); // hooks of an item must not go on when the scope is no longer cancelled: their message is gone
    phase_ = phase::told; // unwinding is done, and is not for what follows
    reset_cancel();
  }
  std::size_t number = 0; // of the hook
  for (const auto& h : handler_->hooks.after_request) {
    ++number;
    std::exception_ptr failure;
    try {
      if (h.plain) {
        h.plain(context_, how);
      } else {
        co_await h.awaiting(context_, how);
      }
    } catch (...) {
      failure = std::current_exception();
    }
    if (failure) note_failure_after(number, failure);
  }
}

/// `number`: of the hook.
void call::note_failure_after(std::size_t number, const std::exception_ptr& failure) const {
  if (is_closed_by(failure, peer())) return;
  log_failure("after_request " + std::to_string(number), log_limiter::of_exception("after_request failed: ", failure));
}

// --- The end

void call::send_error(const error& e) {
  end_as(outcome::kind::error, e.code);
  log_answer(e);
  if (output_.send_error(e)) return;
  log_failure("error data", [](log_limiter::length) {
    return std::string{"an error is sent without its data, which nest too deep for the link"};
  });
}

void call::settle_exception(std::exception_ptr e) {
  if (is_final()) return;
  if (is_closed_by(e, peer())) return end_as(outcome::kind::cancelled);
  send_error(app().to_error(context_, e));
}

void call::note_final() {
  if (deadline_) deadline_->cancel();
  if (phase_ >= phase::told) return;
  phase_ = phase::told;
  if (input_) input_->release();
  on_final();
}

/// What it may look at says from now on that nobody waits for it.
void call::tell_handler() {
  pending_yield_ = nullptr;
  around_->turns.forget(*this);
  around_->waiting.forget(*this);
  cancel_flag_.store(true, std::memory_order_relaxed);
  stop_.request_stop();
  note_final();
}

void call::stop_handler() {
  tell_handler();
  cancel();
}

void call::fail_by(std::exception_ptr e) {
  settle_exception(std::move(e));
  stop_handler();
}

void call::fail(const error& e) {
  if (is_final()) return;
  send_error(app().mapped(context_, e));
  stop_handler();
}

void call::cancel_request() {
  withdraw();
  unwind();
}

void call::withdraw() {
  if (is_final()) return;
  end_as(outcome::kind::cancelled);
  tell_handler();
  mark_cancelled(); // should it run before it is unwound, it must not go on
  phase_ = phase::withdrawn;
}

void call::unwind() {
  if (phase_ != phase::withdrawn) return;
  phase_ = phase::told;
  cancel();
}

void call::give_up() {
  cancel_request();
  if (is_open()) cancel();
}

void call::drop_opening() noexcept {
  opening_ = {};
  if (kept_ != nullptr && kept_->data.capacity() > 4096) kept_->data = {};
  borrowed_metadata_ = {};
  items_in_ = 0;
  next_hook_ = 0;
  is_taken_ = false;
}

void call::on_idle() {
  if (!is_over_ || decoding_) return;
  if (main_ && main_.failed()) log(log_level::error, "a request ended with an exception outside of its handler");
  input_.reset();
  emitting_ = {};
  main_ = {};
  exchange_.reset();
  session_.reset();
  client_metadata_.reset();
  state_.clear();
  if (deadline_) deadline_->cancel();
  output_ = {}; // the next request has a share of its own in this turn
  drop_opening();
  pending_yield_ = nullptr;
  stop_ = std::stop_source{std::nostopstate};
  cancel_flag_.store(false, std::memory_order_relaxed);
  reset_cancel();
  is_over_ = false;
  handler_ = nullptr;
  on_finished();
}

// --- For context

std::stop_token call::stop_token() {
  if (!stop_.stop_possible()) {
    stop_ = {};
    if (was_cancelled()) stop_.request_stop();
  }
  return stop_.get_token();
}

task<swill::session*> call::session() {
  for (session_provider* provider : app().sessions) {
    if (session_ != nullptr) break;
    std::unique_ptr<request_session> opened = co_await provider->open(context_);
    if (session_ == nullptr) session_ = std::move(opened); // else somebody else of this request was faster
  }
  if (session_ == nullptr) throw error{error_code::invalid_rpc, "This server has no sessions"};
  co_return &session_->get();
}

log_entry call::about_this(log_level level, std::string_view text) const noexcept {
  return {.level = level,
          .text = text,
          .connection = peer().id(),
          .rpc = handler_ != nullptr ? std::string_view{handler_->name} : std::string_view{},
          .seq = seq(),
          .user = loop().is_current() ? std::string_view{peer().user()} : std::string_view{},
          .trace = trace()};
}

void call::log(log_level level, std::string_view text, log_fields fields) const {
  const logger log{&app().log};
  if (!log.enabled(level)) return;
  log_entry line = about_this(level, text);
  line.fields = {fields.begin(), fields.size()};
  log.write(line);
}

void call::log_failure(std::string_view kind, const log_limiter::text_maker& text, log_level level) const {
  const log_entry line = about_this(level, {});
  log_limited(std::string{kind}.append(1, ' ').append(line.rpc), line, text);
}

void call::log_answer(const error& e) const {
  const logger log{&app().log, log_room::actors};
  if (!log.enabled(log_level::trace)) return;
  log_entry line = about_this(log_level::trace, "a request is answered with an error");
  const log_field fields[]{{"code", e.code}, {"message", e.message}};
  line.fields = fields;
  log.write(line);
}

} // namespace swill::detail
