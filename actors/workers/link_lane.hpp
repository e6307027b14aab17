#pragma once

#include "actors/loop_actor.hpp"
#include "actors/workers/introduction.hpp"
#include "libswill/base/buffer.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace swill::actors::workers {

/// What a record of a batch is about. All travel as bytes of one CAF message: token, acknowledged bytes, records.
/// IF YOU ADD A VALUE: the two sides' on_record; docs/decisions/0041.
enum class record : std::uint8_t {
  // control, worker to gateway
  announce = 3, ///< its name, capacity and handlers
  // control, gateway to worker
  accept = 17, ///< the ticket is good; seq: number of lanes
  ready = 18,  ///< all lanes are open: announce
  refuse = 19, ///< why; then the link ends
  note = 20,   ///< a line for the worker's log: a name that was refused
  // both ways
  leaving = 4, ///< a worker: no new calls, please; a gateway: it stops, and the link ends
  beat = 32,
  hello = 33, ///< the first of a lane, in both directions; seq: its number
  // lanes, gateway to worker
  connect = 48, ///< facts of a client's connection
  open = 50,    ///< the envelope that opens a call
  further = 51, ///< another envelope of it
  grant = 52,   ///< that many bytes of its stream have been passed on
  pushed = 53,  ///< what has become of that push: whether the inbox is open, or [code, message] of an error
  // lanes, worker to gateway
  response = 64, ///< an envelope
  taken = 65,    ///< that many items of the upload were taken
  bounce = 66,   ///< the call was not begun: the worker is leaving
  push = 68,     ///< [name, value] for the client's inbox; seq: what the answer has, 0 for none
  // lanes, both ways
  user = 49,       ///< who is at the client's end has changed
  disconnect = 67, ///< the client's connection, or its image in the worker, has gone; seq: a close code; the reason
};

/// In record::disconnect of a worker beside the code: it is leaving. Calls that cross this on their way will be bounced.
inline constexpr std::uint32_t leaving_mark = 1 << 16;
/// In record::disconnect of a gateway beside the code: its client has closed, and nobody else.
inline constexpr std::uint32_t by_peer_mark = 1 << 17;

/// An actor of the network's system that is at home on one of our loops and takes nothing but batches of bytes: whatever else reaches it over the network
/// (exit messages, forged monitors' messages, other types) is dropped before anybody looks at it.
class link_endpoint : public loop_actor {
public:
  using caf::abstract_actor::enqueue;
  using loop_actor::loop_actor;
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* u) override;

protected:
  virtual void on_batch(std::vector<char>& batch, const caf::strong_actor_ptr& sender) = 0;
  void send_to(const caf::strong_actor_ptr& to, bytes_view batch);

private:
  bool on_mail(caf::mailbox_element& element) final;
};

/// An endpoint that speaks to one peer in records, gathers what is written in a turn into one batch, and counts what is under way in
/// both directions. On its loop's thread.
class link_lane : public link_endpoint {
public:
  /// `window`: bytes that may be under way before has_room() says no.
  link_lane(caf::actor_config& config, unit& home, std::size_t window);

  /// Opens a record: append its content to what is returned, then end_record() or cancel_record(). The batch leaves at the end of the turn.
  buffer& begin_record(record kind, std::uint32_t connection, std::uint32_t seq);
  void end_record();
  void cancel_record();
  void write(record kind, std::uint32_t connection, std::uint32_t seq, bytes_view content = {});
  void write(record kind, std::uint32_t connection, std::uint32_t seq, std::uint32_t number);
  bytes_view open_content() const noexcept { return out_.view().subspan(record_ + header_size); }

  /// After a no, on_room() is called once there is.
  bool has_room() const noexcept {
    const bool room = sent_ + out_.size() - acknowledged_ < window_;
    was_refused_ = was_refused_ || !room;
    return room;
  }
  const caf::strong_actor_ptr& peer() const noexcept { return peer_; }
  /// Whom to speak to from now on; it has been sent nothing.
  void set_peer(caf::strong_actor_ptr p);
  void set_tokens(const token& out, const token& in) { token_out_ = out, token_in_ = in; }
  /// Sends what is gathered, at the end of this turn.
  void flush_later();
  void flush_now() { send_batch(true); }

  /// The peer broke the format.
  std::function<void()> on_broken_link;

  static constexpr std::size_t header_size = 13;

protected:
  virtual void on_record(record kind, std::uint32_t connection, std::uint32_t seq, bytes_view content,
                         const caf::strong_actor_ptr& sender) = 0;
  /// The batch breaks the format: whoever sent it knows the token, and is broken.
  virtual void on_broken() {
    if (on_broken_link) on_broken_link();
  }
  /// Room again after somebody was told that there is none.
  virtual void on_room() {}
  /// The last moment to write into this turn's batch.
  virtual void before_flush() {}
  void on_exit() override;

private:
  /// Sends the batch at the end of a turn.
  class flush_job final : public caf::resumable {
  public:
    explicit flush_job(link_lane& l) : lane_(l) {}
    resume_result resume(caf::execution_unit*, std::size_t) override;
    void intrusive_ptr_add_ref_impl() override { caf::intrusive_ptr_add_ref(lane_.ctrl()); }
    void intrusive_ptr_release_impl() override { caf::intrusive_ptr_release(lane_.ctrl()); }

  private:
    link_lane& lane_;
  };

  void on_batch(std::vector<char>& batch, const caf::strong_actor_ptr& sender) final;
  void send_batch(bool at_once);
  void acknowledge();
  void write_header(std::byte* to);
  /// A batch is under way: what is written meanwhile goes in one when it has arrived.
  bool must_wait() const noexcept { return acknowledged_ < sent_; }

  flush_job job_{*this};
  bool flush_pending_ = false;
  std::size_t window_;
  caf::strong_actor_ptr peer_;
  token token_out_{};
  token token_in_{};
  buffer out_;
  std::size_t record_ = 0; ///< where the open record begins
  std::uint64_t sent_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t told_ = 0; ///< of what was received
  bool is_held_ = false;   ///< a flush waits for what is under way: for what is gathered, and for before_flush()
  mutable bool was_refused_ = false; ///< somebody was told that there is no room
};

template <class T>
T& as(const caf::strong_actor_ptr& p) noexcept {
  return *static_cast<T*>(p->get());
}

inline std::optional<std::uint32_t> number_in(bytes_view content) noexcept {
  std::uint32_t n = 0;
  if (content.size() != sizeof n) return std::nullopt;
  std::memcpy(&n, content.data(), sizeof n);
  return n;
}

} // namespace swill::actors::workers
