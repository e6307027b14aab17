#include "apps/bench/load/client.hpp"

#include "libswill/base/buffer.hpp"

#include <algorithm>
#include <ctime>
#include <limits>

namespace swill::bench {

namespace {

// Of numbers that are set later: no other has a longer form.
constexpr auto widest16 = std::numeric_limits<std::uint16_t>::max();
constexpr auto widest32 = std::numeric_limits<std::uint32_t>::max();

buffer encoded(payload kind) {
  buffer out;
  wire::writer to{out};
  switch (kind) {
    case payload::pair:
      to.array(2);
      to.integer(widest16);
      to.integer(widest16);
      break;
    case payload::integer: to.integer(widest32); break;
    case payload::list:
      to.array(list_items);
      for (std::int64_t i = 0; i < list_items; ++i) to.integer(i);
      break;
    case payload::nothing: to.nil(); break;
  }
  return out;
}

} // namespace

request_frame::request_frame(std::string_view rpc, payload kind, wire::request_type type)
    : request_frame(rpc, encoded(kind).view(), type) {}

request_frame::request_frame(std::string_view rpc, bytes_view data, wire::request_type type) : bytes_("\x82") {
  buffer envelope;
  wire::writer to{envelope};
  wire::write_request(to, widest32, data, rpc, type);
  const auto size = envelope.size();
  bytes_.push_back(static_cast<char>(0x80 | (size < 126 ? size : 126)));
  if (size >= 126) put16(bytes_.append(2, '\0').size() - 2, static_cast<std::uint16_t>(size));
  bytes_.append(4, '\0');       // the mask key
  data_at_ = bytes_.size() + 6; // after the array's head and a seq of 32 bits
  bytes_.append(as_text(envelope.view()));
}

void request_frame::put16(std::size_t at, std::uint16_t value) noexcept {
  bytes_[at] = static_cast<char>(value >> 8);
  bytes_[at + 1] = static_cast<char>(value);
}

void request_frame::put32(std::size_t at, std::uint32_t value) noexcept {
  put16(at, static_cast<std::uint16_t>(value >> 16));
  put16(at + 2, static_cast<std::uint16_t>(value));
}

namespace {

// A cursor over MessagePack that knows integers and nil: all that a right answer holds. wire::reader calls a function for each integer of
// more than a byte, with which a message costs the generator an eighth more.
class reader {
public:
  explicit reader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool skip(std::uint8_t expected) noexcept {
    if (at_ == end_ || static_cast<std::uint8_t>(*at_) != expected) return false;
    ++at_;
    return true;
  }

  bool integer(std::int64_t& out) noexcept {
    if (at_ == end_) return false;
    const auto first = static_cast<std::uint8_t>(*at_++);
    if (first < 0x80 || first >= 0xe0) {
      out = static_cast<std::int8_t>(first);
      return true;
    }
    if (first < 0xcc || first > 0xd3) return false;
    const bool is_signed = first >= 0xd0;
    return big_endian(1u << (first - (is_signed ? 0xd0 : 0xcc)), is_signed, out);
  }

  bool at_end() const noexcept { return at_ == end_; }

private:
  bool big_endian(unsigned width, bool is_signed, std::int64_t& out) noexcept {
    if (static_cast<std::size_t>(end_ - at_) < width) return false;
    std::uint64_t value = is_signed && *at_ < 0 ? ~0ull : 0;
    for (unsigned i = 0; i < width; ++i) value = value << 8 | static_cast<std::uint8_t>(*at_++);
    out = static_cast<std::int64_t>(value);
    return true;
  }

  const char* at_;
  const char* end_;
};

constexpr std::uint8_t array_of_five = 0x95;
constexpr std::uint8_t nil = 0xc0;

} // namespace

std::optional<response> parse_response(std::string_view envelope) noexcept {
  reader in(envelope);
  response r;
  std::int64_t seq = 0, type = 0;
  if (!in.skip(array_of_five) || !in.integer(seq)) return std::nullopt;
  if (!in.skip(nil) && !in.integer(r.value)) return std::nullopt;
  if (!in.integer(type) || !in.skip(nil) || !in.skip(nil) || !in.at_end()) return std::nullopt;
  if (seq <= 0 || type < response::message || type > response::end_of_stream) return std::nullopt;
  r.seq = static_cast<std::uint64_t>(seq);
  r.type = static_cast<response::kind>(type);
  return r;
}
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
