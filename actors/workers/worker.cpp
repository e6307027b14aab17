#include "actors/workers/worker.hpp"

#include "actors/workers/worker_finder.hpp"
#include "actors/workers/worker_health.hpp"
#include "libswill/base/printable.hpp"

#include <algorithm>
#include <array>
#include <thread>
#include <unistd.h>

namespace swill {

using namespace actors::workers;

namespace {

/// Gateways tell of what they have passed on in steps (streaming_call.cpp).
constexpr std::size_t least_stream_window = 64 * 1024;

std::string default_name() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return printable(host.data()) + "/" + std::to_string(::getpid());
}

} // namespace

struct worker::impl {
  worker_side side;
  std::unique_ptr<worker_finder> gateways;
  std::unique_ptr<health_socket> health;
  std::thread ending;
};

worker::worker(worker_options o) : impl_(std::make_unique<impl>()) {
  if (o.name.empty()) o.name = default_name();
  o.stream_window = std::max<std::size_t>(o.stream_window, least_stream_window);
  impl_->side.options = std::move(o);
}

void worker::check(mistake_list& out) const { swill::check(impl_->side.options, out); }

worker::~worker() {
  if (impl_->ending.joinable()) impl_->ending.join();
}

void worker::start(actors::runtime& r) {
  impl& i = *impl_;
  if (i.ending.joinable()) i.ending.join();
  i.side.runtime = &r;
  const link_tls& tls = i.side.options.tls;
  i.side.certificates = tls.empty() ? nullptr : std::make_unique<link_certificates>(tls);
  i.side.leaving = false;
  i.gateways = std::make_unique<worker_finder>(i.side);
  if (i.side.options.health_name.empty()) return;
  try {
    i.health = std::make_unique<health_socket>(i.side.options.health_name, [&i] { return i.gateways->health(); });
  } catch (const std::system_error& e) { // another worker's, most likely; this one serves all the same
    i.side.log(log_level::info, std::string{"this worker cannot be asked how it is: "} + e.what());
  }
}

void worker::drain() noexcept {
  impl_->side.leaving = true;
  if (impl_->gateways) impl_->gateways->leave();
}

void worker::stop(std::function<void()> done) {
  impl_->ending = std::thread{[this, done] {
    impl_->health.reset();
    impl_->gateways.reset(); // waits for its threads
    done();
  }};
}

} // namespace swill
