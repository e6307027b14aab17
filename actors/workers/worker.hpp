#pragma once

#include "actors/workers/options.hpp"
#include "libswill/api/plugin.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace swill {

/// Serves an app's handlers to the clients of gateways, from a process of its own (docs/workers.md): give it to `app::use`, and run the
/// app by a server; with no `listen` address that server serves gateways alone. Connects to every address
/// of each gateway, and again when it has gone. A thread for each, and one that looks up names, beside those of CAF's network.
class worker final : public plugin {
public:
  /// A server's start throws invalid_configuration when there is no gateway, an address cannot be read, neither a secret of 16 bytes nor
  /// TLS is given, or another option makes no sense.
  explicit worker(worker_options o);
  ~worker() override;

  std::string_view kind() const noexcept override { return "worker"; }
  bool brings_clients() const noexcept override { return true; }
  void check(mistake_list& out) const override;
  /// Throws std::runtime_error when the files of TLS cannot be used.
  void start(actors::runtime& r) override;
  void drain() noexcept override;
  void stop(std::function<void()> done) override;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// What a worker on this host says of itself.
struct worker_health {
  /// It is linked to at least one gateway, which gives it calls; it is not leaving, and its first loop turns.
  bool is_serving = false;
  std::string text; ///< one line about that, or why there is no answer
};
/// Asks the worker of this network namespace that has the name (worker_options::health_name), whatever program it is and whatever it serves. Waits, at most
/// about `timeout`. Throws std::invalid_argument for what cannot be a name.
worker_health ask_worker(const std::string& health_name = "swill-worker",
                         std::chrono::milliseconds timeout = std::chrono::milliseconds{1000});

} // namespace swill
