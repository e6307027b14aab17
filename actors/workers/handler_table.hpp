#pragma once

#include "actors/connection_actor.hpp"
#include "actors/workers/remote_handler.hpp"
#include "libswill/base/text.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace swill::actors::workers {

/// The remote handlers of one loop, and the workers behind them. The registry says what is in it, by functions posted to the loop. Workers that know
/// a connection of the loop are told how it has ended.
class handler_table final : public detail::dynamic_handlers, connection_watcher {
public:
  handler_table(unit& u, std::uint32_t number, std::shared_ptr<const detail::service> app, const gateway_options& o)
      : unit_(u), number_(number), app_(std::move(app)), options_(o) {}

  unit& home() noexcept { return unit_; }
  /// On the unit's thread: from now on its connections find these handlers, and until close().
  void open();
  void close();
  std::uint32_t number() const noexcept { return number_; } ///< of the loop
  void add_lane(std::uint64_t worker, caf::strong_actor_ptr l) { lanes_[worker] = std::move(l); }
  gateway_lane* lane_of(std::uint64_t worker) noexcept;
  void add_name(std::uint64_t worker, std::shared_ptr<const announced_handler> h);
  /// Its calls are retried elsewhere, or fail.
  void remove_worker(std::uint64_t worker);
  void remove_all();

  const detail::handler* find(std::string_view name) noexcept override;
  std::vector<std::shared_ptr<const detail::handler>> all() const override;

private:
  void on_connected(connection_actor&) override {}
  void on_disconnected(connection_actor& c, const close_reason& why) override;
  void forget_old();

  unit& unit_;
  const std::uint32_t number_;
  std::shared_ptr<const detail::service> app_; // shared by all connections of the server
  const gateway_options& options_;
  std::unordered_map<std::string, std::shared_ptr<remote_handler>, text_hash, std::equal_to<>> handlers_;
  std::unordered_map<std::uint64_t, caf::strong_actor_ptr> lanes_;
  std::vector<std::string> order_; ///< of arrival, for listings
};

} // namespace swill::actors::workers
