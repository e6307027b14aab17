#include "actors/remote/remote_call.hpp"

#include "actors/remote/options.hpp"
#include "actors/remote/remote_handler.hpp"
#include "libswill/api/types/codec.hpp"
#include "libswill/wire/codec.hpp"

namespace swill::actors::remote {

namespace {

/// Bytes passed on that the worker is not told of yet.
constexpr std::uint32_t grant_every = 16 * 1024;

/// The client's metadata, with what is left of the deadline in place of what the client asked for.
bytes metadata_of(detail::call& c) {
  const auto deadline = c.deadline();
  if (!deadline && !c.has_decoded_metadata()) return {c.raw_metadata().begin(), c.raw_metadata().end()};
  metadata m = c.client_metadata();
  if (deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - c.loop().now());
    m.set("timeout_ms", std::max<std::int64_t>(left.count(), 0));
  }
  if (m.empty()) return {};
  buffer out;
  wire::writer w{out};
  m.encode(w);
  return {out.view().begin(), out.view().end()};
}

error error_in(bytes_view data) {
  wire::reader from{data};
  value v;
  error out{error_code::internal_error, "An internal server error occurred"};
  if (!wire::read_value(from, v, wire::reader::deepest)) return out;
  if (const value* code = v.find("code"); code != nullptr && code->get_if<std::int64_t>() != nullptr)
    out.code = *code->get_if<std::int64_t>();
  if (const value* text = v.find("message"); text != nullptr && text->get_if<std::string>() != nullptr)
    out.message = *text->get_if<std::string>();
  if (const value* more = v.find("data")) out.data = *more;
  return out;
}

std::optional<metadata> metadata_in(bytes_view encoded) {
  if (encoded.empty()) return std::nullopt;
  limits l;
  l.metadata_size = encoded.size();
  metadata m;
  if (!metadata::decode(encoded, l, m)) return std::nullopt;
  return m;
}

} // namespace

remote_call::~remote_call() {
  if (lane_ == nullptr) return;
  send(record::further, wire::request_type::cancel, {}, {});
  finish();
}

void remote_call::finish() {
  leave_room();
  if (lane_ != nullptr) lane_->leave(seq_);
  lane_ = nullptr;
  keep_ = nullptr;
}

// --- Out

void remote_call::open(wire::request_type type, bytes_view data) {
  bounced_ = false;
  gateway_lane& l = handler_.pick();
  connection_ = call_.context().connection().state<images>().number_on(l, call_.context().connection());
  seq_ = l.enter(*this);
  lane_ = &l;
  keep_ = caf::strong_actor_ptr{l.ctrl()};
  const bytes m = metadata_of(call_);
  send(record::open, type, data, m);
}

void remote_call::send(record kind, wire::request_type type, bytes_view data, bytes_view metadata) {
  wire::writer w{lane_->begin_record(kind, connection_, seq_)};
  wire::write_request(w, seq_, data, handler_.name, type, metadata);
  lane_->end_record();
}

void remote_call::send_item(bytes_view data) {
  if (lane_ == nullptr) return;
  upload_.push_back(data.size());
  upload_bytes_ += data.size();
  send(record::further, wire::request_type::message, data, {});
}

void remote_call::send_end() {
  if (lane_ != nullptr) send(record::further, wire::request_type::end_of_stream, {}, {});
}

bool remote_call::has_room(std::size_t size) const noexcept {
  if (upload_.empty()) return lane_->has_room();
  const worker_gate_options& o = lane_->options();
  return upload_.size() < lane_->worker().upload_items && upload_bytes_ + size <= o.upload_bytes && lane_->has_room();
}

void remote_call::wait_room() noexcept {
  if (!lane_->has_room()) lane_->wait_room(*this);
}

void remote_call::leave_room() noexcept {
  room_waiter_ = nullptr;
  if (lane_ != nullptr) lane_->forget(*this);
}

void remote_call::on_room() {
  if (wait* w = std::exchange(room_waiter_, nullptr)) call_.wake(*w);
}

void remote_call::on_taken(std::uint32_t n) {
  for (; n > 0 && !upload_.empty(); --n) {
    upload_bytes_ -= upload_.front();
    upload_.erase(upload_.begin()); // a few dozen
  }
  if (lane_->has_room()) return on_room();
  lane_->forget(*this);
  lane_->wait_room(*this);
}

void remote_call::grant(std::size_t size) {
  ungranted_ += static_cast<std::uint32_t>(size);
  if (lane_ == nullptr || ungranted_ < grant_every) return;
  lane_->write(record::grant, connection_, seq_, ungranted_);
  ungranted_ = 0;
}

// --- In

void remote_call::wake_reader() {
  if (wait* w = std::exchange(reply_waiter_, nullptr)) call_.wake(*w); // may destroy this
}

void remote_call::on_response(const wire::response_envelope& e) {
  reply r;
  r.type = e.type;
  const bool is_error = e.type == wire::response_type::error;
  if (is_error) {
    r.failure = error_in(e.data);
  } else {
    r.data.data.assign(e.data.begin(), e.data.end());
    r.leading = metadata_in(e.leading);
    r.trailing = metadata_in(e.trailing);
  }
  replies_.push_back(std::move(r));
  const bool last = is_error || e.type == wire::response_type::end_of_stream ||
                    (e.type == wire::response_type::message && !handler_.response_streams);
  if (last) finish();
  wake_reader();
}

void remote_call::on_bounce() {
  bounced_ = true;
  finish();
  wake_reader();
}

void remote_call::on_lost() {
  finish();
  wake_reader();
}

std::optional<remote_call::reply> remote_call::take_reply() {
  reply_waiter_ = nullptr;
  if (call_.is_cancelled()) throw cancelled{};
  if (!has_replies()) return std::nullopt;
  std::optional<reply> out{std::move(replies_[taken_++])};
  if (!has_replies()) {
    replies_.clear();
    taken_ = 0;
  }
  if (out->failure) throw std::move(*out->failure);
  return out;
}

} // namespace swill::actors::remote
