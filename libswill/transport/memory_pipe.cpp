#include "libswill/transport/memory_pipe.hpp"

#include "libswill/base/error.hpp"
#include "libswill/transport/detail/pending_handshake.hpp"

#include <deque>
#include <utility>

namespace swill {

namespace {

bytes pop(std::deque<bytes>& messages) {
  bytes oldest = std::move(messages.front());
  messages.pop_front();
  return oldest;
}

} // namespace

class memory_pipe::line final : public message_port, public std::enable_shared_from_this<line> {
public:
  line(swill::loop& l, const limits& lim, listener* told) : listener_(told), loop_(l), limits_(lim) {}

  // message_port: the server's end
  swill::loop& loop() noexcept override { return loop_; }
  buffer& begin_message() override {
    message_at_ = message_.size();
    return message_;
  }
  void end_message() override;
  void cancel_message() override { message_.truncate(message_at_); }
  std::size_t backlog() const noexcept override { return down_.size; }
  bool has_room(std::uint64_t seq, std::size_t send_buffer) override;
  swill::traffic traffic() const noexcept override { return traffic_; }
  void close(int code, std::string_view reason) override;
  void drop() override { end({1006, "dropped", false}); }
  void pause_reading(bool paused) override;
  void on_held(std::ptrdiff_t bytes) override;

  // for the handshake that waits for a decision
  bool is_deciding() const noexcept { return phase_ == phase::deciding; }
  message_port* accept(const header_list& headers, message_sink& sink);
  void reject(int status, std::string_view body, const header_list& headers);

  // the client's end
  void shake_hands(gate& g, handshake_request request);
  void send(bytes_view message);
  void end_later(close_reason why);
  void end(const close_reason& why);
  void take(std::size_t messages);
  void stall(bool on);

  /// Messages under way in one direction.
  struct channel {
    std::deque<bytes> messages;
    std::size_t size = 0;
    bool moving = false; // a turn for the next of them is posted

    void put(bytes_view message) {
      messages.emplace_back(message.begin(), message.end());
      size += message.size();
    }
    bytes next() {
      size -= messages.front().size();
      return pop(messages);
    }
  };
  enum class phase { deciding, open, closing, ended };
  phase phase_ = phase::deciding;
  listener* listener_; // of the client's end, until the pipe goes
  header_list headers_;
  std::optional<rejection> rejection_;
  std::optional<close_reason> closed_;
  channel up_;                // to the server
  channel down_;              // to a client that has a listener or is stalled
  std::deque<bytes> arrived_; // at a client without a listener
  std::optional<std::size_t> drop_after_;

private:
  bool survives();
  bool may_move(const channel& c) const noexcept;
  void move_later(channel& c);
  void move_up();
  void move_down();
  void tell_of_room();
  bool is_full() const noexcept { return held_ != 0 && held_ >= limits_.connection_memory; }

