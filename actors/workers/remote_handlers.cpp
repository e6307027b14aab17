#include "actors/workers/remote_handlers.hpp"

#include "actors/workers/gateway_registry.hpp"
#include "actors/workers/porter.hpp"

#include <atomic>
#include <thread>

namespace swill {

using namespace actors::workers;

struct remote_handlers::impl {
  explicit impl(gateway_options o) : options(std::move(o)) {}
  gateway_options options;
  std::unique_ptr<link_certificates> certificates;
  std::unique_ptr<network> net;
  std::unique_ptr<gateway_registry> registry;
  std::unique_ptr<porter> entrance;
  std::uint16_t port = 0;
  std::atomic<bool> has_failed = false; ///< net, for good
  swill::loop* home = nullptr;
  std::thread ending;

  // What serves keeps the application, which keeps this plugin: it ends here, not in a destructor.
  void end() {
    entrance.reset();
    net.reset();
    registry.reset();
  }
};

remote_handlers::remote_handlers(gateway_options o) : impl_(std::make_unique<impl>(std::move(o))) {}

void remote_handlers::check(mistake_list& out) const { swill::check(impl_->options, out); }

remote_handlers::~remote_handlers() {
  if (impl_->ending.joinable()) impl_->ending.join();
}

std::string remote_handlers::not_ready() const {
  return impl_->has_failed ? "their network has failed, and this process has to be started again" : "";
}

std::uint16_t remote_handlers::port() const noexcept { return impl_->port; }

void remote_handlers::start(actors::runtime& r) {
  if (impl_->ending.joinable()) impl_->ending.join();
  try {
    serve(r);
  } catch (...) {
    impl_->end();
    throw;
  }
}

void remote_handlers::serve(actors::runtime& r) {
  impl& i = *impl_;
  const auto at = parse_host_and_port(i.options.listen);
  i.certificates = i.options.tls.empty() ? nullptr : std::make_unique<link_certificates>(i.options.tls);
  i.entrance = std::make_unique<porter>(
      at,
      house_rules{.secret = i.options.secret,
                  .certificates = i.certificates.get(),
                  .strangers = i.options.strangers,
                  .patience = i.options.handshake_timeout,
                  .expects = [&i](const link_keys& keys,
                                  const std::shared_ptr<visit>& stay) { return i.registry->expect(keys, stay); }},
      [&i](std::unique_ptr<link_socket> s) { i.net->let_in(std::move(s)); }, &r.app().log);
  i.has_failed = false;
  i.net = std::make_unique<network>(link_troubles{
      .on_ended =
          [&i](const std::string& address, std::string_view why) {
            i.registry->log_peer(log_level::warning, "ended",
                                 "the connection of a worker at " + address + " was ended: " + std::string{why});
          },
      .on_failure =
          [&i, log = &r.app().log] {
            i.has_failed = true;
            logger{log, log_room::workers}.write(log_level::error,
                                                 "no worker can connect any more: the network of workers has "
                                                 "failed; end this process, and start it again");
          }});
  i.home = &r.units().front()->loop();
  i.registry = std::make_unique<gateway_registry>(r, r.shared_app(), *i.net, i.options);
  i.net->publish(i.registry->door());
  i.entrance->open();
  i.port = i.entrance->port();
  logger{&r.app().log, log_room::workers}.write(log_level::info, "workers connect to port " + std::to_string(i.port));
}

void remote_handlers::stop(std::function<void()> done) {
  impl& i = *impl_;
  if (!i.registry) return done();
  i.home->post([&i, done] {
    i.registry->stop([&i, done] {
      // The system ends its threads, which takes a while: not on a loop.
      i.ending = std::thread{[&i, done] {
        i.end();
        done(); // until then the runtime has the application, whose log the porter writes
      }};
    });
  });
}

} // namespace swill
