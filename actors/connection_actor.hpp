#pragma once

#include "actors/loop_actor.hpp"
#include "actors/messages.hpp"
#include "actors/refused_uploads.hpp"
#include "actors/request_actor.hpp"
#include "actors/seq_table.hpp"

#include "libswill/api/connection.hpp"
#include "libswill/api/ports.hpp"
#include "libswill/api/serving/call_surroundings.hpp"
#include "libswill/api/serving/service.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace swill::actors {

/// Coroutines of a connection outside of its requests: its hooks.
class hook_scope final : public scope {
public:
  /// `before` a connection serves, or after it has ended: a server that stops gives those more time.
  enum class when : std::uint8_t { before, after };

  hook_scope(unit& u, const swill::connection& facts, when w, std::function<void(std::exception_ptr)> done);
  ~hook_scope() override;
  void start(task<void> t);
  void offload(std::shared_ptr<pool_job> job) override;
  void* native_actor() noexcept override;
  when runs() const noexcept { return runs_; }

  /// What loop::entered says while such hooks run.
  static const char tag;

private:
  void on_idle() override;
  unit& unit_;
  const swill::connection* facts_; ///< whose jobs on the pool these are
  when runs_;
  task<void> main_;
  std::function<void(std::exception_ptr)> done_;
  caf::strong_actor_ptr asker_; // the sender of what the hooks ask; made when they do
};

/// Hears of a unit's connections as they are opened and are over, on its thread.
class connection_watcher {
public:
  virtual void on_connected(connection_actor& c) = 0;
  virtual void on_disconnected(connection_actor& c, const close_reason& why) = 0;
  /// Its requests have unwound and after_connection has run: nothing follows.
  virtual void on_ended(connection_actor& /*c*/) {}

protected:
  ~connection_watcher() = default;
};

/// One open connection: takes its envelopes, starts and ends its requests, and outlives them all. Above it are the request actors, below
/// it a message port. Ends when the port is closed, every request has unwound, and after_connection has run; when it is killed, the
/// connection is closed with 1011 first.
class connection_actor final : public loop_actor, public message_sink, private connection_closer {
public:
  /// The unit's server is told once, when nothing of the connection is left.
  connection_actor(caf::actor_config& config, unit& home, std::shared_ptr<swill::connection> facts);

  const char* name() const override { return "swill.connection"; }

  /// The connection is accepted: runs after_accept, then reads.
  void begin(message_port& port);
  /// Takes no new requests; endless ones end with ERROR 503. Closes with 1001 when none is open any more.
  void drain();
  bool is_draining() const noexcept { return around_.is_draining.load(std::memory_order_relaxed); } ///< [any thread]
  void close(int code, std::string_view reason);
  /// The same for a peer that is not expected to answer: what is queued and the close frame are given to the kernel, and nobody waits for more.
  void close_at_once(int code, std::string_view reason);
  /// Ends an open request with ERROR 499, which says why: what it was. Nothing when no request of that seq is open.
  std::optional<request_info> cancel(std::uint64_t seq, std::string why);
  /// Ends every open request without an answer.
  void cancel_all();
  /// The server stops: closes with 1001 and cancels what is open. Hooks that run after a request or after the connection may still wait.
  void let_go();
  /// The server stops now: no hook waits any longer.
  void give_up();

  // --- For its requests
  swill::connection& facts() const noexcept { return *facts_; }
  const detail::service& app() const noexcept { return around_.app; }
  void on_final(request_call& r);
  void on_finished(request_call& r);
  /// The actor of an open request was killed: the request is answered 500 and unwinds here.
  void adopt(std::unique_ptr<request_call> r);

  /// To the client's inbox, where that is this server's; whether it is open.
  bool push(std::string_view name, const value& v) { return app().push && app().push(*facts_, name, v); }

  std::size_t open_requests() const noexcept { return book_ ? book_->open.size() : 0; }
  /// The handlers' names of requests that have not had their last envelope.
  std::vector<std::string> open_names() const;

  connection_info info() const;
  std::vector<request_info> requests();
  std::chrono::milliseconds age() const noexcept;
  connection_notes notes() const;
  std::size_t slot = 0;     ///< in the unit's list of connections
  std::uint64_t number = 0; ///< ascending, in the order in which the unit's connections were opened; 0 before

  // --- message_sink
  void on_message(bytes_view message) override;
  void on_writable() override { around_.waiting.run(); } // they wait again when there is no room for them
  void on_closed(const close_reason& why) override;

