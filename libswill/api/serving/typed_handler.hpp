#pragma once

#include "libswill/api/detail/handler_check.hpp"
#include "libswill/api/request.hpp"
#include "libswill/api/serving/call.hpp"
#include "libswill/api/serving/handler.hpp"
#include "libswill/base/await.hpp"
#include "libswill/base/result.hpp"
#include "libswill/base/stream.hpp"

#include <concepts>
#include <memory>
#include <stop_token>
#include <type_traits>
#include <utility>

namespace swill::detail {

/// What is sent for a handler's result.
template <class R>
as_message<R> unwrap(R r) {
  return as_message<R>(std::move(r));
}
template <class R>
R unwrap(result<R> r) {
  return std::move(r).value();
}
inline nothing unwrap(result<void> r) {
  r.value();
  return {};
}

/// Calls f with what `argument` makes, and gives what is sent for its result: all in one expression, as the result may refer to the argument.
template <class F, class MakeArgument>
auto call_and_unwrap(const F& f, const MakeArgument& argument) {
  if constexpr (std::is_void_v<std::invoke_result_t<const F&, std::invoke_result_t<const MakeArgument&>>>) {
    f(argument());
    return nothing{};
  } else {
    return detail::unwrap(f(argument()));
  }
}
template <class T>
auto take_and_unwrap(task<T>& t) {
  if constexpr (std::is_void_v<T>) {
    t.take();
    return nothing{};
  } else {
    return detail::unwrap(t.take());
  }
}

template <class T>
T decode_or_throw(bytes_view encoded, const limits& l) {
  T out{};
  std::optional<error> failure;
  if (!decode_message(encoded, l, out, failure)) throw std::move(*failure);
  return out;
}

template <class T>
const any_message::operations& operations_of() {
  static constexpr any_message::operations ops{
      typeid(T), [](wire::writer& to, const void* object) { encode_message(to, *static_cast<const T*>(object)); },
      [](void* object, bytes_view encoded) { *static_cast<T*>(object) = decode_or_throw<T>(encoded, limits{}); }};
  return ops;
}

template <class F>
struct handler_traits {
  using function_type = F;
  using argument = typename signature<F>::argument_type;
  using result_type = typename signature<F>::result_type;
  using in = typename request_argument<argument>::type;
  using out = typename handler_result<result_type>::type;
  static constexpr bool request_streams = request_argument<argument>::streams;
  static constexpr shape how = handler_result<result_type>::how;
};

// --- One request in flight

/// A blocking function on the pool, and its result.
template <class F>
struct blocking_job final : pool_job {
  explicit blocking_job(F f) : function(std::move(f)) {}
  void run() noexcept override {
    try {
      result.emplace(function());
    } catch (...) {
      exception.capture();
    }
  }
  void on_done() override { where->run(waiting); }

  F function;
  std::optional<std::invoke_result_t<F&>> result;
  carried_exception exception;
  scope* where = nullptr;
  std::coroutine_handle<> waiting;
};

/// Waits for a blocking function on the pool. Once it has begun it cannot be interrupted: it may use its context until it returns. When the
/// request ends before, it never begins.
template <class F>
class blocking_awaiter : wait {
public:
  blocking_awaiter(F f, std::stop_token t)
      : job_(std::make_shared<blocking_job<F>>(std::move(f))), token_(std::move(t)) {}
  bool await_ready() const noexcept { return false; }
  template <class P>
  void await_suspend(std::coroutine_handle<P> h) {
    job_->where = h.promise().owner;
    job_->waiting = h;
    job_->where->offload(job_);
    stopping_.emplace(token_, on_stop{this});
  }
  auto await_resume() {
    stopping_.reset();
    if (dropped_) throw cancelled{};
    if (job_->exception) job_->exception.rethrow();
    return std::move(*job_->result);
  }

private:
  struct on_stop {
    blocking_awaiter* self;
    void operator()() const noexcept { self->stop(); }
  };
  /// The request is about to cancel its scope: that is where this goes on, if the function has not begun.
  void stop() noexcept {
    dropped_ = job_->drop();
    if (dropped_) job_->where->suspend(*this, job_->waiting);
  }

