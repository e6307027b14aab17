#include "libswill/api/serving/call.hpp"

#include "libswill/api/serving/open_message.hpp"

// A request that is served without anything that waits: a plain function, with or without hooks.

namespace swill::detail {

/// Hooks see the user of a session whose token the metadata show, which may have to be looked up. And none of them runs when the metadata ask for a
/// deadline that is none.
bool call::are_plain(bytes_view metadata, const handler& h, const service& app) noexcept {
  if (h.chosen == handler::way::plain) return true;
  std::optional<std::int64_t> ms;
  return app.sessions.empty() && read_timeout(metadata, app.limits.nesting, ms);
}

/// The response's envelope, from when the handler has its result; and the hooks of messages.
class call::message_passage final : public plain_passage {
public:
  message_passage(call& c, bool has_hooks, bool is_late) : plain_passage(has_hooks), call_(c), is_late_(is_late) {}
  void received(any_message m) override {
    if (is_late_) call_hooks(call_.handler_->hooks.before_request, call_.context_);
    ++call_.items_in_;
    call_hooks(call_.handler_->hooks.before_request_message, call_.context_, m);
  }
  wire::writer& begin(any_message result) override {
    if (is_watched()) call_.conclude_plain(result);
    wire::begin_response(message_.emplace(*call_.around_->port).to(), call_.seq());
    return message_->to();
  }
  open_message& message() noexcept { return *message_; }

private:
  call& call_;
  bool is_late_; ///< the hooks before the request have waited for its message to be decoded
  std::optional<open_message> message_;
};

bool call::serve_plain(call_surroundings& around, const handler& h, const wire::request_envelope& e) {
  begin(around, h, e);
  loop().note_entered(&h);
  bool is_served = true;
  try {
    is_served = answer_plain(e);
  } catch (...) {
    settle_exception(std::current_exception());
  }
  if (is_served && !h.hooks.after_request.empty()) run_plain_after();
  output_.drop_answer();
  client_metadata_.reset();
  state_.clear();
  stop_ = std::stop_source{std::nostopstate};
  drop_opening();
  handler_ = nullptr;
  return is_served;
}

bool call::answer_plain(const wire::request_envelope& e) {
  if (auto problem = problem_of(e, limits())) throw std::move(*problem);
  const bool has_hooks = handler_->chosen == handler::way::plain_with_hooks;
  bytes_view data = e.data;
  if (has_hooks) {
    opened_ = loop().now();
    bytes_in_ = data.size();
    if (e.is_checked) data = run_plain_before(data);
  }
  if (auto problem = size_problem(*handler_, data, e.values, limits())) {
    if (!e.is_checked) return false;
    throw std::move(*problem);
  }
  message_passage passage{*this, has_hooks, !e.is_checked};
  if (!handler_->call_plain(context_, data, e.is_checked, limits(), passage)) return false;
  output_.write_tail(passage.message().to(), wire::response_type::message, true);
  const std::size_t size = passage.message().size();
  passage.message().end();
  output_.note_answer(size);
  end_as(outcome::kind::ok);
  return true;
}

/// The hooks that come before the message is decoded; returns the message.
bytes_view call::run_plain_before(bytes_view data) {
  const request_hooks& hooks = handler_->hooks;
  call_hooks(hooks.before_request, context_);
  if (!borrowed_metadata_.empty() && !hooks.before_request_metadata.empty()) {
    client_metadata();
    call_hooks(hooks.before_request_metadata, context_, client_metadata_->is);
  }
  if (handler_->request_streams || hooks.before_request_data.empty()) return data;
  bytes& copy = to_keep().data;
  copy.assign(data.begin(), data.end());
  call_hooks(hooks.before_request_data, context_, copy);
  return copy;
}

/// What comes between the function and the envelope.
void call::conclude_plain(any_message result) {
  const request_hooks& hooks = handler_->hooks;
  if (!hooks.before_leading_metadata.empty()) {
    call_hooks(hooks.before_leading_metadata, context_, output_.leading());
    output_.note_leading();
  }
  call_hooks(hooks.before_response_message, context_, result);
  if (!hooks.before_trailing_metadata.empty()) call_hooks(hooks.before_trailing_metadata, context_, trailing());
}

void call::run_plain_after() {
  const outcome how = summary();
  std::size_t number = 0; // of the hook
  for (const auto& h : handler_->hooks.after_request) {
    ++number;
    try {
      h.plain(context_, how);
    } catch (...) {
      note_failure_after(number, std::current_exception());
    }
  }
}

} // namespace swill::detail
