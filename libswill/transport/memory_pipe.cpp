#include "libswill/transport/memory_pipe.hpp"

#include "libswill/base/error.hpp"

#include <deque>
#include <utility>

namespace swill {

class memory_pipe::line final : public message_port, public std::enable_shared_from_this<line> {
public:
  line(swill::loop& l, const limits& lim) : loop_(l), limits_(lim) {}

  // message_port
  swill::loop& loop() noexcept override { return loop_; }
  buffer& begin_message() override {
    message_at_ = message_.size();
    return message_;
  }
  void end_message() override;
  void cancel_message() override { message_.truncate(message_at_); }
  std::size_t backlog() const noexcept override { return backlog_; }
  swill::traffic traffic() const noexcept override { return traffic_; }
  void close(int code, std::string_view reason) override;
  void pause_reading(bool paused) override;
  void on_held(std::ptrdiff_t bytes) override;

  // the client's end
  void shake_hands(gate& g, handshake_request request);
  message_port* accept(const header_list& headers, message_sink& sink);
  void reject(int status, std::string_view body, const header_list& headers);
  void send(bytes_view message);
  void peer_close(int code, std::string_view reason);
  void end(close_reason why);
  void take(std::size_t messages);
  bool survives();

  enum class phase { deciding, open, closing, ended };
  phase phase_ = phase::deciding;
  header_list headers_;
  std::optional<rejection> rejection_;
  std::optional<close_reason> closed_;
  std::deque<bytes> arrived_;
  bool stalled_ = false;
  std::optional<std::size_t> drop_after_;
  std::weak_ptr<handshake> asked_; // owned by the gate's side

private:
  void deliver_later();
  void deliver();
  bool is_full() const noexcept { return held_ != 0 && held_ >= limits_.connection_memory; }