  swill::loop& loop_;
  limits limits_;
  message_sink* sink_ = nullptr;
  std::weak_ptr<handshake> asked_; // owned by the gate's side
  buffer message_;
  std::size_t message_at_ = 0;
  swill::traffic traffic_;
  bool stalled_ = false;
  bool was_full_ = false;
  unsigned pauses_ = 0;
  std::size_t held_ = 0; // bytes of messages that requests keep
};

// --- the handshake

void memory_pipe::line::shake_hands(gate& g, handshake_request request) {
  if (phase_ != phase::deciding) return;
  auto h = std::make_shared<transport::detail::pending_handshake<line>>(shared_from_this(), loop_, std::move(request));
  asked_ = h;
  g.on_handshake(std::move(h));
}

message_port* memory_pipe::line::accept(const header_list& headers, message_sink& sink) {
  if (phase_ != phase::deciding) return nullptr;
  phase_ = phase::open;
  headers_ = headers;
  sink_ = &sink;
  loop_.post([self = shared_from_this()] {
    if (self->listener_ != nullptr) self->listener_->on_open(self->headers_);
  });
  move_later(up_);
  return this;
}

void memory_pipe::line::reject(int status, std::string_view body, const header_list& headers) {
  if (phase_ != phase::deciding) return;
  phase_ = phase::ended;
  rejection_ = rejection{status, std::string{body}, headers};
  loop_.post([self = shared_from_this()] {
    if (listener* told = std::exchange(self->listener_, nullptr)) told->on_rejected(*self->rejection_);
  });
}

// --- messages

bool memory_pipe::line::survives() {
  if (!drop_after_) return true;
  if ((*drop_after_)-- != 0) return true;
  drop_after_.reset();
  if (phase_ == phase::deciding) phase_ = phase::ended; // nobody to tell
  if (phase_ == phase::open) phase_ = phase::closing;   // no word either way; on_closed never comes from inside a call
  loop_.post([self = shared_from_this()] { self->end({1006, "dropped", true}); });
  return false;
}

void memory_pipe::line::send(bytes_view message) {
  if (phase_ == phase::ended || !survives()) return;
  up_.put(message);
  move_later(up_);
}

void memory_pipe::line::end_message() {
  if (phase_ == phase::open && survives()) {
    const bytes_view message = message_.view().subspan(message_at_);
    ++traffic_.messages_out;
    traffic_.bytes_out += message.size();
    down_.put(message);
    static_cast<void>(has_room(0, limits_.send_buffer));
    if (listener_ == nullptr && !stalled_) take(down_.messages.size());
    move_later(down_);
  }
  message_.clear();
}

bool memory_pipe::line::may_move(const channel& c) const noexcept {
  if (c.messages.empty()) return false;
  if (&c == &up_) return phase_ == phase::open && pauses_ == 0 && !is_full();
  return (phase_ == phase::open || phase_ == phase::closing) && listener_ != nullptr && !stalled_;
}

void memory_pipe::line::move_later(channel& c) {
  if (c.moving || !may_move(c)) return;
  c.moving = true;
  loop_.post([self = shared_from_this(), &c] {
    c.moving = false;
    if (!self->may_move(c)) return;
    &c == &self->up_ ? self->move_up() : self->move_down();
    self->move_later(c);
  });
}

void memory_pipe::line::move_up() {
  const bytes message = up_.next();
  if (message.size() > limits_.message_size) return close(1009, "message too big");
  ++traffic_.messages_in;
  traffic_.bytes_in += message.size();
  sink_->on_message(message);
  if (listener_ != nullptr && phase_ == phase::open) listener_->on_writable();
}

void memory_pipe::line::move_down() {
  listener_->on_message(down_.next());
  tell_of_room();
}

// --- flow

void memory_pipe::line::take(std::size_t messages) {
  for (; messages != 0 && !down_.messages.empty(); --messages) arrived_.push_back(down_.next());
  tell_of_room();
}

void memory_pipe::line::stall(bool on) {
  stalled_ = on;
  if (!on && listener_ == nullptr) take(down_.messages.size());
  move_later(down_);
}

bool memory_pipe::line::has_room(std::uint64_t, std::size_t send_buffer) {
  limits_.send_buffer = send_buffer;
  const bool room = down_.size < send_buffer / 2;
  if (!room) was_full_ = true;
  return room;
}

void memory_pipe::line::tell_of_room() {
  if (!was_full_ || down_.size >= limits_.send_buffer / 2) return;
  was_full_ = false;
  loop_.post([self = shared_from_this()] {
    if (self->phase_ == phase::open && self->down_.size < self->limits_.send_buffer / 2) self->sink_->on_writable();
  });
}

void memory_pipe::line::pause_reading(bool paused) {
  if (paused) {
    ++pauses_;
  } else if (pauses_ != 0 && --pauses_ == 0) {
    move_later(up_);
  }
}

void memory_pipe::line::on_held(std::ptrdiff_t bytes) {
  held_ += static_cast<std::size_t>(bytes); // modulo: what falls has grown before
  if (bytes < 0) move_later(up_);
}

// --- the end

void memory_pipe::line::close(int code, std::string_view reason) {
  if (phase_ != phase::open) return;
  phase_ = phase::closing;
  closed_ = close_reason{code, std::string{cut_text(reason, 123)}, false};
  end_later(*closed_); // the client answers at once
}

void memory_pipe::line::end_later(close_reason why) {
  loop_.post([self = shared_from_this(), why = std::move(why)]() mutable {
    const channel& before = why.by_peer ? self->up_ : self->down_;
    before.moving ? self->end_later(std::move(why)) : self->end(why);
  });
}

void memory_pipe::line::end(const close_reason& why) {
  if (phase_ == phase::ended) return;
  const auto keep = shared_from_this(); // those who are told may let go of the pipe
  const auto undecided = phase_ == phase::deciding ? asked_.lock() : nullptr;
  phase_ = phase::ended;
  if (!closed_) closed_ = why;
  if (undecided) undecided->tell_gone();
  if (message_sink* sink = std::exchange(sink_, nullptr)) sink->on_closed(*closed_);
  if (listener* told = std::exchange(listener_, nullptr))
    told->on_closed({closed_->code, closed_->reason, !closed_->by_peer});
}

// --- the pipe

memory_pipe::memory_pipe(loop& l, gate& g, handshake_request request, const limits& lim, listener* told)
    : line_(std::make_shared<line>(l, lim, told)) {
  l.post([line = line_, &g, request = std::move(request)]() mutable { line->shake_hands(g, std::move(request)); });
}

memory_pipe::~memory_pipe() {
  line_->listener_ = nullptr;
  drop();
}

handshake_request memory_pipe::plain_request() {
  return {.method = "GET",
          .target = "/ws",
          .headers = {{"Host", "localhost"}},
          .remote_address = "127.0.0.1",
          .remote_port = 40000,
          .subprotocol = "swill.v1"};
}

bool memory_pipe::is_open() const noexcept { return line_->phase_ == line::phase::open; }
std::optional<memory_pipe::rejection> memory_pipe::rejected() const { return line_->rejection_; }
const header_list& memory_pipe::response_headers() const noexcept { return line_->headers_; }
void memory_pipe::send(bytes_view message) { line_->send(message); }
std::size_t memory_pipe::unread() const noexcept { return line_->up_.size; }
std::optional<bytes> memory_pipe::receive() {
  return line_->arrived_.empty() ? std::nullopt : std::optional{pop(line_->arrived_)};
}
std::size_t memory_pipe::arrived() const noexcept { return line_->arrived_.size(); }
std::optional<close_reason> memory_pipe::closed() const { return line_->closed_; }
void memory_pipe::close(int code, std::string_view reason) {
  line_->end_later({code, std::string{cut_text(reason, 123)}, true});
}
void memory_pipe::drop(const close_reason& why) { line_->end(why); }
void memory_pipe::drop_after(std::size_t messages) { line_->drop_after_ = messages; }
void memory_pipe::stall(bool on) { line_->stall(on); }
void memory_pipe::take(std::size_t messages) { line_->take(messages); }
std::size_t memory_pipe::backlog() const noexcept { return line_->backlog(); }

} // namespace swill
