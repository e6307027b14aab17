#include "actors/workers/worker_tie.hpp"

#include "libswill/base/random.hpp"

#include <algorithm>
#include <future>

namespace swill::actors::workers {

// --- The thread

worker_tie::worker_tie(worker_side& w, std::string address)
    : worker_(w),
      address_(std::move(address)),
      to_(parse_host_and_port(address_)),
      home_(*w.runtime->units().front()) {}

worker_tie::~worker_tie() { stop(); }

void worker_tie::start() {
  thread_ = std::thread{[this] { run(); }};
}

void worker_tie::leave() {
  const std::lock_guard lock{mutex_};
  if (!control_) return;
  home_.loop().post([c = control_] { as<worker_link>(c).leave(); });
}

void worker_tie::cancel() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    changed_.notify_all();
  }
  cancelled_.ring();
}

void worker_tie::stop() {
  cancel();
  if (thread_.joinable()) thread_.join();
}

bool worker_tie::is_linked() {
  const std::lock_guard lock{mutex_};
  return control_ != nullptr;
}

bool worker_tie::is_serving() {
  const std::lock_guard lock{mutex_};
  const clock_time beat{clock_time::duration{beat_.load(std::memory_order_relaxed)}};
  return control_ != nullptr && accepted_ && !over_ && !stopping_ &&
         std::chrono::steady_clock::now() - beat < worker_.options.silence + worker_.options.heartbeat;
}

void worker_tie::run() {
  const worker_options& o = worker_.options;
  std::chrono::milliseconds wait = o.first_pause;
  while (true) {
    bool served = false;
    try {
      served = serve_once();
    } catch (const std::exception& e) {
      worker_.log(log_level::error, "gateway " + address_ + ": " + e.what());
    }
    wait = served ? o.first_pause : std::min(wait * 2, o.longest_pause);
    {
      const std::lock_guard lock{mutex_};
      if (stopping_) return;
    }
    pause(wait);
  }
}

void worker_tie::pause(std::chrono::milliseconds at_most) {
  std::uint32_t random = 0;
  fill_random(&random, sizeof random);
  const auto shorter = std::chrono::milliseconds{static_cast<std::int64_t>(random) * at_most.count() / 2 >> 32};
  std::unique_lock lock{mutex_};
  changed_.wait_for(lock, at_most - shorter, [this] { return stopping_; });
}

bool worker_tie::serve_once() {
  const worker_options& o = worker_.options;
  const auto unreachable = [this](const error& e) {
    const std::lock_guard lock{mutex_};
    if (!stopping_) worker_.log(log_level::info, "gateway " + address_ + " cannot be reached: " + e.message);
    return false;
  };
  auto connection = dial(to_, o.secret, worker_.certificates.get(), o.connect_timeout, cancelled_);
  if (!connection) return unreachable(connection.error());
  network net{{.on_ended = [this](const std::string&, std::string_view why) {
    worker_.log(log_level::warning, "the connection to gateway " + address_ + " was ended: " + std::string{why});
  }}};
  {
    auto door = net.connect(std::move(connection->socket), o.connect_timeout);
    if (!door) return unreachable(door.error());
    std::promise<void> made;
    home_.loop().post([&] {
      caf::strong_actor_ptr c = spawn_in<worker_link>(net.system(), home_, *this, net, connection->keys);
      {
        const std::lock_guard lock{mutex_};
        over_ = accepted_ = false;
        control_ = c;
      }
      as<worker_link>(c).knock(*door);
      made.set_value();
    });
    made.get_future().wait();
  }
  bool served = false;
  {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return stopping_ || over_; });
    served = accepted_;
  }
  end_link();
  return served;
}

void worker_tie::end_link() {
  caf::strong_actor_ptr c;
  {
    const std::lock_guard lock{mutex_};
    c.swap(control_);
  }
  std::promise<void> ended;
  home_.loop().post([&ended, c = std::move(c)] { as<worker_link>(c).end([&ended] { ended.set_value(); }); });
  ended.get_future().wait();
}

void worker_tie::on_over(const std::string& why, log_level how_bad) {
  worker_.log(how_bad, "link to gateway " + address_ + " has ended: " + why);
  const std::lock_guard lock{mutex_};
  over_ = true;
  changed_.notify_all();
}

// --- The control

worker_link::worker_link(caf::actor_config& config, unit& home, worker_tie& l, network& net, const link_keys& keys)
    : link_lane(config, home, l.worker_.options.link_window),
      tie_(l),
      worker_(l.worker_),
      net_(net),
      keys_(keys),
      since_(home.loop().now()),
      heard_(since_),
      looked_(since_) {
  set_tokens(keys_.to_gateway, keys_.to_worker);
}

