#pragma once

#include "actors/workers/link_lane.hpp"
#include "actors/workers/options.hpp"
#include "libswill/api/connection.hpp"
#include "libswill/api/ports.hpp"

#include <atomic>
#include <deque>
#include <memory>
#include <unordered_map>
#include <unordered_set>

namespace swill::actors::workers {

class worker_lane;

/// One client's connection as a worker sees it: what the gateway told of it, and a port that writes into the lane. Accepted as any
/// connection is, so that the worker's connection hooks run and its requests are those of a connection actor.
class image_port final : public message_port,
                         public handshake,
                         public std::enable_shared_from_this<image_port>,
                         remote_inbox {
public:
  image_port(worker_lane& l, std::uint32_t number) : lane_(&l), number_(number) {}

  /// An envelope of the client.
  void deliver(bytes_view envelope);
  void grant(std::uint64_t seq, std::uint32_t size);
  /// The lane has room again.
  void on_room();
  /// Writes how many items were taken since the last time.
  void tell_taken();
  /// The gateway says who is at the client's end. Who a handler here says it is, is told to the gateway.
  void set_user(std::string user);
  /// The client's connection, or the lane, has gone.
  void gone(const close_reason& why);
  std::uint32_t number() const noexcept { return number_; }

  // --- handshake
  swill::loop& loop() noexcept override;
  bool is_open() const noexcept override { return lane_ != nullptr; }
  message_port* accept(const header_list& headers, message_sink& sink) override;
  void reject(int status, std::string_view body, const header_list& headers) override;

  // --- message_port
  buffer& begin_message() override;
  void end_message() override;
  void cancel_message() override;
  std::size_t backlog() const noexcept override { return 0; }
  void close(int code, std::string_view reason) override;
  void pause_reading(bool paused) override;
  bool has_room(std::uint64_t seq, std::size_t send_buffer) override;
  bool counts_items() const noexcept override { return true; }
  void on_item_taken(std::uint64_t seq) override;
  void on_request_end(std::uint64_t seq) override;
  remote_inbox* inbox() noexcept override { return this; }

private:
  void push(std::string_view name, const value& v, std::function<void(result<bool>)> answer) override;
  void user_changed();
  bool is_paused() const noexcept { return pauses_ > 0; }
  void read_later();
  void read();
  bool overtakes(bytes_view envelope);

  worker_lane* lane_; ///< null when it has gone
  std::uint32_t number_;
  message_sink* sink_ = nullptr;
  int pauses_ = 0; ///< of reading, which nest
  bool closed_ = false;
  bool waits_ = false; ///< a stream waits for room
  bool is_listed_ = false;
  std::string known_user_; ///< by the gateway
  std::optional<error> rejected_;
  std::deque<bytes> pending_; ///< came before the connection was accepted, or while it does not read
  std::unordered_map<std::uint64_t, std::size_t> windows_; ///< bytes of each stream that the gateway has not passed on
  std::unordered_map<std::uint64_t, std::uint32_t> taken_;
  buffer discarded_; ///< what is written after the lane has gone
  friend class worker_lane;
};

/// The worker's end of one of its links to a gateway: calls in, answers out.
class worker_lane final : public link_lane {
public:
  worker_lane(caf::actor_config& config, unit& home, gate& connections, const worker_options& o,
              const std::atomic<bool>& leaving);

  const char* name() const override { return "swill.workers.worker_lane"; }
  const worker_options& options() const noexcept { return options_; }
  /// The gateway has gone: its calls are cancelled, and the actor ends.
  void end();

private:
  friend class image_port;
  void on_record(record kind, std::uint32_t connection, std::uint32_t seq, bytes_view content,
                 const caf::strong_actor_ptr& sender) override;
  void on_room() override;
  void before_flush() override;
  void on_exit() override;
  void connect(std::uint32_t number, bytes_view facts);
  void push(std::uint32_t number, std::string_view name, const value& v, std::function<void(result<bool>)> answer);
  void on_pushed(std::uint32_t id, bytes_view content);

  gate& connections_;
  const worker_options& options_;
  const std::atomic<bool>& leaving_;
  std::unordered_map<std::uint32_t, std::shared_ptr<image_port>> ports_; // with the handshake, until it is decided
  std::vector<std::shared_ptr<image_port>> with_taken_;
  std::unordered_map<std::uint32_t, std::function<void(result<bool>)>> pushes_; ///< whose answers are awaited
  std::uint32_t last_push_ = 0;
  std::unordered_set<std::uint32_t> bounced_; ///< calls that were not begun, because this worker is leaving
};

} // namespace swill::actors::workers
