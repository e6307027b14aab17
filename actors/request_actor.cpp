#include "actors/request_actor.hpp"

#include "actors/connection_actor.hpp"
#include "actors/runtime.hpp"

namespace swill::actors {

request_state::request_state(unit& u) : unit_(u), call_(u.loop(), *this) {}

message_port& request_state::port() noexcept { return connection->port(); }
connection& request_state::peer() const noexcept { return connection->facts(); }
const detail::service& request_state::app() const noexcept { return connection->app(); }
bool request_state::writable() const noexcept { return connection->writable(call_.seq()); }
bool request_state::counts_items() const noexcept { return connection->port().counts_items(); }
void request_state::on_item_taken(detail::call& c) { connection->on_item_taken(c); }
void request_state::on_held(std::ptrdiff_t bytes) { connection->on_held(bytes); }
void request_state::pause_reading(bool paused) { connection->pause_reading(paused); }
void request_state::wait_writable(detail::call& c) { connection->wait_writable(c); }
void request_state::wait_turn(detail::call& c) { unit_.wait_turn(c); }

void request_state::forget_waits(detail::call& c) noexcept {
  unit_.forget(c);
  connection->forget(c);
}

void request_state::on_final(detail::call&) { connection->on_final(*this); }
void request_state::on_finished(detail::call&) { connection->on_finished(*this); }
void request_state::close(int code, std::string_view reason) { connection->close(code, reason); }

bool request_state::is_draining() const noexcept { return connection->is_draining(); }

void request_state::offload(std::shared_ptr<pool_job> job) {
  unit_.server->offload(std::move(job), &connection->facts(), unit_.loop(), call_.target().name);
}

void* request_state::native_actor() noexcept {
  if (actor != nullptr) return static_cast<loop_actor*>(actor);
  return static_cast<loop_actor*>(connection);
}

request_actor::request_actor(caf::actor_config& config, unit& home)
    : loop_actor(config, home), state_(std::make_unique<request_state>(home)) {
  state_->actor = this;
}

request_info request_actor::info() const {
  request_info out;
  out.actor = id();
  if (state_ == nullptr || !state_->call().is_open()) return out;
  detail::call& c = state_->call();
  out.connection = state_->peer().id();
  out.rpc = c.target().name;
  out.seq = c.seq();
  out.age_ms = std::chrono::duration_cast<std::chrono::milliseconds>(home().loop().now() - c.opened()).count();
  out.answered = c.is_final();
  out.trace = c.trace();
  return out;
}

/// It changes only from request to request, when nobody knows this actor who might read it at the same time.
void request_actor::note_trace(std::string_view now) {
  if (now != trace()) trace_ = now.empty() ? nullptr : std::make_unique<const std::string>(now);
}

bool request_actor::is_recyclable() const noexcept {
  // The one strong reference is that of the connection which is giving it up; a strong reference holds one weak reference.
  const auto* control = ctrl();
  return is_alive() && control->strong_refs == 1 && control->weak_refs == 1 && !is_watched() && !has_mail() &&
         !has_pending_requests();
}

void request_actor::on_exit() {
  if (state_ == nullptr || !state_->call().is_open()) return;
  connection_actor& c = *state_->connection;
  c.adopt(std::move(state_));
}

// The client did not ask for it, so it is told (docs/protocol.md §4).
void request_actor::cancel(std::string reason) {
  if (state_->call().is_open()) state_->call().fail(error{error_code::cancelled, std::move(reason)});
}

bool request_actor::on_mail(caf::mailbox_element& element) {
  auto& content = element.content();
  if (content.match_elements<cancel_atom>()) {
    cancel("The request was cancelled");
    return true;
  }
  if (content.match_elements<cancel_atom, std::string>()) {
    cancel(content.get_as<std::string>(1));
    return true;
  }
  if (content.match_elements<describe_atom>()) {
    make_response_promise().deliver(info());
    return true;
  }
  return false;
}

caf::strong_actor_ptr take_request_actor(unit& u) {
  if (u.idle_requests.empty()) return spawn_on<request_actor>(u);
  caf::strong_actor_ptr a = std::move(u.idle_requests.back());
  u.idle_requests.pop_back();
  return a;
}

} // namespace swill::actors
