#include "libswill/transport/websocket_server.hpp"

#include <utility>

#include "libswill/base/frame_memory.hpp"
#include "libswill/base/loop.hpp"
#include "libswill/base/process.hpp"
#include "libswill/net/acceptor.hpp"
#include "libswill/transport/detail/server_connection.hpp"
#include "libswill/transport/detail/tls_watch.hpp"

#include <stdexcept>
#include <unistd.h>

namespace swill::transport {

namespace {

// How long stop() waits for a loop to come round before it gives up on it.
constexpr std::chrono::milliseconds longest_turn{2000};

} // namespace

struct websocket_server::impl {
  impl(server_settings s, gate& g) : core(std::make_shared<detail::core>(std::move(s), g)) {}

  void take(net::newcomer n, const detail::door& d);
  void watch_tls();
  void on_every_lane(void (*f)(detail::server_connection&));
  bool wait_until_gone(std::chrono::milliseconds longest);

  std::shared_ptr<detail::core> core;
  std::vector<std::shared_ptr<net::acceptor>> acceptors;
  std::vector<std::shared_ptr<detail::tls_watch>> watches;
  std::size_t next_lane = 0; // on the first loop only
  bool stopped = false;
};

websocket_server::websocket_server(server_settings settings, gate& g, std::vector<net::event_loop*> loops)
    : impl_(std::make_unique<impl>(std::move(settings), g)) {
  if (loops.empty()) throw std::invalid_argument("a server needs a loop");
  for (auto* l : loops) impl_->core->lanes.push_back(std::make_unique<detail::lane>(*l, impl_->core->lines));
  impl_->core->returns = std::make_shared<detail::memory_return>(*loops.front());
}

websocket_server::~websocket_server() { stop(std::chrono::milliseconds{0}); }

void websocket_server::bind() {
  reserve_descriptors();
  const auto& settings = impl_->core->settings;
  net::event_loop& first = impl_->core->lanes.front()->loop;
  for (detail::door& d : impl_->core->doors) {
    const auto where = net::listen_address::parse(d.how.address);
    impl_->acceptors.push_back(
        net::acceptor::make(first, impl_->core->lanes.front()->log, where, {settings.backlog, settings.kernel_unsent},
                            [i = impl_.get(), &d](net::newcomer n) { i->take(std::move(n), d); }));
    d.where = impl_->acceptors.back()->address().text();
  }
}

void websocket_server::start() {
  if (impl_->acceptors.empty()) bind();
  for (const auto& l : impl_->acceptors) l->listen();
  for (const auto& l : impl_->acceptors) impl_->core->lanes.front()->loop.post([l] { l->start(); });
  impl_->watch_tls();
}

void websocket_server::impl::watch_tls() {
  const logger log{&core->settings.log, log_room::transport};
  for (const detail::door& d : core->doors) {
    if (!d.tls) continue;
    for (const std::string& warning : d.tls->warnings())
      log.write(log_level::warning, std::string{"TLS files of "}.append(d.where).append(": ").append(warning));
    if (d.how.tls->look_interval.count() == 0) continue;
    watches.push_back(std::make_shared<detail::tls_watch>(core, d));
    core->lanes.front()->loop.post([w = watches.back()] { w->start(); });
  }
}

bool websocket_server::reload() {
  bool has_tls = false;
  for (const detail::door& d : impl_->core->doors) {
    if (!d.tls) continue;
    d.tls->reload(logger{&impl_->core->settings.log, log_room::transport}, d.where);
    has_tls = true;
  }
  return has_tls;
}

// On the first loop, for each connection.
void websocket_server::impl::take(net::newcomer n, const detail::door& d) {
  const bool may_stay = d.how.is_internal || may_keep(n.fd, descriptor_use::client);
  const detail::seat free = may_stay ? core->enter(d.how.is_internal) : detail::seat::none;
  // Where nothing is free, it comes in place of one that waits for its peer alone, on the loop of that one.
  const auto size = core->lanes.size();
  detail::lane* l = core->lanes[next_lane++ % size].get();
  for (std::size_t i = 0; free == detail::seat::none && i < size && l->done_count == 0; ++i)
    l = core->lanes[next_lane++ % size].get();
  if (!may_stay || (free == detail::seat::none && l->done_count == 0)) {
    l->count.turned_away.add(); // before the client sees its end
    ::close(n.fd);
    return;
  }
  auto start = [c = core, &l = *l, n = std::move(n), &d, has = free]() mutable {
    if (has == detail::seat::none && detail::server_connection::end_longest_done(l)) has = c->enter(d.how.is_internal);
    if (has == detail::seat::none) {
      l.count.turned_away.add(); // before the client sees its end
      ::close(n.fd);
      return;
    }
    using memory = swill::detail::frame_allocator<detail::server_connection>;
    std::allocate_shared<detail::server_connection>(memory{}, std::move(c), l, std::move(n), d, has)->start();
  };
  if (l->loop.is_current())
    start();
  else
    l->loop.post(std::move(start));
}

std::vector<std::string> websocket_server::addresses() const {
  std::vector<std::string> all;
  for (const auto& l : impl_->acceptors) all.push_back(l->address().text());
  return all;
}

std::vector<std::string> websocket_server::urls() const {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < impl_->acceptors.size(); ++i) {
    const net::listen_address& where = impl_->acceptors[i]->address();
    const char* scheme = impl_->core->doors[i].tls ? "wss://" : "ws://";
    all.push_back(where.is_unix() ? where.text() : scheme + where.text() + impl_->core->settings.path);
  }
  return all;
}

