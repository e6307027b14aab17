#include "actors/loop_actor.hpp"

#include "libswill/base/symbols.hpp"

#include <caf/detail/sync_request_bouncer.hpp>

#include <algorithm>
#include <utility>

namespace swill::actors {

loop_actor* sender_of(scope& s) {
  auto* self = static_cast<loop_actor*>(s.native_actor());
  if (self != nullptr) self->note_trace(s.trace());
  return self;
}

loop_actor::loop_actor(caf::actor_config& config, unit& home) : caf::local_actor(config), home_(&home) {
  context(home.sending_face());
}

loop_actor::~loop_actor() {
  if (alive_) close_mailbox(caf::exit_reason::unreachable);
}

caf::mailbox_element* loop_actor::closed_mark() noexcept {
  static char mark;
  return reinterpret_cast<caf::mailbox_element*>(&mark);
}

void loop_actor::launch(caf::execution_unit*, bool, bool) { register_at_system(); }

void loop_actor::enqueue(caf::mailbox_element_ptr element, caf::execution_unit*) {
  caf::mailbox_element* raw = element.release();
  caf::mailbox_element* head = head_.load(std::memory_order_relaxed);
  do {
    if (head == closed_mark()) {
      element.reset(raw);
      return refuse_mail(*element, caf::exit_reason::unreachable);
    }
    raw->next = head;
  } while (!head_.compare_exchange_weak(head, raw, std::memory_order_release, std::memory_order_relaxed));
  if (head != nullptr) return;
  caf::intrusive_ptr_add_ref(ctrl());
  home_->exec_later(this);
}

caf::resumable::resume_result loop_actor::resume(caf::execution_unit*, std::size_t) {
  if (!alive_) return done;
  caf::mailbox_element* newest = head_.exchange(nullptr, std::memory_order_acquire);
  caf::intrusive::singly_linked<caf::mailbox_element>* oldest = nullptr;
  while (newest != nullptr) {
    auto* next = static_cast<caf::mailbox_element*>(newest->next);
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  while (oldest != nullptr) {
    const caf::mailbox_element_ptr element{static_cast<caf::mailbox_element*>(oldest)};
    oldest = oldest->next;
    element->next = nullptr;
    handles_last_ = oldest == nullptr;
    if (alive_) {
      handle(*element);
    } else {
      refuse_mail(*element, caf::exit_reason::unreachable);
    }
  }
  handles_last_ = false;
  return alive_ ? awaiting_message : done;
}

void loop_actor::handle(caf::mailbox_element& element) {
  current_mailbox_element(&element);
  auto& content = element.content();
  if (element.mid.is_response()) {
    const auto it =
        std::find_if(pending_.begin(), pending_.end(), [&](const pending_request& p) { return p.id == element.mid; });
    if (it != pending_.end()) {
      response_receiver* r = it->receiver;
      pending_.erase(it);
      r->on_response(content);
    }
  } else if (auto* function = dynamic_cast<function_mail*>(&element)) {
    function->run(*this);
  } else if (content.match_elements<caf::exit_msg>()) {
    auto& exit = content.get_mutable_as<caf::exit_msg>(0);
    if (exit.reason) quit(std::move(exit.reason));
  } else if (content.match_elements<caf::down_msg>()) {
    tell_down(element);
  } else if (!on_mail(element) && !offer_mail(element)) {
    drop(element);
  }
  current_mailbox_element(nullptr);
}

void loop_actor::reply(caf::mailbox_element& to, caf::message answer) {
  if (to.mid.is_request() && to.sender) to.sender->enqueue(nullptr, to.mid.response_id(), std::move(answer), context());
}

std::function<void(caf::message)> loop_actor::reply_later(caf::mailbox_element& to) {
  if (!to.mid.is_request() || !to.sender) return nullptr;
  return [self = caf::strong_actor_ptr{ctrl()}, this, sender = to.sender, id = to.mid.response_id()](caf::message m) {
    sender->enqueue(nullptr, id, std::move(m), context());
  };
}

namespace {

/// Mail that somebody has sent for this actor to act on, without waiting for an answer.
bool is_plain_message(caf::mailbox_element& element) {
  return !element.mid.is_request() && !element.mid.is_response() && !element.content().empty() &&
         !element.content().match_elements<caf::exit_msg>() && !element.content().match_elements<caf::down_msg>();
}

/// As people know what CAF calls "@i32" or "@str".
std::string name_of_builtin(const std::string& name) {
  if (name == "@str") return "std::string";
  const bool is_unsigned = name.starts_with("@u");
  if (!is_unsigned && !name.starts_with("@i")) return name;
  const std::string bits = name.substr(2);
  const bool is_integer = bits == "8" || bits == "16" || bits == "32" || bits == "64";
  return is_integer ? (is_unsigned ? "uint" : "int") + bits + "_t" : name;
}

} // namespace

std::string types_of(const caf::actor_system& system, const caf::type_erased_tuple& content) {
  std::vector<caf::rtti_pair> types;
  for (std::size_t i = 0; i < content.size(); ++i) types.push_back(content.type(i));
  return types_of(system, types);
}

std::string types_of(const caf::actor_system& system, std::span<const caf::rtti_pair> types) {
  std::string out;
  for (const auto& [number, type] : types) {
    if (!out.empty()) out += ", ";
    out += number != 0 ? name_of_builtin(system.types().portable_name(number, type))
                       : swill::detail::demangled(type->name());
  }
  return out;
}

void loop_actor::refuse_mail(caf::mailbox_element& element, const caf::error& why) {
  if (is_plain_message(element)) home_->dropped_mail.fetch_add(1, std::memory_order_relaxed);
  const caf::detail::sync_request_bouncer bounce{why};
  bounce(element);
}

void loop_actor::drop(caf::mailbox_element& element) {
  if (element.mid.is_request()) return reply(element, caf::make_message(caf::make_error(caf::sec::unexpected_message)));
  home_->dropped_mail.fetch_add(1, std::memory_order_relaxed);
  std::string kind = std::string{name()} + " does not take this message, which is dropped: (" +
                     types_of(home_->system(), element.content()) + ")";
  home_->log_limited(kind, {.level = log_level::warning}, [&](log_limiter::length) { return kind; });
}

void loop_actor::forget(const response_receiver& r) noexcept {
  std::erase_if(pending_, [&r](const pending_request& p) { return p.receiver == &r; });
}

void loop_actor::add_receiver(mail_receiver& r, const caf::strong_actor_ptr& peer, bool monitors) {
  r.next_ = std::exchange(receivers_, &r);
  if (peer == nullptr) return;
  r.peer_ = caf::actor_cast<caf::actor_addr>(peer);
  r.monitors_ = monitors;
  if (monitors) local_actor::monitor(peer->get(), caf::message_priority::normal);
}

void loop_actor::remove_receiver(const mail_receiver& r) {
  mail_receiver** at = &receivers_;
  while (*at != nullptr && *at != &r) at = &(*at)->next_;
  if (*at == nullptr) return;
  *at = r.next_;
  if (r.monitors_) demonitor(r.peer_);
}

bool loop_actor::offer_mail(caf::mailbox_element& element) {
  for (mail_receiver* r = receivers_; r != nullptr; r = r->next_) {
    if (r->on_mail(element)) return true; // may have changed the list
  }
  return false;
}

void loop_actor::tell_down(caf::mailbox_element& element) {
  const auto& down = element.content().get_as<caf::down_msg>(0);
  std::vector<mail_receiver*> told;
  for (mail_receiver* r = receivers_; r != nullptr; r = r->next_) {
    if (r->peer_ == down.source) told.push_back(r);
  }
  if (told.empty()) offer_mail(element);
  for (mail_receiver* r : told) {
    mail_receiver* still = receivers_;
    while (still != nullptr && still != r) still = still->next_;
    if (still != nullptr) r->on_down(down.reason);
  }
}

void loop_actor::tell_own_end() {
  while (receivers_ != nullptr) {
    mail_receiver* r = receivers_;
    remove_receiver(*r);
    r->on_own_end(); // may remove others
  }
}

void loop_actor::quit(caf::error reason) {
  if (!alive_) return;
  alive_ = false;
  on_exit();
  tell_own_end();
  close_mailbox(reason);
  cleanup(std::move(reason), context());
}

void loop_actor::close_mailbox(const caf::error& reason) {
  caf::mailbox_element* rest = head_.exchange(closed_mark(), std::memory_order_acq_rel);
  if (rest == closed_mark()) return;
  while (rest != nullptr) {
    const caf::mailbox_element_ptr element{rest};
    rest = static_cast<caf::mailbox_element*>(rest->next);
    element->next = nullptr;
    refuse_mail(*element, reason);
  }
}

} // namespace swill::actors