  std::shared_ptr<blocking_job<F>> job_; // with the pool
  std::stop_token token_;
  std::optional<std::stop_callback<on_stop>> stopping_;
  bool dropped_ = false;
};

/// What a client sends: one message.
template <class In, bool Streams>
class typed_input : public exchange {
public:
  explicit typed_input(call& c) : call_(c) {}

  bool decode(bytes_view data, const limits& l, bool is_checked, std::optional<error>& failure) override {
    return decode_data(data, l, is_checked, in_.emplace(), failure);
  }
  any_message incoming() override { return {operations_of<In>(), &*in_}; }

protected:
  auto make_request() { return request<In>{std::move(*in_), call_.context()}; }

  call& call_;

private:
  std::optional<In> in_;
};

/// A stream of them.
template <class In>
class typed_input<In, true> : public exchange {
public:
  explicit typed_input(call& c) : call_(c), queue_(c.gauge()) {}

  bool decode(bytes_view data, const limits& l, bool is_checked, std::optional<error>& failure) override {
    return decode_data(data, l, is_checked, in_.emplace(), failure, &allocated_);
  }
  any_message incoming() override { return {operations_of<In>(), &*in_}; }
  void deliver(std::size_t size) override { queue_.put(*in_, size, allocated_); }
  queued_input queued() const noexcept override { return {queue_.size(), queue_.queued_bytes(), queue_.held()}; }
  void close_input() override {
    queue_.close();
    queue_.wake();
  }

protected:
  auto make_request() { return streaming_request<In>{queue_, call_.context()}; }

  call& call_;

private:
  std::optional<In> in_;
  std::size_t allocated_ = 0; ///< for the containers in it
  item_queue<In> queue_;
};

/// Where what a handler sends is until then: its result.
template <class Out, bool Streams>
class typed_output {
public:
  explicit typed_output(call&) {}
  Out& current() { return *result; }
  std::optional<Out> result;
};

/// The item that it has yielded.
template <class Out>
class typed_output<Out, true> : public stream_sink<Out> {
public:
  explicit typed_output(call& c) : to_(c) {}
  bool put(Out& item, wait& w, std::coroutine_handle<> h) override {
    if (to_.put_at_once([&item](wire::writer& to) { encode_message(to, std::as_const(item)); })) return false;
    item_ = &item;
    return to_.put(w, h);
  }
  Out& current() { return *item_; }

protected:
  ~typed_output() = default;

private:
  call& to_;
  Out* item_ = nullptr;
};

template <class Traits, bool Blocking>
class typed_exchange : public typed_input<typename Traits::in, Traits::request_streams>,
                       typed_output<typename Traits::out, Traits::how == shape::stream> {
public:
  using out = typename Traits::out;
  using function_type = typename Traits::function_type;
  using input = typed_input<typename Traits::in, Traits::request_streams>;
  using output = typed_output<out, Traits::how == shape::stream>;

  typed_exchange(call& c, const function_type& f) : input(c), output(c), function_(f) {}

  bool start(call& c, std::coroutine_handle<> parent) override {
    if constexpr (Traits::how == shape::stream) {
      running_ = function_(this->make_request());
      return running_.start(*this, c, parent);
    } else if constexpr (Blocking) {
      running_ = run_blocking();
    } else if constexpr (Traits::how == shape::task) {
      running_ = function_(this->make_request());
    } else {
      this->result.emplace(call_and_unwrap(function_, [this] { return this->make_request(); }));
      return true;
    }
    if constexpr (Blocking || Traits::how == shape::task) {
      return running_.start_nested(
          c, [](void* p) { std::coroutine_handle<>::from_address(p).resume(); }, parent.address());
    }
  }
  void finish() override {
    if constexpr (Traits::how == shape::stream) {
      running_.finish();
    } else if constexpr (Blocking) {
      this->result.emplace(running_.take());
    } else if constexpr (Traits::how == shape::task) {
      this->result.emplace(take_and_unwrap(running_));
    }
  }
  any_message outgoing() override { return {operations_of<out>(), &this->current()}; }
  void encode(wire::writer& w) override { encode_message(w, std::as_const(this->current())); }

private:
  task<out> run_blocking() {
    auto work = [this, r = this->make_request()]() mutable {
      return call_and_unwrap(function_, [&r] { return std::move(r); });
    };
    blocking_awaiter<decltype(work)> result{std::move(work), this->call_.stop_token()};
    co_return co_await result;
  }
  static auto running_type() {
    if constexpr (Traits::how == shape::stream || Traits::how == shape::task) {
      return typename Traits::result_type{};
    } else if constexpr (Blocking) {
      return task<out>{};
    } else {
      return nothing{};
    }
  }

  const function_type& function_;
  decltype(running_type()) running_; // the handler's frame goes before all else, which it may use
};

// --- One registered handler

/// A handler's function. Copies of a handler, one for each server, have copies of it, or share it where it cannot be copied.
template <class F>
class function_slot {
public:
  explicit function_slot(F f) : function_(std::move(f)) {}
  const F& get() const noexcept { return function_; }

private:
  F function_;
};
template <class F>
requires(!std::copy_constructible<F>) class function_slot<F> {
public:
  explicit function_slot(F f) : function_(std::make_shared<const F>(std::move(f))) {}
  const F& get() const noexcept { return *function_; }

private:
  std::shared_ptr<const F> function_; // owned by all copies of the handler
};

template <class F, bool Blocking>
class typed_handler final : public handler {
public:
  using traits = handler_traits<F>;

