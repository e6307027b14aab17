#include "libswill/client/detail/socket_line.hpp"

#include "libswill/client/errors.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace swill::client_detail {

namespace websocket = net::websocket;

namespace {

constexpr std::size_t keep_capacity = 1024 * 1024;
constexpr auto client = websocket::role::client;

} // namespace

socket_line::socket_line(net::event_loop& l, const client_options& o, line_sink& s)
    : stream_socket(l, leaves::at_turn_end),
      options_(o),
      sink_(&s),
      connector_(l, o.look_up),
      codec_(client, o.message_size) {}

void socket_line::on_exception(std::exception_ptr e) noexcept {
  if (phase_ < phase::open) return fail(std::move(e));
  try {
    std::rethrow_exception(std::move(e));
  } catch (const std::exception& what) {
    die({1006, what.what(), false});
  } catch (...) {
    die({1006, "exception of unknown type", false});
  }
}

// --- output

buffer& socket_line::begin_message() {
  message_at_ = websocket::begin_frame(prepare_output(), client);
  return output_;
}

void socket_line::end_message() {
  if (phase_ != phase::open) return output_.truncate(message_at_);
  websocket::end_frame(output_, message_at_, websocket::opcode::binary, client);
  flush_later();
}

void socket_line::append_frame(websocket::opcode op, bytes_view payload) {
  websocket::append_frame(prepare_output(), op, payload, client);
  flush_later();
}

void socket_line::append_close(int code, std::string_view reason) {
  websocket::append_close(prepare_output(), code, reason, client);
  codec_.mute();
  flush_later();
}

void socket_line::ping() {
  if (phase_ == phase::open) append_frame(websocket::opcode::ping, as_bytes("ping"));
}

void socket_line::on_flush() {
  if (backlog() >= options_.send_buffer) was_full_ = true; // client_connection::is_congested; only here does it fall
}

void socket_line::on_send_failed(int) {
  // The peer may have said why before it went: what it sent is still there to be read.
  drop_output();
  if (phase_ != phase::open && phase_ != phase::upgrading) return die(why_);
  on_flushed();
}

void socket_line::on_flushed() {
  if (backlog() == 0 && phase_ == phase::ending) return die(why_);
  if (phase_ != phase::open || !was_full_ || backlog() > options_.send_buffer / 2) return;
  was_full_ = false;
  if (sink_ != nullptr) sink_->on_writable();
}

// --- input

bool socket_line::wants_input() const noexcept {
  return !paused_ && (phase_ == phase::upgrading || phase_ == phase::open || phase_ == phase::closing);
}

void socket_line::pause_reading(bool paused) {
  if (paused_ == paused) return;
  paused_ = paused;
  if (paused) return;
  // Never from within the caller: it may be at its items right now.
  socket_loop().post([self = shared_from_this()] {
    self->heard_ = self->socket_loop().now();
    self->guarded([&] {
      self->take({});
      self->go_on_reading();
    });
  });
}

void socket_line::go_on_reading() {
  if (is_watching() || !is_open())
    watch();
  else
    start_watching();
}

void socket_line::on_input(bytes_view data) {
  heard_ = socket_loop().now();
  pinged_ = false;
  if (phase_ != phase::upgrading) return take(data);
  kept_.append(data);
  read_upgrade(false);
}

void socket_line::on_peer_gone(int error) {
  if (phase_ == phase::upgrading) return read_upgrade(true);
  if (phase_ != phase::open) return die(why_);
  die({1006, error == 0 ? std::string{} : std::generic_category().message(error), true});
}

void socket_line::on_broken() {
  if (phase_ == phase::open) return stop_watching(); // paused: what came before is read first, then the end
  die(why_);
}

void socket_line::take(bytes_view data) {
  if (phase_ == phase::open || phase_ == phase::closing)
    use_input(data, [this](bytes_view input) { return decode(input); });
}

