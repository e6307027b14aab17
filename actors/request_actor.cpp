#include "actors/request_actor.hpp"

#include "actors/connection_actor.hpp"
#include "actors/runtime.hpp"
#include "libswill/base/await.hpp"

namespace swill::actors {

request_call::request_call(unit& u) : call(u.loop()) {}

request_id request_call::id() {
  auto& mine = state().get<request_identity>();
  connection->home().known.add(mine, *this);
  return mine.id;
}

error request_call::late() const {
  error e = call::late();
  if (const request_chain* known = chain()) return known->is->named(std::move(e));
  return e;
}

request_info request_call::info() {
  request_info out;
  out.id = id();
  out.connection = peer().id();
  out.rpc = target().name;
  out.seq = seq();
  out.age_ms = std::chrono::duration_cast<std::chrono::milliseconds>(loop().now() - opened()).count();
  out.answered = is_final();
  out.trace = trace();
  return out;
}

std::span<detail::dynamic_handlers* const> request_call::dynamic() const noexcept { return connection->home().dynamic; }

void request_call::on_final() { connection->on_final(*this); }
void request_call::on_finished() { connection->on_finished(*this); }

void request_call::log_limited(std::string_view kind, const log_entry& line,
                               const log_limiter::text_maker& text) const {
  connection->home().log_limited(kind, line, text);
}

void request_call::offload(std::shared_ptr<pool_job> job) {
  connection->home().server->offload(std::move(job), &peer(), loop(), target().name);
}

void* request_call::native_actor() noexcept {
  if (actor != nullptr) return static_cast<loop_actor*>(actor);
  return static_cast<loop_actor*>(connection);
}

request_actor::request_actor(caf::actor_config& config, unit& home)
    : loop_actor(config, home), call_(std::make_unique<request_call>(home)) {
  call_->actor = this;
}

request_info request_actor::info() {
  request_info out;
  if (call_ != nullptr && call_->is_open()) out = call_->info();
  out.actor = id();
  return out;
}

/// It changes only from request to request, when nobody knows this actor who might read it at the same time.
void request_actor::note_trace(std::string_view now) {
  if (now != trace()) trace_ = now.empty() ? nullptr : std::make_unique<const std::string>(now);
}

bool request_actor::is_recyclable() const noexcept {
  // The one strong reference is that of the connection which is giving it up; a strong reference holds one weak reference. A request that ends by
  // an answer, or other mail, ends while its actor is resumed, which holds another one. Mail that comes now shows by has_mail: whoever sends it
  // lets go of its own reference after that.
  const auto* control = ctrl();
  const std::size_t held = handles_last_mail() ? 2 : 1;
  return is_alive() && control->strong_refs == held && control->weak_refs == 1 && !is_watched() && !has_mail() &&
         !has_pending_requests();
}

void request_actor::on_exit() {
  if (call_ == nullptr || !call_->is_open()) return;
  connection_actor& c = *call_->connection;
  c.adopt(std::move(call_));
}

// The client did not ask for it, so it is told (docs/protocol.md §4).
void request_actor::cancel(std::string reason) {
  if (call_->is_open()) call_->fail(error{error_code::cancelled, std::move(reason)});
}

bool request_actor::on_mail(caf::mailbox_element& element) {
  auto& content = element.content();
  if (content.match_elements<describe_atom>()) {
    reply(element, caf::make_message(info()));
    return true;
  }
  if (take(content)) {
    reply(element, {});
    return true;
  }
  const bool is_over = !call_->is_open() || call_->is_final();
  if (!is_over || has_pending_requests()) return false;
  refuse_mail(element, caf::exit_reason::unreachable); // it is late, and no mistake
  return true;
}

bool request_actor::take(caf::type_erased_tuple& content) {
  if (content.match_elements<cancel_atom>()) {
    cancel("The request was cancelled");
  } else if (content.match_elements<cancel_atom, std::string>()) {
    cancel(content.get_as<std::string>(1));
  } else if (content.match_elements<deadline_atom, std::chrono::milliseconds>()) {
    call_->set_deadline(home().loop().now() + detail::within_the_clock(content.get_as<std::chrono::milliseconds>(1)));
  } else {
    return false;
  }
  return true;
}

caf::strong_actor_ptr take_request_actor(unit& u) {
  if (u.idle_requests.empty()) return spawn_on<request_actor>(u);
  caf::strong_actor_ptr a = std::move(u.idle_requests.back());
  u.idle_requests.pop_back();
  return a;
}

} // namespace swill::actors
