#include "libswill/transport/detail/server_connection.hpp"

#include <algorithm>
#include <utility>

namespace swill::transport::detail {

server_connection::server_connection(std::shared_ptr<core> c, lane& l, net::newcomer n, const door& through, seat has)
    : stream_socket(l.loop, leaves::at_round_end, n.fd),
      core_(std::move(c)),
      lane_(l),
      seat_(has),
      http_(std::make_unique<http_part>(core_->settings.limits.header_size,
                                        through.how.is_internal ? core_->internal_routes : core_->routes, through)) {
  http_->peer = std::move(n);
}

server_connection::~server_connection() {
  if (phase_ == phase::ended) return;
  // The loop went away under us: no callbacks any more.
  phase_ = phase::ended;
  leave_list();
  core_->leave(seat_);
}

void server_connection::start() {
  self_ = shared_from_this();
  next = lane_.first;
  if (next != nullptr) next->here = &next;
  lane_.first = this;
  here = &lane_.first;
  lane_.count.accepted.add();
  guarded([&] {
    if (http_->door_tls != nullptr) secure(*http_->door_tls);
    start_watching();
    heard_ = now();
    arm(deadline_ = heard_ + limits_of().handshake_timeout);
  });
}

void server_connection::on_exception(std::exception_ptr) noexcept {
  lane_.log.write_caught("exception", "exception on an I/O thread ends the connection: ");
  lane_.count.exceptions.add();
  die({1006, "exception", false});
}

void server_connection::arm(clock_time when) {
  // One timer for all deadlines: never moved back, so that a busy connection does not touch the queue.
  if (!is_set() || when < due()) lane_.loop.set_timer(*this, when);
}

void server_connection::on_timer() {
  const auto keep = shared_from_this();
  guarded([this] { check_deadlines(); });
}

void server_connection::check_deadlines() {
  if (is_stuck() && phase_ != phase::ended) {
    const clock_duration patience = limits_of().slow_reader_timeout;
    if (output_moved()) progress_ = heard_ = now();
    if (now() >= progress_ + patience) {
      lane_.count.slow_readers.add();
      lane_.log.write(log_level::warning, "slow reader", "peer does not read: connection dropped");
      return die({1006, "slow reader", false});
    }
    arm(std::min(progress_ + patience, now() + patience / looks));
  }
  switch (phase_) {
    case phase::head:
      if (now() < deadline_) return arm(deadline_);
      if (!kept_.empty()) return refuse_head(408, "Request Timeout");
      if (http_->answers == 0) lane_.count.turned_away.add();
      return die({1006, "handshake timeout", false});
    case phase::open:
      if (short_) check_memory();
      if (is_message_late()) return close(1008, "message was not complete in time");
      return check_ping();
    case phase::closing:
    case phase::lingering:
      // The peer's time begins when it has all of ours.
      if (is_stuck()) return arm(deadline_ = now() + limits_of().close_timeout);
      if (now() < deadline_) return arm(deadline_);
      return die(our_close_);
    case phase::deciding:
    case phase::answering:
    case phase::ended: return;
  }
}

void server_connection::check_ping() {
  if (limits_of().ping_interval.count() == 0) return;
  if (!may_deliver()) {
    pinged_ = false; // while we do not read, the peer's silence means nothing
    heard_ = now();
    if (heard_ < deadline_) return arm(deadline_);
    if (backlog() == 0) send_ping(); // where nothing moves either way: see hold()
    return hold();
  }
  if (pinged_ && heard_ <= deadline_ - limits_of().ping_timeout) {
    if (now() < deadline_) return arm(deadline_);
    // The ping waits its turn after other output: where that moves, the peer lives and reads, if slowly.
    const bool ping_waits = acknowledged() < ping_at_;
    if (output_moved() && ping_waits) return arm(deadline_ = (heard_ = now()) + limits_of().ping_timeout);
    lane_.count.ping_timeouts.add();
    lane_.log.write(log_level::warning, "ping timeout", "peer does not answer pings: connection dropped");
    return die({1006, "ping timeout", false});
  }
  pinged_ = false;
  const auto quiet_until = heard_ + limits_of().ping_interval;
  if (now() < quiet_until) return arm(quiet_until);
  send_ping();
  pinged_ = true;
  deadline_ = now() + limits_of().ping_timeout;
  arm(std::min(deadline_, now() + clock_duration{limits_of().ping_interval}));
}

void server_connection::send_ping() {
  prepare_output();
  output_moved();
  ping_at_ = output_end();
  websocket::append_frame(output_, websocket::opcode::ping, {});
  flush_later();
}

void server_connection::shut_down() {
  const auto keep = shared_from_this();
  guarded([this] {
    if (phase_ == phase::open)
      close(1001, "server is going away");
    else if (phase_ == phase::head && kept_.empty())
      die({1006, "server stopped", false});
    else if (phase_ == phase::answering)
      http_->keeps = false;
    else if (phase_ == phase::head)
      refuse_head(503, "Server is stopping", {{"Retry-After", "1"}});
    else if (phase_ == phase::deciding)
      respond(503, "Server is stopping", {{"Retry-After", "1"}});
  });
}

void server_connection::finish(const close_reason& why) {
  if (codec_ == nullptr || std::exchange(told_, true)) return; // it never was a connection, or is over
  auto& count = lane_.count;
  if (why.code == 1006)
    count.dropped.add();
  else if (why.code == 1000 || why.code == 1001 || why.code == 1005)
    count.closed_normally.add();
  else if (why.code >= 3000)
    count.closed_by_application.add();
  else
    count.closed_for_error.add();

  message_sink* sink = std::exchange(sink_, nullptr);
  if (sink == nullptr) return;
  try {
    sink->on_closed(why);
  } catch (...) {
    lane_.log.write_caught("on_closed", "exception in on_closed: ");
  }
}

// Everything has been said. What is queued goes out; then TCP ends, after the peer's side where it may still be sending: closing with
// unread input would reset the connection and take our last words with it. Whoever is served no longer keeps no place from others meanwhile.
void server_connection::linger(bool until_peer_ends) {
  if (phase_ == phase::ended) return;
  phase_ = phase::lingering;
  linger_for_peer_ = until_peer_ends && !peer_ended_ && take_waiting_seat();
  if (!linger_for_peer_) core_->move(seat_, seat::waiting);
  pauses_ = 0;
  congested_ = full_ = short_ = false;
  drop_input();
  message_.release();
  arm(deadline_ = now() + limits_of().close_timeout);
  flush_later();
  watch();
}

// Where the waiting room is full, the one that has had most time there gives its seat to this one: the two change seats, so that no other thread takes it
// first. False where all who could give theirs are on other loops, or still have something to send.
bool server_connection::take_waiting_seat() {
  if (core_->move(seat_, seat::waiting)) return true;
  server_connection* const gives = longest_done(lane_);
  if (gives == nullptr) return false;
  std::swap(seat_, gives->seat_);
  gives->die(gives->our_close_);
  return true;
}

bool server_connection::end_longest_done(lane& l) {
  server_connection* const c = longest_done(l);
  if (c != nullptr) c->die(c->our_close_);
  return c != nullptr;
}

// Where the peer's side of TCP does not have the end of the answer yet, closing could take it back. So of those that have waited longest the first that has
// all is the one, and the very first where none has: only a few are looked at, since each look is a system call.
server_connection* server_connection::longest_done(lane& l) noexcept {
  constexpr int most_looked_at = 16;
  server_connection* c = l.done;
  for (int i = 0; i < most_looked_at && c != nullptr; ++i, c = c->next)
    if (c->peer_has_output()) return c;
  return l.done;
}

// The kernel has all of its output.
void server_connection::join_done() noexcept {
  leave_list();
  done_ = true;
  lane_.done_count.fetch_add(1, std::memory_order_relaxed);
  here = lane_.done_end;
  *here = this;
  lane_.done_end = &next;
}

void server_connection::leave_list() noexcept {
  if (here == nullptr) return;
  if (std::exchange(done_, false)) lane_.done_count.fetch_sub(1, std::memory_order_relaxed);
  *here = next;
  if (next != nullptr)
    next->here = here;
  else if (lane_.done_end == &next)
    lane_.done_end = here;
  next = nullptr;
  here = nullptr;
}

void server_connection::die(const close_reason& why) {
  if (phase_ == phase::ended) return;
  const auto keep = std::exchange(self_, nullptr);
  const auto undecided = phase_ == phase::deciding ? http_->asked.lock() : nullptr;
  if (phase_ == phase::answering) lane_.count.answering.subtract();
  phase_ = phase::ended;
  timer::cancel();
  finish(why);
  if (undecided) undecided->tell_gone();
  close_socket();
  leave_list();
  account(0);
  core_->leave(seat_);
}

} // namespace swill::transport::detail