// Takes as many messages as there are and may be; returns how many bytes that were.
std::size_t socket_line::decode(bytes_view data) {
  codec_.feed(data, output_, sent(), output_begin());
  while (!paused_ && (phase_ == phase::open || phase_ == phase::closing) && codec_.ready())
    if (!step()) break;
  if (phase_ == phase::ended || phase_ == phase::ending) return data.size();
  if (message_.empty() && message_.capacity() > keep_capacity) message_.release();
  return data.size() - codec_.left();
}

// A message, or as much of it as there is. False when there is nothing more to be had.
bool socket_line::step() {
  // Room grows with what has come, whatever the frame declares.
  const std::size_t room = std::clamp<std::size_t>(codec_.left(), 512, net::poller::received_size);
  std::byte* to = message_.reserve(room);
  std::size_t got = 0;
  const std::size_t queued = output_.size();
  const auto status = codec_.read(to, room, got);
  if (output_.size() != queued) flush_later();
  message_.commit(got);
  // Pings of check_ping have no payload, those of ping() have one.
  for (auto n = codec_.take_pongs(); n != 0 && sink_ != nullptr && phase_ == phase::open; --n) sink_->on_pong();
  if (status == websocket::read_status::closed) {
    if (phase_ == phase::closing)
      die(why_);
    else if (phase_ == phase::open)
      end_after_output(codec_.why());
    return false;
  }
  if (got != 0 && codec_.is_text() && phase_ == phase::open) {
    append_close(1003, "text is not spoken here");
    end_after_output({1003, "text is not spoken here", false});
    return false;
  }
  if (status != websocket::read_status::done) return got != 0;
  if (phase_ == phase::open && sink_ != nullptr) sink_->on_message(message_.view());
  message_.clear();
  return true;
}

// --- time

void socket_line::on_timer() {
  const auto keep = shared_from_this();
  if (phase_ < phase::open) {
    return guarded([this] {
      upgrade_->reject_if_refused();
      throw connect_error(connect_error::kind::timed_out, "no connection within the connect timeout");
    });
  }
  if (phase_ != phase::open) return die(why_);
  check_ping();
}

void socket_line::check_ping() {
  auto& l = socket_loop();
  if (paused_) heard_ = l.now(); // whatever came, we did not look
  if (pinged_) return die({1006, "no answer to a ping", false});
  const clock_time due = heard_ + options_.ping_interval;
  if (l.now() < due) return l.set_timer(*this, due);
  pinged_ = true;
  append_frame(websocket::opcode::ping, {});
  l.set_timer(*this, l.now() + options_.ping_timeout);
}

// --- the end

void socket_line::close(int code, std::string_view reason) {
  if (phase_ != phase::open) return;
  append_close(code, reason);
  why_ = {code, std::string{reason}, false};
  phase_ = phase::closing;
  socket_loop().set_timer(*this, socket_loop().now() + options_.close_timeout);
  pause_reading(false); // the server's half may come after what was held back
}

void socket_line::abandon() {
  sink_ = nullptr;
  if (phase_ < phase::open) return hang_up();
  close(1000, {});
}

void socket_line::end_after_output(close_reason why) {
  why_ = std::move(why);
  phase_ = phase::ending;
  socket_loop().set_timer(*this, socket_loop().now() + options_.close_timeout);
  flush_later();
}

void socket_line::hang_up() noexcept {
  phase_ = phase::ended;
  timer::cancel();
  connector_.cancel();
  close_socket();
  socket_loop().let_go(this);
}

void socket_line::die(const close_reason& why) {
  if (phase_ == phase::ended) return;
  const auto keep = shared_from_this();
  const close_reason told = why; // may be a member: NOLINT(performance-unnecessary-copy-initialization)
  hang_up();
  if (line_sink* sink = std::exchange(sink_, nullptr)) sink->on_closed(told);
}

} // namespace swill::client_detail
