#pragma once

#include "actors/workers/announcement.hpp"
#include "actors/workers/gateway_lane.hpp"
#include "libswill/api/serving/typed_handler.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace swill::actors::workers {

/// Stands in, on one loop, for a handler that workers serve.
class remote_handler final : public detail::handler, public std::enable_shared_from_this<remote_handler> {
public:
  remote_handler(std::shared_ptr<const announced_handler> what, const detail::request_hooks& around,
                 const gateway_options& o);

  /// The worker with the least in flight; of equals, each in turn. Throws 503 when there is none, 429 when all are full, or have as
  /// many connections as they may and not this one.
  gateway_lane& pick(const images& of_connection) const;
  void add(gateway_lane& l) { lanes_.push_back(&l); }
  void remove(const gateway_lane& l) { std::erase(lanes_, &l); }
  bool has_workers() const noexcept { return !lanes_.empty(); }
  const std::shared_ptr<const announced_handler>& what() const noexcept { return what_; }
  const gateway_options& gateway() const noexcept { return gateway_; }

  // --- handler
  bool call_plain(context& c, bytes_view data, bool is_checked, const limits& l,
                  detail::plain_passage& passage) const override;
  std::unique_ptr<detail::exchange> make_exchange(detail::call& c) const override;
  std::shared_ptr<handler> clone() const override;

  clock_time gone_since{};

private:
  // One for each shape that streams; the signature of each says which.
  struct download {
    const remote_handler* of;
    stream<raw> operator()(request<raw> r) const;
  };
  struct upload {
    const remote_handler* of;
    task<raw> operator()(streaming_request<raw> r) const;
  };
  struct duplex {
    const remote_handler* of;
    stream<raw> operator()(streaming_request<raw> r) const;
  };
  template <class F>
  class checked_exchange;
  stream<raw> relay(context& to, raw opening, std::optional<streaming_request<raw>> further) const;

  std::shared_ptr<const announced_handler> what_; // shared by all loops
  const gateway_options& gateway_;
  std::vector<gateway_lane*> lanes_; ///< of this loop; each leaves before it ends
  mutable std::size_t turn_ = 0;
  download download_{this};
  upload upload_{this};
  duplex duplex_{this};
};

} // namespace swill::actors::workers
