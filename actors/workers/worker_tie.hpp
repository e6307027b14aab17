#pragma once

#include "actors/runtime.hpp"
#include "actors/workers/announcement.hpp"
#include "actors/workers/dial.hpp"
#include "actors/workers/link_lane.hpp"
#include "actors/workers/network.hpp"
#include "actors/workers/worker_lane.hpp"
#include "libswill/base/printable.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace swill::actors::workers {

class worker_link;

/// What the links of one worker share.
struct worker_side {
  worker_options options;
  std::unique_ptr<link_certificates> certificates; ///< null without TLS
  actors::runtime* runtime = nullptr;
  std::atomic<bool> leaving{false};
  void log(log_level level, const std::string& text) const {
    logger{&runtime->app().log, log_room::workers}.write(level, printable(text)); // gateways have written some of it
  }
};

/// A worker's tie to one gateway: a thread that connects, waits until the link has ended, and connects again. Each link has a network
/// of its own, so that nothing of one that has ended is left for the next.
class worker_tie {
public:
  worker_tie(worker_side& w, std::string address);
  /// Ends as stop() does.
  ~worker_tie();

  void start();
  /// Tells the gateway to send no new calls. From any thread.
  void leave();
  /// Ends the link; returns at once.
  void cancel();
  /// cancel(), and waits until its thread has ended. Not from a loop's thread.
  void stop();
  /// There is a link now, or one is being made. From any thread.
  bool is_linked();
  /// The gateway has its announcement, and the first loop has turned lately. From any thread.
  bool is_serving();

private:
  void run();
  bool serve_once(); ///< true when the gateway accepted this worker
  void end_link();
  void pause(std::chrono::milliseconds at_most);

  worker_side& worker_;
  std::string address_;
  host_and_port to_;
  unit& home_;
  wake_up cancelled_; ///< rings when it is to stop
  std::thread thread_;

  std::mutex mutex_; // guards what follows
  std::condition_variable changed_;
  bool stopping_ = false;
  bool over_ = false;
  bool accepted_ = false;
  std::atomic<clock_time::duration::rep> beat_{0}; ///< when the control's heart beat last
  caf::strong_actor_ptr control_;                  ///< while there is a link

  friend class worker_link;
  void on_over(const std::string& why, log_level how_bad);
};

/// The worker's end of the control of one link: lanes, announcement, heartbeats. At home on the first loop.
class worker_link final : public link_lane, timer {
public:
  worker_link(caf::actor_config& config, unit& home, worker_tie& l, network& net, const link_keys& keys);

  const char* name() const override { return "swill.workers.worker_link"; }
  void knock(const caf::strong_actor_ptr& door);
  void leave();
  /// Ends its lanes, each on its loop, and itself; `done` is called, from any thread, when all have ended.
  void end(std::function<void()> done);

private:
  void on_record(record kind, std::uint32_t connection, std::uint32_t seq, bytes_view content,
                 const caf::strong_actor_ptr& sender) override;
  void on_broken() override { over("the gateway breaks the format of the link"); }
  void open_lane(std::uint32_t number, const caf::strong_actor_ptr& peer);
  void announce();
  void over(const std::string& why, log_level how_bad = log_level::warning);
  void on_timer() override;
  void on_exit() override;

  enum class stage : std::uint8_t { knocked, accepted, over };
  struct open_lane_entry {
    unit* home;
    std::shared_ptr<caf::strong_actor_ptr> lane; ///< set and used on that loop only
  };
  worker_tie& tie_;
  worker_side& worker_;
  network& net_;
  link_keys keys_;
  stage stage_ = stage::knocked;
  clock_time since_;
  clock_time heard_;
  clock_time looked_;
  std::vector<open_lane_entry> lanes_;
};

} // namespace swill::actors::workers
