#pragma once

#include "actors/workers/options.hpp"
#include "libswill/api/plugin.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace swill {

/// Serves, beside an app's own handlers, those of workers that connect to this server (docs/workers.md): give it to `app::use`. Handlers
/// come and go with their workers; the app's own win over them. Owns its threads: CAF's network and an actor system of its own for it.
class remote_handlers final : public plugin {
public:
  /// A server's start throws invalid_configuration when neither a secret of 16 bytes nor TLS keeps strangers out, or another option makes
  /// no sense.
  explicit remote_handlers(gateway_options o);
  ~remote_handlers() override;

  /// Where workers connect, once the server has started.
  std::uint16_t port() const noexcept;

  std::string_view kind() const noexcept override { return "remote_handlers"; }
  /// When CAF's network has failed, which takes a fault, or want of memory.
  std::string not_ready() const override;
  bool brings_handlers() const noexcept override { return true; }
  void check(mistake_list& out) const override;
  /// Throws std::runtime_error when the address cannot be had.
  void start(actors::runtime& r) override;
  void stop(std::function<void()> done) override;

private:
  void serve(actors::runtime& r);
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace swill
