#include "actors/workers/link_lane.hpp"

#include <array>
#include <bit>

namespace swill::actors::workers {

static_assert(std::endian::native == std::endian::little, "numbers of a batch travel as they lie in memory");

namespace {

constexpr std::size_t batch_header = token_size + sizeof(std::uint64_t);
/// A batch is sent at once when it has grown to this.
constexpr std::size_t largest_batch = 256 * 1024;
template <class T>
T load(const char* from) noexcept {
  T out;
  std::memcpy(&out, from, sizeof out);
  return out;
}

} // namespace

// --- Endpoint

void link_endpoint::enqueue(caf::mailbox_element_ptr element, caf::execution_unit* u) {
  if (!element || !element->mid.is_async() || !element->content().match_elements<std::vector<char>>()) return;
  loop_actor::enqueue(std::move(element), u);
}

bool link_endpoint::on_mail(caf::mailbox_element& element) {
  on_batch(element.content().get_mutable_as<std::vector<char>>(0), element.sender);
  return true;
}

void link_endpoint::send_to(const caf::strong_actor_ptr& to, bytes_view batch) {
  if (!to) return;
  const char* at = reinterpret_cast<const char*>(batch.data());
  to->enqueue(caf::make_mailbox_element(caf::strong_actor_ptr{ctrl()}, caf::make_message_id(), {},
                                        std::vector<char>(at, at + batch.size())),
              context());
}

// --- Out

link_lane::link_lane(caf::actor_config& config, unit& home, std::size_t window)
    : link_endpoint(config, home), window_(window) {}

void link_lane::set_peer(caf::strong_actor_ptr p) {
  peer_ = std::move(p);
  sent_ = acknowledged_ = 0;
}

buffer& link_lane::begin_record(record kind, std::uint32_t connection, std::uint32_t seq) {
  if (out_.size() >= largest_batch) flush_now();
  if (out_.empty()) out_.commit((out_.reserve(batch_header), batch_header)); // filled in when it leaves
  flush_later();
  record_ = out_.size();
  std::byte* at = out_.reserve(header_size);
  at[0] = static_cast<std::byte>(kind);
  std::memcpy(at + 1, &connection, sizeof connection);
  std::memcpy(at + 5, &seq, sizeof seq);
  out_.commit(header_size);
  return out_;
}

void link_lane::end_record() {
  const auto size = static_cast<std::uint32_t>(out_.size() - record_ - header_size);
  std::memcpy(out_.data() + record_ + 9, &size, sizeof size);
}

void link_lane::cancel_record() { out_.truncate(record_); }

void link_lane::write(record kind, std::uint32_t connection, std::uint32_t seq, bytes_view content) {
  begin_record(kind, connection, seq).append(content);
  end_record();
}

void link_lane::write(record kind, std::uint32_t connection, std::uint32_t seq, std::uint32_t number) {
  begin_record(kind, connection, seq).append(&number, sizeof number);
  end_record();
}

caf::resumable::resume_result link_lane::flush_job::resume(caf::execution_unit*, std::size_t) {
  lane_.flush_pending_ = false;
  lane_.send_batch(false);
  return awaiting_message;
}

void link_lane::flush_later() {
  if (flush_pending_ || !is_alive()) return;
  flush_pending_ = true;
  caf::intrusive_ptr_add_ref(ctrl());
  home().exec_later(&job_);
}

void link_lane::write_header(std::byte* to) {
  std::memcpy(to, token_out_.data(), token_size);
  std::memcpy(to + token_size, &received_, sizeof received_);
  told_ = received_;
}

/// Both sides may be waiting to send, so an acknowledgement never waits. Alone it counts for nothing, and is not acknowledged.
void link_lane::acknowledge() {
  if (received_ == told_) return;
  std::array<std::byte, batch_header> alone{};
  write_header(alone.data());
  send_to(peer_, alone);
}

void link_lane::send_batch(bool at_once) {
  if (!is_alive() || !peer_) return out_.clear();
  // A batch costs the same whatever is in it: the busier the link, the more goes into each.
  is_held_ = !at_once && must_wait() && out_.size() < largest_batch;
  if (is_held_) return acknowledge();
  before_flush();
  if (out_.size() <= batch_header) {
    out_.clear();
    return acknowledge();
  }
  write_header(out_.data());
  sent_ += out_.size();
  send_to(peer_, out_.view());
  if (out_.capacity() > 4 * largest_batch) {
    out_.release();
  } else {
    out_.clear();
  }
}

void link_lane::on_exit() {
  peer_ = nullptr;
  on_broken_link = nullptr;
  out_.release();
}

// --- In

void link_lane::on_batch(std::vector<char>& batch, const caf::strong_actor_ptr& sender) {
  const char* const end = batch.data() + batch.size();
  const char* at = batch.data();
  if (batch.size() < batch_header ||
      !equal_in_constant_time({reinterpret_cast<const std::byte*>(at), token_size}, token_in_))
    return; // a stranger's
  if (batch.size() > batch_header) received_ += batch.size();
  acknowledged_ = std::min(std::max(acknowledged_, load<std::uint64_t>(at + token_size)), sent_);
  at += batch_header;
  while (at != end && is_alive()) {
    if (static_cast<std::size_t>(end - at) < header_size) return on_broken();
    const auto size = load<std::uint32_t>(at + 9);
    if (static_cast<std::size_t>(end - at) - header_size < size) return on_broken();
    on_record(static_cast<record>(at[0]), load<std::uint32_t>(at + 1), load<std::uint32_t>(at + 5),
              {reinterpret_cast<const std::byte*>(at + header_size), size}, sender);
    at += header_size + size;
  }
  if (!is_alive()) return;
  if (was_refused_ && has_room()) {
    was_refused_ = false;
    on_room();
  }
  if (received_ != told_ || (is_held_ && !must_wait())) flush_later();
}

} // namespace swill::actors::workers