  explicit typed_handler(F f) : function_(std::move(f)) {
    has_none = is_null(function_.get());
    request_streams = traits::request_streams;
    response_streams = traits::how == shape::stream;
    blocking = Blocking;
    request_type = share_description<typename traits::in>(mistakes);
    response_type = share_description<typename traits::out>(mistakes);
  }

  bool is_plain() const noexcept override {
    return !Blocking && !traits::request_streams && traits::how == shape::plain;
  }

  bool call_plain([[maybe_unused]] context& c, [[maybe_unused]] bytes_view data, [[maybe_unused]] bool is_checked,
                  [[maybe_unused]] const limits& l, [[maybe_unused]] plain_passage& passage) const override {
    if constexpr (!Blocking && !traits::request_streams && traits::how == shape::plain) {
      using in_type = typename traits::in;
      using out_type = typename traits::out;
      in_type in{};
      std::optional<error> failure;
      if (!decode_data(data, l, is_checked, in, failure)) {
        if (failure) throw std::move(*failure);
        return false;
      }
      if (passage.is_watched()) passage.received({operations_of<in_type>(), &in});
      out_type out(call_and_unwrap(function_.get(), [&] { return request<in_type>{std::move(in), c}; }));
      encode_message(passage.begin({operations_of<out_type>(), &out}), std::as_const(out));
    }
    return true;
  }

  std::unique_ptr<exchange> make_exchange(call& c) const override {
    return std::make_unique<typed_exchange<traits, Blocking>>(c, function_.get());
  }

  std::shared_ptr<handler> clone() const override { return std::make_shared<typed_handler>(*this); }

private:
  function_slot<F> function_;
};

template <class F>
std::shared_ptr<handler> make_handler(F f) {
  return std::make_shared<typed_handler<F, false>>(std::move(f));
}
template <class F>
std::shared_ptr<handler> make_handler(blocking_function<F> f) {
  return std::make_shared<typed_handler<F, true>>(std::move(f.function));
}

} // namespace swill::detail
