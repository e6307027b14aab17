#pragma once

#include "actors/workers/gateway_lane.hpp"
#include "libswill/api/serving/call.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace swill::actors::workers {

class remote_handler;

/// One call at a worker, from the gateway's side. Lives in what stands in for the handler; when that goes before the call has ended, the
/// worker gets CANCEL. All on the loop's thread.
class remote_call {
public:
  remote_call(const remote_handler& h, detail::call& c) : handler_(h), call_(c) {}
  remote_call& operator=(remote_call&&) = delete;
  virtual ~remote_call();

  /// Picks the worker with the least in flight and opens the call there. Throws 503 when there is none, 429 when all are full.
  void open(wire::request_type type, bytes_view data);

  bool is_over() const noexcept { return lane_ == nullptr; }
  /// The worker refused to begin: the call may be opened again as if it had never been.
  bool was_bounced() const noexcept { return bounced_; }
  detail::call& call() const noexcept { return call_; }
  const remote_handler& target() const noexcept { return handler_; }

  // --- For the lane
  void on_response(const wire::response_envelope& e);
  void on_bounce();
  void on_lost();
  virtual void on_taken(std::uint32_t) {}
  virtual void on_room() {}
  std::uint32_t seq() const noexcept { return seq_; }
  std::uint32_t connection_number() const noexcept { return connection_; }

protected:
  /// An envelope of the worker, whose bytes live until this returns; after the last one the call is over. May destroy this.
  virtual void received(const wire::response_envelope& e) = 0;
  /// It is over without an end: lost or bounced. May destroy this.
  virtual void gone() = 0;

  void send(record kind, wire::request_type type, bytes_view data, bytes_view metadata = {});
  gateway_lane* lane() const noexcept { return lane_; }

private:
  void finish();

  const remote_handler& handler_;
  detail::call& call_;
  gateway_lane* lane_ = nullptr; ///< null before open() and after the end
  caf::strong_actor_ptr keep_;   ///< the lane, while it is used
  std::uint32_t seq_ = 0;
  std::uint32_t connection_ = 0;
  bool bounced_ = false;
  bool uploads_ = false; ///< the worker may still expect items
};

error all_busy();
/// Whether a call whose worker has gone may be opened at another; throws 503 when not. `attempts`: how often it was opened before;
/// `answered`: the client has seen something of it.
void may_open_again(const remote_call& c, std::size_t& attempts, bool answered);

error error_in(bytes_view data);
std::optional<metadata> metadata_in(bytes_view encoded);
/// Trailing metadata of the worker, in addition to what hooks have set.
void set_trailing(context& to, const std::optional<metadata>& m);

} // namespace swill::actors::workers
