#include "libswill/transport/detail/server_connection.hpp"

#include "libswill/base/utf8.hpp"

#include <algorithm>
#include <chrono>
#include <poll.h>
#include <sys/ioctl.h>
#include <utility>

// What a connection reads: when there is something, one recv into a buffer that all connections of the loop share. What cannot be used at
// once is kept by the connection.

namespace swill::transport::detail {

namespace {

// Whether turn_time is over is asked after so many messages, and oftener at the beginning of a turn: cheap ones pay little for it, and dear ones
// are noticed soon.
constexpr int messages_per_look = 16;
// What came with the request while the gate decides, or while it is answered; beyond that, the socket keeps it.
constexpr std::size_t early_input = 16 * 1024;

} // namespace

bool server_connection::wants_input() const noexcept {
  if (peer_ended_) return false;
  switch (phase_) {
    case phase::head:
    case phase::lingering: return true;
    case phase::deciding:
    case phase::answering: return kept_.size() < early_input;
    case phase::open:
    case phase::closing: return may_deliver() && !resuming_;
    case phase::ended: return false;
  }
  return false;
}

bool server_connection::wants_input_soon() const noexcept {
  return posted_ && phase_ == phase::open && !peer_ended_ && pauses_ == 0 && !congested_ && !full_ && !short_;
}

// Control frames are no messages; the share of who sends many of them is one of bytes.
std::size_t server_connection::on_read_begin() {
  budget_ = messages_per_turn();
  turn_over_ = false;
  return net::poller::received_size * static_cast<std::size_t>(messages_per_turn()) / most_messages;
}

void server_connection::on_input(bytes_view data) {
  heard_ = now();
  lane_.count.bytes_in.add(data.size());
  take(data);
}

void server_connection::take(bytes_view data) {
  switch (phase_) {
    case phase::head:
      if (kept_.empty() && http_->answers != 0) arm(deadline_ = now() + limits_of().handshake_timeout);
      kept_.append(data);
      read_head();
      break;
    case phase::deciding:
    case phase::answering: kept_.append(data); break;
    case phase::open:
    case phase::closing:
      use_input(data, [this](bytes_view input) { return decode(input); });
      time_message();
      break;
    case phase::lingering:
    case phase::ended: return;
  }
  account();
}

// Decodes and delivers as much as there is and may be; returns how many bytes that were.
std::size_t server_connection::decode(bytes_view data) {
  if (!may_deliver()) return 0;
  codec_->feed(data, output_, sent(), output_begin());
  while ((phase_ == phase::open || phase_ == phase::closing) && may_deliver() && codec_->ready()) {
    if (is_turn_over()) {
      go_on_later();
      break;
    }
    if (!step()) break;
  }
  if (phase_ == phase::lingering || phase_ == phase::ended) return data.size();
  return data.size() - codec_->left();
}

// One message less in this turn: whether there may be one more.
bool server_connection::is_turn_over() noexcept {
  if (budget_-- <= 0) return true;
  const int taken = messages_per_turn() - budget_;
  return (taken % messages_per_look == 0 || taken == 4 || taken == 8) && lane_.loop.turn_age() > turn_time;
}

// One message, or as much of it as there is. False when Beast waits for more than there is.
bool server_connection::step() {
  std::size_t have = 0;
  if (phase_ == phase::closing) message_.release(); // nobody waits for it
  if (message_.capacity() == 0) {
    if (codec_->read_whole(lane_.assembled.data(), lane_.assembled.size(), have)) {
      deliver(bytes_view{lane_.assembled}.first(have));
      return true;
    }
    if (codec_->frame_left() == 0 || phase_ == phase::closing) return step_in_scratch();
    message_ = lane_.loop.sockets()->take_buffer(); // a part of a frame: it goes to where all of it is going to be
  }
  // Room grows with what has come, whatever the frame declares; for the rest of it where at least half of that is there.
  const std::size_t left = codec_->left();
  const std::uint64_t rest = codec_->frame_left();
  const bool is_near = rest != 0 && rest / 2 <= left;
  const auto room = is_near ? static_cast<std::size_t>(rest) : std::clamp<std::size_t>(left, 512, lane::scratch_size);
  std::byte* to = message_.reserve(room);
  const bool whole = receive(to, room, have);
  if (phase_ != phase::open && phase_ != phase::closing) return false;
  message_.commit(have);
  if (held_ != 0 || message_.size() > least_share) check_memory();
  if (!whole) return have != 0 || codec_->ready();
  buffer message = std::move(message_);
  deliver(message.view());
  lane_.loop.sockets()->give_back(std::move(message));
  return true;
}

// The same where nothing of the message is kept yet, and it may be that nothing has to be.
bool server_connection::step_in_scratch() {
  std::size_t have = 0;
  const bool whole = receive(lane_.assembled.data(), lane_.assembled.size(), have);
  if (phase_ != phase::open && phase_ != phase::closing) return false;
  if (whole) {
    deliver(bytes_view{lane_.assembled}.first(have));
    return true;
  }
  if (have != 0 && phase_ == phase::open) {
    message_ = lane_.loop.sockets()->take_buffer();
    message_.append(lane_.assembled.data(), have);
  }
  return codec_->ready();
}

// After codec::ready(): reads until the message is complete (true), the room is used up, or the input ends.
bool server_connection::receive(std::byte* to, std::size_t room, std::size_t& have) {
  const std::size_t queued = output_.size();
  auto status = websocket::read_status::more;
  do {
    std::size_t got = 0;
    status = codec_->read(to + have, room - have, got);
    have += got;
    if (status == websocket::read_status::closed) break;
    if (have != 0 && !echo_ && phase_ == phase::open && codec_->is_text()) {
      close(1003, "text messages are not supported");
      return false;
    }
  } while (status == websocket::read_status::more && have < room && codec_->ready());
  if (output_.size() != queued) {
    flush_later();
    check_output(); // pongs count, too
  }
  if (status == websocket::read_status::closed) {
    const close_reason why = codec_->why();
    const bool answered = phase_ == phase::closing;
    const close_reason told = answered ? our_close_ : why;
    our_close_ = told;
    finish(told);
    linger(!why.by_peer);
    return false;
  }
  return status == websocket::read_status::done;
}

void server_connection::deliver(bytes_view message) {
  if (begun_ != clock_time{}) begun_ = stopped_ = {};
  if (phase_ != phase::open) return; // after our close frame nothing goes up
  lane_.count.messages_in.add();
  if (echo_) {
    // Beast does not notice that text ends within a character when the last fragment is empty.
    if (codec_->is_text() && !valid_utf8(as_text(message))) return close(1007, "invalid UTF-8");
    prepare_output();
    websocket::append_frame(output_, codec_->is_text() ? websocket::opcode::text : websocket::opcode::binary, message);
    lane_.count.messages_out.add();
    check_output();
    return flush_later();
  }
  if (codec_->is_text()) return close(1003, "text messages are not supported");
  ++traffic_.messages_in;
  traffic_.bytes_in += message.size();
  try {
    sink_->on_message(message);
  } catch (...) {
    lane_.log.write_caught("on_message", "exception in on_message: ");
    lane_.count.exceptions.add();
    close(1011, "internal error");
  }
  check_output();
}

// While the application or the budget holds reading back, the end of the peer must not wait until that is read. Congestion is
// another matter: the peer reads what is queued, or the timeout of slow readers ends it.
bool server_connection::watches_end() const noexcept {
  return phase_ == phase::open && (pauses_ != 0 || full_ || short_) && !resuming_ && !fresh_ && !peer_ended_ &&
         !end_seen_;
}

void server_connection::on_broken() {
  die(phase_ == phase::open ? close_reason{1006, "connection lost", true} : our_close_);
}

void server_connection::on_end_waits() {
  pollfd p{descriptor(), POLLRDHUP, 0};
  if (::poll(&p, 1, 0) != 1 || (p.revents & POLLRDHUP) == 0) return;
  end_seen_ = true;
  // Requests that wait for this peer are cancelled now. Where there are none, what it sent before its end goes up first, once reading
  // goes on: it may not have been heard at all yet (after_accept).
  int unread = 0;
  ::ioctl(descriptor(), FIONREAD, &unread);
  if (held_ != 0 || (unread == 0 && kept_.empty())) on_peer_gone("end of stream");
}

void server_connection::on_peer_gone(const char* how) {
  peer_ended_ = true;
  switch (phase_) {
    case phase::open:
      // Its side of TCP may be closed only for sending: what is queued gets its chance.
      our_close_ = {1006, how, true};
      finish(our_close_);
      core_->move(seat_, seat::waiting);
      phase_ = phase::lingering;
      linger_for_peer_ = false;
      arm(deadline_ = now() + limits_of().close_timeout);
      return flush_later();
    case phase::lingering:
      linger_for_peer_ = false;
      if (!is_stuck() && backlog() == 0) return die(our_close_);
      return flush_later();
    case phase::closing: return die(our_close_);
    case phase::head:
      if (has_more_requests()) return; // as while one is answered; read_head() ends it where they are no whole ones
      if (http_->answers == 0) lane_.count.turned_away.add();
      return die({1006, how, true});
    case phase::answering: return; // its side may be closed only for sending: what it has asked is answered
    case phase::deciding: return die({1006, how, true});
    case phase::ended: return;
  }
}

// Goes on with what was kept, and with reading, in a later turn: never from inside a call of the application.
void server_connection::resume_later() {
  if (resuming_ || phase_ == phase::ended) return;
  resuming_ = posted_ = true; // nothing is read until then: what is kept comes first
  lane_.loop.post([self = shared_from_this()] { self->resume(); });
}

void server_connection::resume() {
  resuming_ = posted_ = false;
  if (phase_ == phase::ended) return;
  guarded([this] {
    fresh_ = end_seen_ = false;
    resume_clock();
    budget_ = messages_per_turn();
    if (!kept_.empty() && may_deliver()) take({});
    watch();
  });
}

// The same where this connection has used up its turn: after those who have not.
void server_connection::go_on_later() {
  turn_over_ = true;
  note_input(false);
  if (std::exchange(resuming_, true)) return;
  lane_.loop.sockets()->later(*this);
}

void server_connection::on_later() noexcept {
  const auto keep = self_;
  resume();
}

} // namespace swill::transport::detail
