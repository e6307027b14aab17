#include "libswill/client/detail/client_connection.hpp"

#include "libswill/client/detail/open_call.hpp"
#include "libswill/client/errors.hpp"

#include <algorithm>
#include <utility>

namespace swill::client_detail {

namespace {

limits limits_of(const client_options& o) {
  limits l;
  l.message_size = o.message_size;
  l.nesting = o.nesting;
  l.decoded_size = o.decoded_size;
  l.metadata_size = o.message_size;
  return l;
}

} // namespace

client_connection::client_connection(swill::loop& l, const client_options& o)
    : loop_(l), options_(o), limits_(limits_of(o)) {}

client_connection::~client_connection() {
  if (line_) line_->abandon();
}

void client_connection::close(int code, std::string_view reason) {
  if (is_open()) line_->close(code, reason);
}

void client_connection::shut() {
  const auto keep = shared_from_this();
  if (const auto l = std::exchange(line_, nullptr)) l->abandon();
  end({1000, "closed by the client", false});
}

// --- calls

std::uint64_t client_connection::enter(open_call& c) {
  if (!is_open()) {
    rethrow_failure();
    throw connection_lost(closed_.value_or(close_reason{1006, "not connected", false}));
  }
  calls_.emplace(++last_seq_, &c);
  return last_seq_;
}

std::size_t client_connection::send(std::uint64_t seq, std::string_view rpc, wire::request_type type, bytes_view data,
                                    bytes_view metadata) {
  if (!is_open()) return 0;
  buffer& out = line_->begin_message();
  const std::size_t begin = out.size();
  wire::writer to{out};
  wire::write_request(to, seq, data, rpc, type, metadata);
  const std::size_t size = out.size() - begin;
  largest_sent_ = std::max(largest_sent_, size);
  line_->end_message();
  return size;
}

void client_connection::ping(wait& w) {
  pings_.push_back(&w);
  if (is_open()) line_->ping();
}

void client_connection::forget(wait& w) noexcept {
  std::erase(room_, &w);
  std::erase(settling_, &w);
  std::erase(ending_, &w);
  std::replace(pings_.begin(), pings_.end(), &w, static_cast<wait*>(nullptr));
}

void client_connection::rethrow_failure() const {
  if (failure_) std::rethrow_exception(failure_);
}

/// The oldest. Those that still wait may be destroyed by what runs, and leave the list then: so it is never iterated.
void client_connection::wake_one(std::deque<wait*>& waits) {
  wait* w = waits.front();
  waits.pop_front();
  if (w != nullptr && w->is_linked()) w->owner()->wake(*w);
}

// --- the budget

void client_connection::note_queued(std::size_t n) {
  queued_ += n;
  if (paused_ || queued_ < options_.receive_buffer || !line_) return;
  paused_ = true;
  line_->pause_reading(true);
}

void client_connection::note_taken(std::size_t n) {
  queued_ -= n;
  if (!paused_ || queued_ > options_.receive_buffer / 2 || !line_) return;
  paused_ = false;
  line_->pause_reading(false);
}

// --- what the line tells

void client_connection::on_open(const header_list& response_headers) {
  const auto keep = shared_from_this();
  response_headers_ = response_headers;
  state_ = state::open;
  while (!settling_.empty()) wake_one(settling_);
}

void client_connection::on_failed(std::exception_ptr why) {
  const auto keep = shared_from_this();
  failure_ = std::move(why);
  end({1006, "not connected", false});
}

void client_connection::on_message(bytes_view message) {
  const auto keep = shared_from_this();
  const auto decoded = wire::decode_response(message, limits_);
  if (decoded.status == wire::decode_status::undecodable) {
    close(1007, decoded.problem);
    return;
  }
  const auto found = calls_.find(decoded.envelope.seq);
  if (found == calls_.end()) return; // its call is not open any more
  if (decoded.status == wire::decode_status::ok) return found->second->on_response(decoded.envelope);
  found->second->fail(std::make_exception_ptr(
      error{error_code::internal_error, "The response makes no sense: " + std::string{decoded.problem}}));
}

void client_connection::on_writable() {
  const auto keep = shared_from_this();
  while (!room_.empty() && !is_congested()) wake_one(room_);
}

void client_connection::on_pong() {
  const auto keep = shared_from_this();
  if (!pings_.empty()) wake_one(pings_);
}

void client_connection::on_closed(const close_reason& why) {
  const auto keep = shared_from_this();
  if (const auto l = std::exchange(line_, nullptr)) l->abandon();
  end(why);
}

/// Of all messages, the largest was certainly larger than a server takes that closes by 1009. Smaller ones may have been.
std::exception_ptr client_connection::end_of(const open_call& c, const close_reason& why) const {
  constexpr int too_big = 1009;
  if (failure_) return failure_;
  const bool is_too_large = why.by_peer && why.code == too_big && c.largest_sent() == largest_sent_;
  return std::make_exception_ptr(connection_lost(why, is_too_large ? error_code::too_large : error_code::unavailable));
}

void client_connection::end(const close_reason& why) {
  if (state_ == state::over) return;
  state_ = state::over;
  closed_ = why;
  while (!calls_.empty()) {
    open_call& c = *calls_.begin()->second;
    c.fail(end_of(c, why));
  }
  for (auto* waits : {&settling_, &ending_, &room_, &pings_}) {
    while (!waits->empty()) wake_one(*waits);
  }
}

} // namespace swill::client_detail
