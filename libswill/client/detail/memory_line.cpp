#include "libswill/client/detail/memory_line.hpp"

#include "libswill/client/errors.hpp"

#include <cstdint>
#include <utility>

namespace swill::client_detail {

namespace {

// The server's own limits are the app's: those of the pipe are out of the way.
limits unlimited() {
  limits l;
  l.message_size = l.connection_memory = SIZE_MAX;
  return l;
}

} // namespace

memory_line::memory_line(swill::loop& l, const client_options& o, line_sink& s, gate& g, handshake_request request)
    : loop_(l), send_buffer_(o.send_buffer), sink_(&s), pipe_(l, g, std::move(request), unlimited(), this) {}

void memory_line::end_message() {
  if (open_) pipe_.send(message_.view());
  if (backlog() >= send_buffer_) was_full_ = true;
  message_.clear();
}

void memory_line::ping() {
  loop_.post([self = shared_from_this()] {
    if (self->open_ && self->sink_ != nullptr) self->sink_->on_pong();
  });
}

void memory_line::close(int code, std::string_view reason) {
  if (std::exchange(open_, false)) pipe_.close(code, reason);
}

void memory_line::abandon() {
  sink_ = nullptr;
  pipe_.drop({1000, {}, true});
}

// --- what the pipe tells: what it is told may destroy this line

void memory_line::on_open(const header_list& response_headers) {
  open_ = true;
  if (sink_ != nullptr) sink_->on_open(response_headers);
}

void memory_line::on_rejected(const memory_pipe::rejection& r) {
  std::string text = "the server answered HTTP " + std::to_string(r.status);
  if (!r.body.empty()) text += ": " + r.body;
  const auto why = std::make_exception_ptr(connect_error(connect_error::kind::rejected, text, r.status));
  if (line_sink* sink = std::exchange(sink_, nullptr)) sink->on_failed(why);
}

void memory_line::on_message(bytes_view message) {
  if (open_ && sink_ != nullptr) sink_->on_message(message);
}

void memory_line::on_writable() {
  if (!open_ || !was_full_ || backlog() > send_buffer_ / 2) return;
  was_full_ = false;
  if (sink_ != nullptr) sink_->on_writable();
}

void memory_line::on_closed(const close_reason& why) {
  open_ = false;
  if (line_sink* sink = std::exchange(sink_, nullptr)) sink->on_closed(why);
}

} // namespace swill::client_detail