  swill::loop& loop_;
  limits limits_;
  message_sink* sink_ = nullptr;
  buffer message_;
  std::size_t message_at_ = 0;
  std::deque<bytes> on_the_way_; // to a client that is stalled
  std::deque<bytes> sent_;       // to the server
  std::size_t backlog_ = 0;
  swill::traffic traffic_;
  bool was_full_ = false;
  unsigned pauses_ = 0;
  std::size_t held_ = 0; // bytes of messages that requests keep
  bool delivering_ = false;
};

namespace {

template <class Line>
class pending final : public handshake {
public:
  explicit pending(std::shared_ptr<Line> l) : line_(std::move(l)) {}
  ~pending() override {
    if (!decided_) line_->loop().post([l = line_] { l->reject(500, "Internal Server Error", {}); });
  }
  swill::loop& loop() noexcept override { return line_->loop(); }
  bool is_open() const noexcept override { return line_->phase_ == Line::phase::deciding; }
  message_port* accept(const header_list& headers, message_sink& sink) override {
    decided_ = true;
    return line_->accept(headers, sink);
  }
  void reject(int status, std::string_view body, const header_list& headers) override {
    decided_ = true;
    line_->reject(status, body, headers);
  }

private:
  std::shared_ptr<Line> line_;
  bool decided_ = false;
};

} // namespace

void memory_pipe::line::shake_hands(gate& g, handshake_request request) {
  if (phase_ != phase::deciding) return;
  auto h = std::make_shared<pending<line>>(shared_from_this());
  h->request = std::move(request);
  asked_ = h;
  g.on_handshake(std::move(h));
}

message_port* memory_pipe::line::accept(const header_list& headers, message_sink& sink) {
  if (phase_ != phase::deciding) return nullptr;
  phase_ = phase::open;
  headers_ = headers;
  sink_ = &sink;
  deliver_later();
  return this;
}

void memory_pipe::line::reject(int status, std::string_view body, const header_list& headers) {
  if (phase_ != phase::deciding) return;
  phase_ = phase::ended;
  rejection_ = rejection{status, std::string{body}, headers};
}

bool memory_pipe::line::survives() {
  if (!drop_after_) return true;
  if ((*drop_after_)-- != 0) return true;
  drop_after_.reset();
  if (phase_ == phase::deciding) phase_ = phase::ended; // nobody to tell
  phase_ =
      phase_ == phase::open ? phase::closing : phase_; // no word either way; on_closed never comes from inside a call
  loop_.post([self = shared_from_this()] { self->end({1006, "dropped", true}); });
  return false;
}

void memory_pipe::line::end_message() {
  if (phase_ == phase::open && survives()) {
    const bytes_view message = message_.view().subspan(message_at_);
    backlog_ += message.size();
    ++traffic_.messages_out;
    traffic_.bytes_out += message.size();
    if (backlog_ >= limits_.send_buffer / 2) was_full_ = true; // there is no room (message_port::has_room)
    on_the_way_.emplace_back(message.begin(), message.end());
    if (!stalled_) take(on_the_way_.size());
  }
  message_.clear();
}

void memory_pipe::line::take(std::size_t messages) {
  for (; messages != 0 && !on_the_way_.empty(); --messages) {
    backlog_ -= on_the_way_.front().size();
    arrived_.push_back(std::move(on_the_way_.front()));
    on_the_way_.pop_front();
  }
  if (!was_full_ || backlog_ >= limits_.send_buffer / 2) return;
  was_full_ = false;
  loop_.post([self = shared_from_this()] {
    if (self->phase_ == phase::open && self->backlog_ < self->limits_.send_buffer / 2) self->sink_->on_writable();
  });
}

void memory_pipe::line::close(int code, std::string_view reason) {
  if (phase_ != phase::open) return;
  phase_ = phase::closing;
  closed_ = close_reason{code, std::string{cut_text(reason, 123)}, false};
  // The client answers at once.
  loop_.post([self = shared_from_this()] { self->end(*self->closed_); });
}

void memory_pipe::line::peer_close(int code, std::string_view reason) {
  loop_.post([self = shared_from_this(), why = close_reason{code, std::string{reason}, true}] { self->end(why); });
}

void memory_pipe::line::end(close_reason why) {
  if (phase_ == phase::ended) return;
  const auto undecided = phase_ == phase::deciding ? asked_.lock() : nullptr;
  phase_ = phase::ended;
  if (!closed_) closed_ = why;
  if (undecided) undecided->tell_gone();
  if (message_sink* sink = std::exchange(sink_, nullptr)) sink->on_closed(*closed_);
}

void memory_pipe::line::pause_reading(bool paused) {
  if (paused) {
    ++pauses_;
  } else if (pauses_ != 0 && --pauses_ == 0) {
    deliver_later();
  }
}

void memory_pipe::line::on_held(std::ptrdiff_t bytes) {
  held_ += static_cast<std::size_t>(bytes); // modulo: what falls has grown before
  if (bytes < 0) deliver_later();
}

void memory_pipe::line::send(bytes_view message) {
  if (phase_ == phase::ended || !survives()) return;
  sent_.emplace_back(message.begin(), message.end());
  deliver_later();
}

void memory_pipe::line::deliver_later() {
  if (delivering_ || sent_.empty() || pauses_ != 0 || is_full()) return;
  delivering_ = true;
  loop_.post([self = shared_from_this()] { self->deliver(); });
}

void memory_pipe::line::deliver() {
  delivering_ = false;
  if (phase_ != phase::open || pauses_ != 0 || is_full() || sent_.empty()) return;
  const bytes message = std::move(sent_.front());
  sent_.pop_front();
  if (message.size() > limits_.message_size) return close(1009, "message too big");
  ++traffic_.messages_in;
  traffic_.bytes_in += message.size();
  sink_->on_message(message);
  deliver_later();
}

memory_pipe::memory_pipe(loop& l, gate& g, handshake_request request, const limits& lim)
    : line_(std::make_shared<line>(l, lim)) {
  l.post([line = line_, &g, request = std::move(request)]() mutable { line->shake_hands(g, std::move(request)); });
}

memory_pipe::~memory_pipe() { drop(); }

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
std::size_t memory_pipe::arrived() const noexcept { return line_->arrived_.size(); }
std::optional<close_reason> memory_pipe::closed() const { return line_->closed_; }
void memory_pipe::close(int code, std::string_view reason) { line_->peer_close(code, reason); }
void memory_pipe::drop_after(std::size_t messages) { line_->drop_after_ = messages; }
std::size_t memory_pipe::backlog() const noexcept { return line_->backlog(); }
void memory_pipe::take(std::size_t messages) { line_->take(messages); }

std::optional<bytes> memory_pipe::receive() {
  if (line_->arrived_.empty()) return std::nullopt;
  bytes message = std::move(line_->arrived_.front());
  line_->arrived_.pop_front();
  return message;
}

void memory_pipe::drop() { line_->end({1006, "dropped", true}); }

void memory_pipe::stall(bool on) {
  line_->stalled_ = on;
  if (!on) line_->take(line_->arrived_.max_size());
}

} // namespace swill