  void on_exit() override;

private:
  struct finished_request {
    std::uint64_t seq = 0;
    std::size_t rpc = 0; ///< its key: a handler of a worker may go, and come back as another object
  };
  /// What a connection has once one of its requests was not served at once by a plain function.
  struct request_book {
    explicit request_book(std::size_t remembered_requests) : refused(remembered_requests) {}
    seq_table<request_call> open;                       ///< requests whose final envelope is still to come
    std::vector<caf::strong_actor_ptr> requests;        ///< requests whose handler or hooks still run
    std::vector<std::shared_ptr<request_call>> orphans; // shared with the unit's garbage when they are done
    std::vector<finished_request> remembered;           ///< a ring
    std::size_t next_remembered = 0;
    refused_uploads refused;
  };

  bool on_mail(caf::mailbox_element& element) override;
  bool take(caf::mailbox_element& element);
  bool take_own(caf::mailbox_element& element);
  void take_push(caf::mailbox_element& element);
  template <class F>
  void attempt(caf::mailbox_element& element, std::string_view what, const F& f);
  template <class F>
  void answer(caf::mailbox_element& element, std::string_view what, const F& f);
  void on_close_wanted(int code, std::string_view reason) override { close(code, reason); }
  void* native_actor() noexcept override { return static_cast<loop_actor*>(this); }

  const request_book& book() const noexcept;
  request_book& to_book();
  request_call* find_open(std::uint64_t seq) const noexcept { return book_ ? book_->open.find(seq) : nullptr; }

  bool serve_at_once(bytes_view message);
  bool take(const detail::handler& h, const wire::request_envelope& e);
  void on_envelope(const wire::request_envelope& e);
  void on_open_request(request_call& c, const wire::request_envelope& e);
  void on_new_request(const wire::request_envelope& e);
  bool serve_plain(const detail::handler& h, const wire::request_envelope& e);
  bool may_open() const noexcept;
  bool may_begin() const noexcept;
  void open(const detail::handler& h, const wire::request_envelope& e);
  void run(caf::strong_actor_ptr a, const detail::handler& h, const wire::request_envelope& e);
  void answer_error(const wire::request_envelope& e, const error& why);
  /// What a request is told that a draining server does not take, or does not go on with.
  static error going_away();
  /// Answers an envelope that opens nothing. If it is the first of an upload, the rest of that will not open anything either.
  void refuse(const wire::request_envelope& e, const error& why);
  void refuse_rest(const wire::request_envelope& e);
  /// The rest of an upload that has ended; it has been dealt with.
  bool is_late(const wire::request_envelope& e, const detail::handler* h);
  bool was_refused(const wire::request_envelope& e, const detail::handler* h);
  void bad_request(const wire::request_envelope& e, std::string_view problem);
  const detail::handler* find_handler(std::string_view rpc) noexcept;
  void remember(std::uint64_t seq, std::string_view rpc);
  bool is_remembered(std::uint64_t seq, std::string_view rpc) const noexcept;
  /// `number`: of the hook, among those of its name.
  void log_failure(std::string_view hook, std::size_t number, std::exception_ptr failure) const;
  template <class F>
  void for_each_call(const F& f);
  /// The actor at that place of requests_, no longer among them.
  caf::strong_actor_ptr take_out(std::size_t slot);
  void finish_if_done();
  void start_after_connection();
  task<void> run_after_accept(task<void> first, std::size_t next);
  void on_accepted(const std::exception_ptr& failure);
  task<void> run_after_connection();
  void leave_unit() noexcept;

  std::shared_ptr<swill::connection> facts_; // shared with the handshake until it is over; keeps the service
  detail::call_surroundings around_;         ///< with the port
  const detail::handler* last_handler_ = nullptr;
  std::unique_ptr<request_book> book_;
  std::unique_ptr<hook_scope> hooks_;
  caf::strong_actor_ptr
      self_; ///< keeps this actor from begin() until everything has ended, since the port calls it that long
  clock_time since_;
  std::unique_ptr<close_reason> closed_; ///< for after_connection, once the port is closed
  bool was_accepted_ = false;
  bool is_closed_ = false;
  bool after_connection_started_ = false;
  bool has_ended_ = false; ///< and the server was told
};

inline connection_actor& as_connection(const caf::strong_actor_ptr& p) noexcept {
  return *static_cast<connection_actor*>(p->get());
}

} // namespace swill::actors