std::uint16_t websocket_server::port() const {
  for (std::size_t i = 0; i < impl_->acceptors.size(); ++i) {
    const auto& address = impl_->acceptors[i]->address();
    if (!impl_->core->settings.listen[i].is_internal && !address.is_unix()) return address.port;
  }
  return 0;
}

bool websocket_server::is_full() const noexcept { return impl_->core->places.are_taken(); }

void websocket_server::drain() { impl_->core->draining = true; }

std::size_t websocket_server::answering() const noexcept {
  std::size_t all = 0;
  for (const auto& l : impl_->core->lanes) all += l->count.answering.get();
  return all;
}

void websocket_server::drop() {
  impl_->on_every_lane([](detail::server_connection& s) { s.drop(); });
}

void websocket_server::impl::on_every_lane(void (*f)(detail::server_connection&)) {
  for (auto& l : core->lanes) {
    const auto visit = [c = core, lane = l.get(), f] {
      for (detail::server_connection* const* list : {&lane->first, &lane->done}) {
        for (detail::server_connection* s = *list; s != nullptr;) {
          // s may leave its list, and may take the seat of one that is done; the others stay.
          detail::server_connection* next = s->next;
          f(*s);
          s = next;
        }
      }
    };
    // A loop that does not run has no thread that could be in our way.
    if (l->loop.is_running())
      l->loop.post(visit);
    else
      visit();
  }
}

bool websocket_server::impl::wait_until_gone(std::chrono::milliseconds longest) {
  std::unique_lock lock{core->mutex};
  return core->all_gone.wait_for(lock, longest, [this] { return core->open == 0; });
}

void websocket_server::stop(std::chrono::milliseconds grace) {
  if (std::exchange(impl_->stopped, true)) return;
  drain();
  const auto stop_acceptors = [acceptors = std::exchange(impl_->acceptors, {}),
                               watches = std::exchange(impl_->watches, {})] {
    for (const auto& w : watches) w->stop();
    for (const auto& a : acceptors) a->stop();
  };
  if (net::event_loop& first = impl_->core->lanes.front()->loop; first.is_running()) {
    run_on(first, stop_acceptors, longest_turn);
  } else {
    stop_acceptors();
  }
  impl_->on_every_lane([](detail::server_connection& s) { s.shut_down(); });
  if (!impl_->wait_until_gone(grace)) {
    impl_->on_every_lane([](detail::server_connection& s) { s.drop(); });
    impl_->wait_until_gone(longest_turn);
  }
  for (auto& l : impl_->core->lanes) { // their timers are the loops', which may go on turning
    const auto end = [c = impl_->core, lane = l.get()] {
      lane->log.stop();
      lane->jobs->stop();
      if (lane == c->lanes.front().get()) c->returns->stop();
    };
    if (l->loop.is_running())
      l->loop.post(end);
    else
      end();
  }
}

transport::statistics websocket_server::statistics() const {
  transport::statistics all;
  all.open = impl_->core->open.load();
  all.kept = impl_->core->memory.used();
  for (const auto& l : impl_->core->lanes) {
    const auto& c = l->count;
    all.accepted += c.accepted.get();
    all.upgraded += c.upgraded.get();
    all.turned_away += c.turned_away.get();
    all.closed_normally += c.closed_normally.get();
    all.closed_for_error += c.closed_for_error.get();
    all.closed_by_application += c.closed_by_application.get();
    all.dropped += c.dropped.get();
    all.slow_readers += c.slow_readers.get();
    all.ping_timeouts += c.ping_timeouts.get();
    all.exceptions += c.exceptions.get();
    all.tls_handshakes += c.tls_handshakes.get();
    all.tls_resumed += c.tls_resumed.get();
    all.tls_nanoseconds += c.tls_nanoseconds.get();
    all.tls_failures += c.tls_failures.get();
    all.bytes_in += c.bytes_in.get();
    all.bytes_out += c.bytes_out.get();
    all.sends += c.sends.get();
    all.messages_in += c.messages_in.get();
    all.messages_out += c.messages_out.get();
    for (int status = 0; status < 600; ++status) {
      if (const auto n = c.rejected[status].get(); n != 0) all.rejected[status] += n;
      if (const auto n = c.answered[status].get(); n != 0) all.answered[status] += n;
    }
  }
  return all;
}

} // namespace swill::transport