void worker_link::knock(const caf::strong_actor_ptr& door) {
  send_to(door, keys_.ticket);
  door->get()->attach_functor([self = caf::actor_cast<caf::weak_actor_ptr>(caf::strong_actor_ptr{ctrl()}),
                               loop = &home().loop()](const caf::error&) {
    loop->post([self] {
      if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(self))
        as<worker_link>(strong).over("the connection has ended");
    });
  });
  home().loop().set_timer(*this, home().loop().now() + worker_.options.heartbeat);
}

void worker_link::over(const std::string& why, log_level how_bad) {
  if (stage_ == stage::over || !is_alive()) return;
  stage_ = stage::over;
  tie_.on_over(why, how_bad);
}

void worker_link::on_record(record kind, std::uint32_t, std::uint32_t seq, bytes_view content,
                            const caf::strong_actor_ptr& sender) {
  heard_ = home().loop().now();
  if (stage_ == stage::over) return;
  if (kind == record::refuse) return over("refused: " + std::string{as_text(content)});
  if (kind == record::leaving) return over(std::string{as_text(content)}, log_level::info); // as was planned
  if (stage_ == stage::knocked) {
    if (kind != record::accept) return on_broken();
    stage_ = stage::accepted;
    return set_peer(sender);
  }
  switch (kind) {
    case record::beat: return;
    case record::hello: return open_lane(seq, sender);
    case record::ready: return announce();
    case record::note: return worker_.log(log_level::error, std::string{as_text(content)});
    default: return on_broken();
  }
}

void worker_link::open_lane(std::uint32_t number, const caf::strong_actor_ptr& peer) {
  const auto& units = worker_.runtime->units();
  if (lanes_.size() >= 1024) return on_broken();
  unit& u = *units[number % units.size()];
  auto slot = std::make_shared<caf::strong_actor_ptr>();
  lanes_.push_back({&u, slot});
  const auto self = caf::actor_cast<caf::weak_actor_ptr>(caf::strong_actor_ptr{ctrl()});
  u.loop().post([&u, slot, peer, number, keys = keys_, w = &worker_, net = &net_, self, back = &home().loop()] {
    *slot = spawn_in<worker_lane>(net->system(), u, *w->runtime, w->options, w->leaving);
    auto& l = as<worker_lane>(*slot);
    l.set_tokens(keys.to_gateway, keys.to_worker);
    l.set_peer(peer);
    l.on_broken_link = [self, back] {
      back->post([self] {
        if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(self)) as<worker_link>(strong).on_broken();
      });
    };
    l.write(record::hello, 0, number);
  });
}

void worker_link::announce() {
  const auto& app = worker_.runtime->app();
  const bytes content = encode_announcement(worker_.options, app.handlers());
  if (worker_.leaving) return;
  write(record::announce, 0, 0, content);
  worker_.log(log_level::info, "serves gateway " + tie_.address_);
  tie_.beat_.store(home().loop().now().time_since_epoch().count(), std::memory_order_relaxed);
  const std::lock_guard lock{tie_.mutex_};
  tie_.accepted_ = true;
}

void worker_link::leave() {
  if (stage_ == stage::accepted && is_alive()) write(record::leaving, 0, 0);
}

void worker_link::on_timer() {
  const worker_options& o = worker_.options;
  const clock_time now = home().loop().now();
  tie_.beat_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  // When this process itself stood still, what the gateway said meanwhile waits in the kernel.
  if (now - looked_ > 3 * o.heartbeat) heard_ = now;
  looked_ = now;
  if (stage_ == stage::over) return;
  if (stage_ == stage::accepted) {
    if (now - heard_ >= o.silence) return over("the gateway is silent");
    write(record::beat, 0, 0);
  } else if (now - since_ >= o.connect_timeout) {
    return over("the gateway does not answer the handshake");
  }
  home().loop().set_timer(*this, now + o.heartbeat);
}

void worker_link::end(std::function<void()> done) {
  stage_ = stage::over;
  const caf::strong_actor_ptr keep{ctrl()};
  flush_now();
  quit();
  home().dispose_later(keep);
  auto left = std::make_shared<std::atomic<std::size_t>>(lanes_.size() + 1);
  const auto one_less = [left, done] {
    if (left->fetch_sub(1) == 1) done();
  };
  for (const auto& l : lanes_) {
    l.home->loop().post([slot = l.lane, home = l.home, one_less] {
      if (*slot) as<worker_lane>(*slot).end();
      *slot = nullptr;
      home->loop().post(one_less); // after the turn that has let go of it
    });
  }
  lanes_.clear();
  home().loop().post(one_less);
}

void worker_link::on_exit() {
  timer::cancel();
  link_lane::on_exit();
}

} // namespace swill::actors::workers
