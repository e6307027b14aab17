#pragma once

#include "actors/unit.hpp"

#include "libswill/base/scope.hpp"

#include <caf/all.hpp>

#include <atomic>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace swill::actors {

/// Receives the answer to one request that an actor has sent.
class response_receiver {
public:
  virtual void on_response(caf::type_erased_tuple& content) = 0;

protected:
  ~response_receiver() = default;
};

/// Takes what another actor sends to one request beside responses (a streaming handler actor), and learns of that actor's end.
class mail_receiver {
public:
  virtual bool on_mail(caf::mailbox_element& element) = 0;
  virtual void on_down(const caf::error& reason) = 0;
  /// The actor that had this receiver ends, and has it no more: neither mail nor responses will come.
  virtual void on_own_end() = 0;

protected:
  virtual ~mail_receiver() = default;

private:
  friend class loop_actor;
  mail_receiver* next_ = nullptr;
  caf::actor_addr peer_;
  bool monitors_ = false; ///< peer_, by a monitor of CAF
};

class loop_actor;

/// Mail that is a function: see send_function.
class function_mail : public caf::mailbox_element {
public:
  virtual void run(loop_actor& on) = 0;

  // --- CAF's interface: there is no content.
  caf::type_erased_tuple& content() override { return none_; }
  const caf::type_erased_tuple& content() const override { return none_; }
  caf::message move_content_to_message() override { return {}; }
  caf::message copy_content_to_message() const override { return {}; }

private:
  caf::empty_type_erased_tuple none_;
};

/// A CAF actor on one loop's thread, a fifth of the size of an event_based_actor: handle, mailbox, monitors, links, exit messages and
/// requests are CAF's; what it leaves out are behaviour stacks, timeouts per behaviour, and CAF's streams. Whoever is on the same thread
/// may call its functions directly instead of sending; mail from elsewhere is handled on that thread in the order it came.
class loop_actor : public caf::local_actor, public caf::resumable {
public:
  loop_actor(caf::actor_config& config, unit& home);
  ~loop_actor() override;

  unit& home() const noexcept { return *home_; }

  /// Sends a request; `r` gets its answer, unless it is forgotten before. On this actor's thread.
  template <class Handle, class... Ts>
  caf::message_id send_request(const Handle& to, response_receiver& r, Ts&&... xs) {
    const caf::message_id id = new_request_id(caf::message_priority::normal);
    pending_.push_back({id.response_id(), &r});
    caf::actor_cast<caf::abstract_actor*>(to)->eq_impl(id, caf::strong_actor_ptr{ctrl()}, context(),
                                                       std::forward<Ts>(xs)...);
    return id.response_id();
  }
  void forget(const response_receiver& r) noexcept;

  /// While r is set, it is told when `peer` ends, or this actor, and gets the mail that this actor does not know. Several at a time may be
  /// set. This actor must be alive. Without a peer, r gets the news of all ends that no other receiver is for, as mail. `monitors`: false when
  /// somebody else sends the news of the end of `peer` (watched_end).
  void add_receiver(mail_receiver& r, const caf::strong_actor_ptr& peer, bool monitors = true);
  void remove_receiver(const mail_receiver& r);

  /// Ends this actor, as exit messages do: on_exit runs, monitors and links are told. On its thread.
  void quit(caf::error reason = caf::exit_reason::normal);
  bool is_alive() const noexcept { return alive_; }

  /// Answers mail that is a request; nothing for other mail. On its thread.
  void reply(caf::mailbox_element& to, caf::message answer);
  /// The same later: what it returns answers, and is to be called on this actor's thread. Null for mail that is no request.
  std::function<void(caf::message)> reply_later(caf::mailbox_element& to);
  /// Answers mail that is a request by this error, and counts other mail as dropped. From any thread.
  void refuse_mail(caf::mailbox_element& element, const caf::error& why);

  /// It is about to send mail for a request with this trace-id, or with none (trace_of in ask.hpp). On its thread.
  virtual void note_trace(std::string_view) {}

  // --- CAF's interface
  using caf::abstract_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit*) override;
  void launch(caf::execution_unit* host, bool lazy, bool hide) override;
  resume_result resume(caf::execution_unit* host, std::size_t throughput) override;
  subtype_t subtype() const override { return caf::resumable::unspecified; }
  void intrusive_ptr_add_ref_impl() override { caf::intrusive_ptr_add_ref(ctrl()); }
  void intrusive_ptr_release_impl() override { caf::intrusive_ptr_release(ctrl()); }

protected:
  /// Mail that is neither a response nor a function nor about exits. False: it does not take it. A request is answered so then. Other mail is
  /// dropped, counted and logged: in CAF an error ends an actor that has only sent something, and it was not its fault.
  virtual bool on_mail(caf::mailbox_element&) { return false; }
  /// It handles the last of the mail that it was resumed for: one more reference to it, that of whoever resumes it, ends after that.
  bool handles_last_mail() const noexcept { return handles_last_; }
  bool has_mail() const noexcept { return head_.load(std::memory_order_relaxed) != nullptr; }
  bool is_watched() const noexcept { return attachables_head_ != nullptr; }
  bool has_pending_requests() const noexcept { return !pending_.empty() || receivers_ != nullptr; }

private:
  struct pending_request {
    caf::message_id id;
    response_receiver* receiver;
  };

  static caf::mailbox_element* closed_mark() noexcept;
  bool offer_mail(caf::mailbox_element& element);
  void tell_down(caf::mailbox_element& element);
  void drop(caf::mailbox_element& element);
  void tell_own_end();
  void handle(caf::mailbox_element& element);
  void close_mailbox(const caf::error& reason);

  unit* home_;
  std::atomic<caf::mailbox_element*> head_{nullptr}; ///< newest first; a mark when closed
  std::vector<pending_request> pending_;
  mail_receiver* receivers_ = nullptr; ///< the newest, a list
  bool alive_ = true;
  bool handles_last_ = false;
};

/// "int32_t, order": the types of a message, for the log, without what is in it.
std::string types_of(const caf::actor_system& system, const caf::type_erased_tuple& content);
std::string types_of(const caf::actor_system& system, std::span<const caf::rtti_pair> types);

/// The actor from which coroutines of s send mail; null when they cannot.
loop_actor* sender_of(scope& s);

/// Sends f to an actor of class T: f(actor) runs on its thread, in the order of its mail, unless it has ended before. From any thread.
template <class T, class F>
void send_function(const caf::strong_actor_ptr& to, F f) {
  struct mail final : function_mail {
    explicit mail(F&& g) : function(std::move(g)) {}
    void run(loop_actor& on) override { function(static_cast<T&>(on)); }
    F function;
  };
  to->enqueue(caf::mailbox_element_ptr{new mail{std::move(f)}}, nullptr);
}

/// Makes an actor of class T of that system at home on u. On u's thread, or before its loop runs.
template <class T, class... Ts>
caf::strong_actor_ptr spawn_in(caf::actor_system& system, unit& u, Ts&&... xs) {
  caf::actor_config config{u.sending_face()};
  auto a = caf::make_actor<T, caf::strong_actor_ptr>(system.next_actor_id(), system.node(), &system, config, u,
                                                     std::forward<Ts>(xs)...);
  static_cast<T*>(a->get())->launch(&u, true, false);
  return a;
}
/// Of the unit's own system.
template <class T, class... Ts>
caf::strong_actor_ptr spawn_on(unit& u, Ts&&... xs) {
  return spawn_in<T>(u.system(), u, std::forward<Ts>(xs)...);
}

} // namespace swill::actors
