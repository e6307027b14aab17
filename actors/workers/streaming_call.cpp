#include "actors/workers/streaming_call.hpp"

#include "actors/workers/gateway_lane.hpp"

#include <utility>

namespace swill::actors::workers {

namespace {

/// Bytes passed on that the worker is not told of yet.
constexpr std::uint32_t grant_every = 16 * 1024;

} // namespace

// --- Out

void streaming_call::send_item(bytes_view data) {
  if (lane() == nullptr) return;
  upload_.push_back(data.size());
  upload_bytes_ += data.size();
  send(record::further, wire::request_type::message, data);
}

void streaming_call::send_end() {
  if (lane() != nullptr) send(record::further, wire::request_type::end_of_stream, {});
}

bool streaming_call::has_room(std::size_t size) const noexcept {
  if (upload_.empty()) return lane()->has_room();
  return upload_.size() < lane()->worker().upload_items && upload_bytes_ + size <= lane()->options().upload_bytes &&
         lane()->has_room();
}

void streaming_call::wait_room(wait& w) noexcept {
  room_waiter_.enter(w);
  if (!lane()->has_room()) lane()->wait_room(*this);
}

void streaming_call::leave_room(const wait& w) noexcept {
  room_waiter_.leave(w);
  if (lane() != nullptr) lane()->forget(*this);
}

void streaming_call::on_room() { room_waiter_.wake(); }

void streaming_call::on_taken(std::uint32_t n) {
  for (; n > 0 && !upload_.empty(); --n) {
    upload_bytes_ -= upload_.front();
    upload_.erase(upload_.begin()); // a few dozen
  }
  if (lane()->has_room()) return on_room();
  lane()->forget(*this);
  lane()->wait_room(*this);
}

void streaming_call::grant(std::size_t size) {
  ungranted_ += static_cast<std::uint32_t>(size);
  if (lane() == nullptr || ungranted_ < grant_every) return;
  lane()->write(record::grant, connection_number(), seq(), ungranted_);
  ungranted_ = 0;
}

// --- In

void streaming_call::wake_reader() { reply_waiter_.wake(); } // may destroy this

void streaming_call::received(const wire::response_envelope& e) {
  reply& r = replies_.emplace_back();
  r.type = e.type;
  if (e.type == wire::response_type::error) {
    r.failure = error_in(e.data);
  } else {
    r.data.data.assign(e.data.begin(), e.data.end());
    r.leading = metadata_in(e.leading);
    r.trailing = metadata_in(e.trailing);
  }
  wake_reader();
}

void streaming_call::gone() { wake_reader(); }

std::optional<streaming_call::reply> streaming_call::take_reply() {
  if (!has_replies()) return std::nullopt;
  std::optional<reply> out{std::move(replies_[taken_++])};
  if (!has_replies()) {
    replies_.clear();
    taken_ = 0;
  }
  if (out->failure) throw std::move(*out->failure);
  return out;
}

} // namespace swill::actors::workers
