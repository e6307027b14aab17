#include "libswill/client/detail/memory_line.hpp"

#include "libswill/base/error.hpp"
#include "libswill/client/errors.hpp"

#include <utility>

namespace swill::client_detail {

/// The server's end.
class memory_line::far_end final : public message_port {
public:
  explicit far_end(memory_line& l) : line_(l) {}
  swill::loop& loop() noexcept override { return line_.loop_; }
  buffer& begin_message() override { return line_.down_.writing; }
  void end_message() override { line_.push(line_.down_); }
  void cancel_message() override { line_.down_.writing.clear(); }
  std::size_t backlog() const noexcept override { return line_.down_.queued; }
  void close(int code, std::string_view reason) override {
    line_.end_later({code, std::string{cut_text(reason, 123)}, true});
  }
  void pause_reading(bool paused) override {
    if (paused) {
      ++pauses_;
    } else if (pauses_ != 0) {
      --pauses_;
    }
    line_.up_.paused = pauses_ != 0;
    line_.deliver_later(line_.up_);
  }

private:
  memory_line& line_;
  unsigned pauses_ = 0;
};

class memory_line::pending final : public handshake {
public:
  explicit pending(std::shared_ptr<memory_line> l) : line_(std::move(l)) {}
  ~pending() override {
    if (line_->is_deciding()) line_->loop_.post([l = line_] { l->reject(500, "Internal Server Error"); });
  }
  swill::loop& loop() noexcept override { return line_->loop_; }
  bool is_open() const noexcept override { return line_->is_deciding(); }
  message_port* accept(const header_list& headers, message_sink& sink) override { return line_->accept(headers, sink); }
  void reject(int status, std::string_view body, const header_list&) override { line_->reject(status, body); }

private:
  std::shared_ptr<memory_line> line_;
};

memory_line::memory_line(swill::loop& l, const client_options& o, line_sink& s)
    : loop_(l), options_(o), near_(&s), far_port_(std::make_unique<far_end>(*this)) {}

memory_line::~memory_line() { end({1006, "dropped", true}); }

// --- the handshake

void memory_line::dial(gate& g, handshake_request request) {
  loop_.post([self = shared_from_this(), &g, request = std::move(request)]() mutable {
    if (!self->deciding_) return;
    auto h = std::make_shared<pending>(self);
    h->request = std::move(request);
    g.on_handshake(std::move(h));
  });
}

message_port* memory_line::accept(const header_list& headers, message_sink& sink) {
  if (!std::exchange(deciding_, false)) return nullptr;
  open_ = true;
  far_ = &sink;
  loop_.post([self = shared_from_this(), headers] {
    if (self->near_ != nullptr && !self->ended_) self->near_->on_open(headers);
    self->deliver_later(self->down_);
  });
  // What the server sends meanwhile comes after on_open.
  down_.paused = true;
  loop_.post([self = shared_from_this()] { self->pause_reading(false); });
  return far_port_.get();
}

void memory_line::reject(int status, std::string_view body) {
  if (!std::exchange(deciding_, false)) return;
  ended_ = true;
  std::string text = "the server answered HTTP " + std::to_string(status);
  if (!body.empty()) text += ": " + std::string{body};
  const auto why = std::make_exception_ptr(connect_error(connect_error::kind::rejected, text, status));
  if (line_sink* sink = std::exchange(near_, nullptr)) sink->on_failed(why);
}

// --- messages

buffer& memory_line::begin_message() { return up_.writing; }
void memory_line::end_message() { push(up_); }
void memory_line::cancel_message() { up_.writing.clear(); }

void memory_line::push(channel& c) {
  if (open_) {
    const bytes_view message = c.writing.view();
    c.messages.emplace_back(message.begin(), message.end());
    c.queued += message.size();
    if (c.queued >= options_.send_buffer) c.was_full = true;
    deliver_later(c);
  }
  c.writing.clear();
}

void memory_line::deliver_later(channel& c) {
  if (c.delivering || c.messages.empty() || c.paused) return;
  c.delivering = true;
  loop_.post([self = shared_from_this(), &c] { self->deliver(c); });
}

void memory_line::deliver(channel& c) {
  c.delivering = false;
  message_sink* to = receiver_of(c);
  if (ended_ || c.paused || to == nullptr || c.messages.empty()) return;
  const bytes message = std::move(c.messages.front());
  c.messages.pop_front();
  c.queued -= message.size();
  to->on_message(message);
  deliver_later(c);
  if (!c.was_full || c.queued > options_.send_buffer / 2) return;
  c.was_full = false;
  if (message_sink* from = sender_of(c); from != nullptr && open_) from->on_writable();
}

message_sink* memory_line::receiver_of(const channel& c) noexcept { return &c == &up_ ? far_ : near_; }
message_sink* memory_line::sender_of(const channel& c) noexcept { return &c == &up_ ? near_ : far_; }

void memory_line::pause_reading(bool paused) {
  down_.paused = paused;
  if (!paused) deliver_later(down_);
}

void memory_line::ping() {
  loop_.post([self = shared_from_this()] {
    if (self->open_ && self->near_ != nullptr) self->near_->on_pong();
  });
}

// --- the end

void memory_line::close(int code, std::string_view reason) {
  end_later({code, std::string{cut_text(reason, 123)}, false});
}

/// After what is queued in either direction.
void memory_line::end_later(close_reason why) {
  if (!std::exchange(open_, false)) return;
  struct drain {
    static void next(const std::shared_ptr<memory_line>& self, close_reason why) {
      const bool more = self->up_.delivering || self->down_.delivering;
      if (!more) return self->end(why);
      self->loop_.post([self, why = std::move(why)]() mutable { next(self, std::move(why)); });
    }
  };
  loop_.post([self = shared_from_this(), why = std::move(why)]() mutable { drain::next(self, std::move(why)); });
}

void memory_line::abandon() {
  near_ = nullptr;
  deciding_ = false;
  end({1000, {}, false});
}

/// `why.by_peer` is as the client sees it.
void memory_line::end(const close_reason& why) {
  if (std::exchange(ended_, true)) return;
  open_ = false;
  const close_reason told = why;
  if (message_sink* sink = std::exchange(far_, nullptr)) sink->on_closed({told.code, told.reason, !told.by_peer});
  if (line_sink* sink = std::exchange(near_, nullptr)) sink->on_closed(told);
}

} // namespace swill::client_detail
