#include "libswill/server/server.hpp"

#include "actors/runtime.hpp"
#include "libswill/transport/io_threads.hpp"
#include "libswill/transport/server.hpp"

#include <algorithm>
#include <csignal>
#include <pthread.h>
#include <stdexcept>
#include <thread>

namespace swill {

namespace {

sigset_t ending_signals() noexcept {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

/// SIGINT and SIGTERM wait on this thread, and on those that it starts, while one of these lives.
class signals_blocked {
public:
  signals_blocked() noexcept {
    const sigset_t set = ending_signals();
    pthread_sigmask(SIG_BLOCK, &set, &before_);
  }
  signals_blocked(const signals_blocked&) = delete;
  signals_blocked& operator=(const signals_blocked&) = delete;
  ~signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
  sigset_t before_;
};

} // namespace

struct server::impl {
  impl(app& a, server_options o)
      : application(a),
        options(std::move(o)),
        log(a.log()),
        threads(
            options.io_threads, [this](std::function<void()> f) { actors->offload(std::move(f)); }, &log) {
    std::vector<swill::loop*> loops;
    for (transport::asio_loop* l : threads.loops()) loops.push_back(l);
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    const signals_blocked quiet; // threads inherit it: SIGINT and SIGTERM are for run()
    actors = std::make_unique<actors::runtime>(
        std::move(loops), options.workers != 0 ? options.workers : std::max<std::size_t>(cores, 4));
    threads.start();
  }

  app& application;
  server_options options;
  log_sink log;
  transport::io_threads threads;
  std::unique_ptr<actors::runtime> actors;
  std::unique_ptr<transport::server> sockets;
  bool stopped = false;
};

server::server(app& a, server_options options) : impl_(std::make_unique<impl>(a, std::move(options))) {}

server::~server() { stop(); }

void server::start() {
  if (impl_->sockets) throw std::logic_error("the server was started before");
  auto service = impl_->application.build();
  transport::server_settings settings;
  settings.listen = impl_->options.listen;
  settings.path = impl_->options.path;
  settings.origins = impl_->options.origins;
  settings.limits = service->limits;
  settings.test_echo = impl_->options.test_echo;
  settings.kernel_unsent = impl_->options.kernel_unsent;
  settings.log = impl_->log;
  impl_->actors->serve(std::move(service));
  impl_->sockets = std::make_unique<transport::server>(std::move(settings), *impl_->actors, impl_->threads.loops());
  impl_->sockets->start();
}

void server::stop() {
  if (std::exchange(impl_->stopped, true)) return;
  if (impl_->sockets) impl_->sockets->drain();
  impl_->actors->shut_down({}, [this] {
    if (impl_->sockets) impl_->sockets->stop(std::chrono::milliseconds{0});
  });
  if (impl_->sockets) impl_->sockets->stop();
  impl_->threads.stop();
  impl_->actors.reset();
}

void server::wait_for_signal() {
  const signals_blocked mine;
  const sigset_t set = ending_signals();
  int which = 0;
  sigwait(&set, &which);
}

void server::run(const std::function<void(server&)>& on_ready) {
  {
    const signals_blocked mine;
    start();
    if (on_ready) on_ready(*this);
    wait_for_signal();
  }
  stop(); // another signal meanwhile ends the process
}

std::vector<std::string> server::addresses() const {
  return impl_->sockets ? impl_->sockets->addresses() : std::vector<std::string>{};
}
std::uint16_t server::port() const { return impl_->sockets ? impl_->sockets->port() : 0; }
caf::actor_system& server::system() { return impl_->actors->system(); }
actors::runtime& server::runtime() { return *impl_->actors; }
transport::statistics server::statistics() const {
  return impl_->sockets ? impl_->sockets->statistics() : transport::statistics{};
}

} // namespace swill
