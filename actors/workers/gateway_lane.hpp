#pragma once

#include "actors/seq_table.hpp"
#include "actors/workers/link_lane.hpp"
#include "actors/workers/options.hpp"
#include "libswill/api/connection.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace swill::actors::workers {

class gateway_lane;
class remote_call;

/// One worker as all loops of the gateway see it.
struct worker_state {
  std::string name;
  std::uint32_t capacity = 1;
  std::size_t upload_items = 1; ///< the gateway's window, or less when the worker's queues are shorter
  std::atomic<std::uint32_t> in_flight{0};
  std::uint32_t connections = 1;        ///< of clients that it keeps images of
  std::atomic<std::uint32_t> images{0}; ///< that it has
  std::atomic<bool> leaving{false};
};

/// The clients' connections that a lane has told its worker of. A connection holds one of these for all lanes of its loop; when it ends,
/// so do its images.
class images {
public:
  images& operator=(images&&) = delete;
  ~images();
  /// Its number on that lane, which is told of it, or of its new user, first. Throws 429 when the worker has as many as it may.
  std::uint32_t number_on(gateway_lane& l, connection& c);
  bool is_on(const gateway_lane& l) const noexcept;
  /// The client's connection is over: its images end for the same reason.
  void end(const close_reason& why);

private:
  friend class gateway_lane;
  struct image {
    std::shared_ptr<gateway_lane*> lane; // shared with the lane, which nulls it when it ends
    std::uint32_t number;
    std::string user;
  };
  std::vector<image> all_;
};

/// The gateway's end of one loop's link to one worker: calls out, answers in.
class gateway_lane final : public link_lane {
public:
  gateway_lane(caf::actor_config& config, unit& home, std::shared_ptr<worker_state> w, const gateway_options& o);

  const char* name() const override { return "swill.workers.gateway_lane"; }
  worker_state& worker() noexcept { return *worker_; }
  const gateway_options& options() const noexcept { return options_; }
  bool is_open() const noexcept { return open_; }
  /// Takes another call.
  bool is_free() const noexcept {
    return open_ && is_alive() && !worker_->leaving.load(std::memory_order_relaxed) &&
           worker_->in_flight.load(std::memory_order_relaxed) < worker_->capacity && has_room();
  }
  /// Of a connection that has no image there yet.
  bool takes_connections() const noexcept {
    return worker_->images.load(std::memory_order_relaxed) < worker_->connections;
  }

  /// A number for a new call, which gets its answers.
  std::uint32_t enter(remote_call& c);
  void leave(std::uint32_t seq);
  /// Calls c.on_room() once there is.
  void wait_room(remote_call& c) { waiting_.push_back(&c); }
  void forget(remote_call& c) noexcept { std::erase(waiting_, &c); }

  /// The worker has gone: every call is told, and the actor ends.
  void end();

  /// Once, when the worker's end has answered.
  std::function<void()> on_open;

private:
  friend class images;
  void on_record(record kind, std::uint32_t connection, std::uint32_t seq, bytes_view content,
                 const caf::strong_actor_ptr& sender) override;
  void on_room() override;
  void on_exit() override;
  void on_response(bytes_view content);
  void on_user(std::uint32_t number, std::string_view user);
  void on_push(std::uint32_t number, std::uint32_t id, bytes_view content);
  value push_to(std::uint32_t number, const std::string& name, const value& v);
  void on_disconnect(std::uint32_t number, std::uint32_t code, std::string_view reason);
  void lose_calls(std::optional<std::uint32_t> of_connection);
  void send_facts(std::uint32_t number, const connection& c);
  std::uint32_t enter_connection(connection& c, images& of);
  bool leave_connection(std::uint32_t number);

  std::shared_ptr<worker_state> worker_; // shared by all lanes and the registry
  const gateway_options& options_;
  std::shared_ptr<gateway_lane*> self_; // shared with images
  struct known_connection {
    connection* facts;
    images* of;
  };
  std::unordered_map<std::uint32_t, known_connection> connections_;
  seq_table<remote_call> calls_;
  std::vector<remote_call*> waiting_;
  std::uint32_t last_connection_ = 0;
  std::uint32_t last_seq_ = 0;
  bool open_ = false;
};

} // namespace swill::actors::workers
