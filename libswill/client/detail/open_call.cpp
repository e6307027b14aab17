#include "libswill/client/detail/open_call.hpp"

#include "libswill/api/types/codec.hpp"
#include "libswill/base/await.hpp"

#include <utility>

namespace swill::client_detail {

namespace {

constexpr std::byte nil{0xc0};

/// What an ERROR says (docs/protocol.md §4).
error error_of(bytes_view data) {
  return wire::read_error(data, {error_code::internal_error, "The server sent an error that says nothing"});
}

} // namespace

open_call::open_call(std::shared_ptr<client_connection> c, std::string_view rpc, const call_options& o, bool streams)
    : connection_(std::move(c)),
      rpc_(rpc),
      request_metadata_(o.metadata),
      timeout_(o.timeout),
      seq_(connection_->enter(*this)),
      streams_(streams) {
  if (timeout_.count() <= 0) return;
  request_metadata_.set("timeout_ms", timeout_.count());
  connection_->loop().set_timer(*this, connection_->loop().now() + detail::within_the_clock(timeout_));
}

open_call::~open_call() {
  if (gone_ != nullptr) *gone_ = true;
  if (!ended_) {
    send(wire::request_type::cancel);
    connection_->leave(seq_);
  }
  connection_->note_taken(items_.total_cost());
}

// --- the request

void open_call::send(wire::request_type type, bytes_view data) {
  // A call that never opened has nothing to cancel.
  if (type == wire::request_type::cancel && !opened_) return;
  buffer metadata;
  if (!opened_ && !request_metadata_.empty()) {
    wire::writer to{metadata};
    request_metadata_.encode(to);
    request_metadata_.clear();
  }
  opened_ = true;
  note_sent(connection_->send(seq_, rpc_, type, data, metadata.view()));
}

void open_call::open_message(bytes_view data) {
  if (ended_) return;
  send(wire::request_type::message, data);
  closed_ = true;
}

/// An opening METADATA, even with none: the handler starts now, not with the first item.
void open_call::open_stream() {
  if (ended_) return;
  if (request_metadata_.empty()) {
    constexpr std::byte empty_map{0x80};
    opened_ = true;
    return note_sent(connection_->send(seq_, rpc_, wire::request_type::metadata, {}, bytes_view{&empty_map, 1}));
  }
  send(wire::request_type::metadata);
}

void open_call::send_item(bytes_view data) {
  if (may_write()) send(wire::request_type::message, data);
}

void open_call::send_end() {
  if (!may_write()) return;
  send(wire::request_type::end_of_stream);
  closed_ = true;
}

void open_call::cancel() {
  if (ended_) return;
  send(wire::request_type::cancel);
  end(std::make_exception_ptr(error{error_code::cancelled, "The call was cancelled"}));
}

void open_call::on_timer() {
  send(wire::request_type::cancel);
  end(std::make_exception_ptr(error{error_code::deadline_exceeded, "The deadline of the call passed"}));
}

// --- the response

void open_call::on_response(const wire::response_envelope& e) {
  switch (e.type) {
    case wire::response_type::metadata: {
      if (!take_metadata(e)) return;
      begun_ = true;
      if (!reader_wants_items) wake(reader);
      return;
    }
    case wire::response_type::message: return on_item(e);
    case wire::response_type::end_of_stream:
      if (!take_metadata(e)) return;
      if (streams_) return end(nullptr);
      return fail(std::make_exception_ptr(error{error_code::invalid_rpc, "The handler streams its response"}));
    case wire::response_type::error: return end(std::make_exception_ptr(error_of(e.data)));
  }
}

/// False when they were none and the call is over, or gone.
bool open_call::take_metadata(const wire::response_envelope& e) {
  const limits& l = connection_->decode_limits();
  const bool good = (e.leading.empty() || swill::metadata::decode(e.leading, l, leading_)) &&
                    (e.trailing.empty() || swill::metadata::decode(e.trailing, l, trailing_));
  if (!good) fail(std::make_exception_ptr(error{error_code::internal_error, "The response's metadata cannot be read"}));
  return good;
}

void open_call::on_item(const wire::response_envelope& e) {
  if (!take_metadata(e)) return;
  begun_ = true;
  const bytes_view data = e.data.empty() ? bytes_view{&nil, 1} : e.data;
  // Whoever waits for it reads it right here, from the message.
  const bool direct = reader.is_taken() && items_.empty();
  if (direct) {
    direct_ = data;
  } else {
    items_.push(data);
    connection_->note_queued(received_items::cost(data.size()));
  }
  if (!streams_) return end(nullptr);
  if (!wake(reader) || direct_.empty()) return;
  items_.push(std::exchange(direct_, {}));
  connection_->note_queued(received_items::cost(data.size()));
}

bytes_view open_call::take_item() {
  if (!direct_.empty()) return std::exchange(direct_, {});
  const bytes_view item = items_.pop();
  connection_->note_taken(received_items::cost(item.size()));
  return item;
}

void open_call::rethrow_failure() const {
  if (failure_) std::rethrow_exception(failure_);
}

// --- the end

/// What the server does not know yet.
void open_call::fail(std::exception_ptr why) {
  if (connection_->is_open()) send(wire::request_type::cancel);
  end(std::move(why));
}

void open_call::end(std::exception_ptr why) {
  ended_ = true;
  failure_ = std::move(why);
  timer::cancel();
  connection_->leave(seq_);
  const bool kept = wake(reader) && wake(writer);
  if (!kept || direct_.empty()) return;
  items_.push(std::exchange(direct_, {}));
  connection_->note_queued(items_.total_cost());
}

bool open_call::wake(wait_slot& s) {
  if (!s.is_taken()) return true;
  bool gone = false;
  bool* const outer = std::exchange(gone_, &gone);
  s.wake();
  if (!gone) {
    gone_ = outer;
  } else if (outer != nullptr) {
    *outer = true;
  }
  return !gone;
}

} // namespace swill::client_detail
