#pragma once

#include "actors/workers/admission.hpp"
#include "actors/workers/wake_up.hpp"
#include "libswill/base/loop.hpp"
#include "libswill/base/result.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace swill::actors::workers {

/// A connection to a gateway whose two ends have shown each other who they are.
struct dialled {
  std::unique_ptr<link_socket> socket;
  link_keys keys;
};

/// Connects to a gateway at a numeric address, as a worker. Waits, at most `timeout` in all, and no longer once `cancelled` rings.
/// `certificates`: null without TLS.
result<dialled> dial(const host_and_port& to, const std::string& secret, link_certificates* certificates,
                     std::chrono::milliseconds timeout, const wake_up& cancelled);

} // namespace swill::actors::workers
