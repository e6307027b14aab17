#include "apps/bench/load/client.hpp"

#include <algorithm>
#include <ctime>

namespace swill::bench {
namespace {

constexpr std::uint32_t items_per_block = 4096;

// What is wrong, with the numbers: a bench must not be fast because it answers something else.
std::string unexpected(const char* what, const response& r) {
  return std::string(what) + ": seq " + std::to_string(r.seq) + ", value " + std::to_string(r.value) + ", type " +
         std::to_string(r.type);
}

} // namespace

std::uint64_t monotonic_ns() noexcept {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(t.tv_nsec);
}

// --- unary

unary_client::unary_client(connection c, tally& t, unary_rpc rpc, unsigned depth)
    : client(std::move(c), t), frame_(rpc.name, rpc.data), rpc_(rpc), slots_(depth) {}

void unary_client::start(std::uint64_t now) {
  for (std::uint32_t i = 0; i < slots_.size(); ++i) {
    slots_[i].seq = i + 1;
    ask(slots_[i], now);
  }
  open_ = slots_.size();
  connection_.send(out_);
  out_.clear();
}

void unary_client::on_readable(std::uint64_t now) {
  receive([&](const response& r) {
    auto& s = slots_[(r.seq - 1) % slots_.size()];
    if (r.seq != s.seq || r.value != s.expected || r.type != response::message) [[unlikely]] {
      return tally_.fail(unexpected("wrong answer", r));
    }
    ++tally_.messages;
    tally_.latency.add(std::chrono::nanoseconds(now - s.sent_at));
    if (stopped_) {
      s.seq = 0;
      --open_;
      return;
    }
    s.seq += static_cast<std::uint32_t>(slots_.size());
    ask(s, now);
  });
  if (out_.empty()) return;
  if (!closed()) connection_.send(out_);
  out_.clear();
}

void unary_client::ask(slot& s, std::uint64_t now) {
  const auto a = static_cast<std::uint16_t>(s.seq & 0x7fff), b = static_cast<std::uint16_t>((s.seq >> 4) & 0x7fff);
  frame_.set_seq(s.seq);
  if (rpc_.data == payload::pair) {
    frame_.set_pair(a, b);
    s.expected = a + b;
  } else if (rpc_.data == payload::list) {
    s.expected = list_items * (list_items - 1) / 2;
  } else {
    frame_.set_integer(a);
    s.expected = a;
  }
  s.sent_at = now;
  out_.append(frame_.bytes());
}

// --- streaming response

burst_client::burst_client(connection c, tally& t, std::uint32_t items)
    : client(std::move(c), t), frame_("burst", payload::integer), items_(items) {}

void burst_client::start(std::uint64_t) {
  frame_.set_seq(++seq_);
  frame_.set_integer(items_);
  next_ = 0;
  open_ = true;
  connection_.send(frame_.bytes());
}

void burst_client::on_readable(std::uint64_t) {
  receive([this](const response& r) { on_response(r); });
}

void burst_client::on_response(const response& r) {
  if (r.seq != seq_ || !open_) [[unlikely]]
    return tally_.fail(unexpected("not an open stream", r));
  if (r.type == response::message) [[likely]] {
    if (r.value != next_++) tally_.fail(unexpected("wrong item", r));
    ++tally_.messages;
    return;
  }
  open_ = false;
  if (next_ != items_) tally_.fail(unexpected("items are missing", r));
}

// --- streaming request

upload_client::upload_client(connection c, tally& t, std::uint32_t items)
    : client(std::move(c), t),
      item_("sum_stream", payload::integer),
      end_("sum_stream", payload::nothing, wire::request_type::end_of_stream),
      items_(items) {
  for (std::uint32_t i = 0; i < items; ++i) sum_ += i % items_per_block;
}

void upload_client::start(std::uint64_t) {
  fill(++seq_);
  sent_ = 0;
  total_ = std::size_t(items_) * item_.bytes().size() + end_.bytes().size();
  open_ = true;
  on_writable();
}

void upload_client::fill(std::uint32_t seq) {
  item_.set_seq(seq);
  end_.set_seq(seq);
  block_.clear();
  for (std::uint32_t i = 0; i < std::min(items_per_block, items_); ++i) {
    item_.set_integer(i);
    block_.append(item_.bytes());
  }
}

// What follows the bytes already sent: the rest of a block, or of the END_OF_STREAM after the last item.
std::string_view upload_client::unsent() const {
  const auto end_at = total_ - end_.bytes().size();
  if (sent_ >= end_at) return end_.bytes().substr(sent_ - end_at);
  return std::string_view(block_).substr(sent_ % block_.size(), end_at - sent_);
}

void upload_client::on_writable() {
  // One call per wake-up: answers and neighbours are looked at in between.
  if (wants_to_write() && !closed()) sent_ += connection_.send_some(unsent());
}

void upload_client::on_readable(std::uint64_t) {
  receive([this](const response& r) {
    if (r.seq != seq_ || r.value != sum_ || r.type != response::message || wants_to_write()) {
      tally_.fail(unexpected("wrong sum", r));
    }
    tally_.messages += items_;
    open_ = false;
  });
}

} // namespace swill::bench
