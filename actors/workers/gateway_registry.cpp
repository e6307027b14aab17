#include "actors/workers/gateway_registry.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <iterator>
#include <unordered_set>

namespace swill::actors::workers {

namespace {

/// The published actor. Takes one word: the ticket of a worker that has shown who it is.
class front_door final : public link_endpoint {
public:
  front_door(caf::actor_config& config, unit& home, gateway_registry& g) : link_endpoint(config, home), registry_(g) {}
  const char* name() const override { return "swill.workers.door"; }

private:
  void on_batch(std::vector<char>& batch, const caf::strong_actor_ptr& sender) override {
    if (batch.size() != token_size || !sender || sender->nid == node()) return;
    token ticket{};
    std::memcpy(ticket.data(), batch.data(), ticket.size());
    registry_.knock(ticket, sender);
  }
  gateway_registry& registry_;
};

} // namespace

// --- The registry

gateway_registry::gateway_registry(runtime& r, std::shared_ptr<const detail::service> app, network& net,
                                   const gateway_options& o)
    : runtime_(r),
      home_(*r.units().front()),
      net_(net),
      app_(std::move(app)),
      options_(o),
      peers_log_(home_.loop(), &app_->log, log_room::workers),
      self_(std::make_shared<gateway_registry*>(this)) {
  for (const auto& u : r.units()) {
    tables_.push_back(std::make_shared<handler_table>(*u, static_cast<std::uint32_t>(tables_.size()), app_, options_));
    u->loop().post([t = tables_.back()] { t->open(); });
  }
  door_ = spawn_in<front_door>(net_.system(), home_, *this);
  await_workers();
}

gateway_registry::~gateway_registry() = default;

// Before the first handshake: the server that starts waits for this.
void gateway_registry::await_workers() {
  if (options_.first_workers.count() <= 0) return;
  holds_ = true;
  runtime_.hold_readiness();
  on_tables([](handler_table& t) { t.home().expects_handlers = true; });
  home_.loop().post([self = self_] {
    if (gateway_registry* g = *self)
      g->home_.loop().set_timer(g->awaiting_, g->home_.loop().now() + g->options_.first_workers);
  });
}

void gateway_registry::await_nobody() {
  awaiting_.cancel();
  on_tables([](handler_table& t) { t.home().expects_handlers = false; });
  become_ready();
}

/// Once every loop has heard what was posted to it before.
void gateway_registry::become_ready() {
  if (!std::exchange(holds_, false)) return;
  auto left = std::make_shared<std::atomic<std::size_t>>(tables_.size());
  on_tables([left, r = &runtime_](handler_table&) {
    if (--*left == 0) r->release_readiness();
  });
}

void gateway_registry::on_tables(const std::function<void(handler_table&)>& f) {
  for (const auto& table : tables_) table->home().loop().post([table, f] { f(*table); });
}

bool gateway_registry::expect(const link_keys& k, const std::shared_ptr<visit>& stay) {
  {
    const std::lock_guard lock{mutex_};
    std::erase_if(visits_, [](const auto& v) { return v->is_over(); });
    if (visits_.size() >= options_.workers) return false;
    visits_.push_back(stay);
    guests_.push_back({stay, k, std::chrono::steady_clock::now() + options_.handshake_timeout});
  }
  home_.loop().post([self = self_] {
    if (*self != nullptr) (*self)->watch_guests();
  });
  return true;
}

/// A ticket is good for one worker, once.
std::optional<gateway_registry::guest> gateway_registry::redeem(const token& ticket) {
  const std::lock_guard lock{mutex_};
  const auto it = std::find_if(guests_.begin(), guests_.end(), [&ticket](const guest& g) {
    return g.keys && equal_in_constant_time(g.keys->ticket, ticket);
  });
  if (it == guests_.end()) return std::nullopt;
  guest out = std::move(*it);
  guests_.erase(it);
  return out;
}

void gateway_registry::log_peer(log_level level, std::string_view kind, std::string text) {
  home_.loop().post([self = self_, level, kind = std::string{kind}, text = std::move(text)] {
    if (*self != nullptr) (*self)->peers_log_.write(level, kind, printable(text));
  });
}

void gateway_registry::watch_guests() {
  const std::lock_guard lock{mutex_};
  std::erase_if(guests_, [](const guest& g) { return g.stay->is_over(); });
  if (guests_.empty()) return guests_timer_.cancel();
  home_.loop().set_timer(guests_timer_, guests_.front().until);
}

void gateway_registry::end_late_stays() {
  std::size_t late = 0;
  {
    const clock_time now = std::chrono::steady_clock::now();
    const std::lock_guard lock{mutex_};
    for (; !guests_.empty() && guests_.front().until <= now; guests_.pop_front()) {
      guest& g = guests_.front();
      if (g.stay->is_over()) continue;
      g.stay->end();
      if (g.keys) ++late;
    }
  }
  for (; late > 0; --late)
    peers_log_.write(log_level::warning, "late",
                     "a worker was dropped: it has shown who it is, but not joined within handshake_timeout");
  watch_guests();
}

void gateway_registry::knock(const token& ticket, const caf::strong_actor_ptr& worker) {
  if (stopped_) return;
  const auto expected = redeem(ticket);
  if (!expected) return net_.drop(worker->nid);
  const std::uint64_t id = ++last_;
  member& m = members_[id];
  m.link = spawn_in<gateway_link>(net_.system(), home_, *this, id, *expected->keys, expected->until, worker);
  m.state = as<gateway_link>(m.link).state();
  m.stay = expected->stay;
  // Its death is also seen by heartbeats, only later. Not by down_msg: mail can be forged.
  worker->get()->attach_functor([self = self_, loop = &home_.loop(), id](const caf::error&) {
    loop->post([self, id] {
      if (*self == nullptr) return;
      const auto it = (*self)->members_.find(id);
      if (it != (*self)->members_.end()) (*self)->remove(as<gateway_link>(it->second.link), "its connection has ended");
    });
  });
  as<gateway_link>(m.link).begin();
}

void gateway_registry::open_lanes(gateway_link& l) {
  auto left = std::make_shared<std::size_t>(tables_.size());
  on_tables([this, left, id = l.number(), state = l.state(), keys = l.keys(), peer = l.peer()](handler_table& t) {
    caf::strong_actor_ptr a = spawn_in<gateway_lane>(net_.system(), t.home(), state, options_);
    gateway_lane& g = as<gateway_lane>(a);
    g.set_tokens(keys.to_worker, keys.to_gateway);
    g.set_peer(peer);
    const auto at_home = [this, id](auto f) {
      home_.loop().post([this, id, f] {
        const auto it = members_.find(id);
        if (it != members_.end()) f(as<gateway_link>(it->second.link));
      });
    };
    g.on_open = [at_home, left] {
      at_home([left](gateway_link& link) {
        if (--*left == 0) link.ready();
      });
    };
    g.on_broken_link = [this, at_home] {
      at_home([this](gateway_link& link) { remove(link, "it breaks the format of the link"); });
    };
    g.write(record::hello, 0, t.number());
    t.add_lane(id, std::move(a));
  });
}

void gateway_registry::announced(gateway_link& l, announcement a) {
  member& m = members_.at(l.number());
  m.state->name = a.worker;
  m.state->capacity = a.capacity;
  m.state->connections = a.connections;
  m.state->upload_items = std::clamp<std::size_t>(options_.upload_items, 1, a.queued_items);
  m.handlers = std::move(a.handlers);
  serve_all(l.number(), m, m.handlers);
  become_ready();
  log(log_level::info, "worker " + m.state->name + " serves " + std::to_string(m.handlers.size()) + " handlers");
}

/// Both logs name the first of those that are refused; a worker may announce thousands.
void gateway_registry::serve_all(std::uint64_t worker, member& m,
                                 const std::vector<std::shared_ptr<const announced_handler>>& all) {
  constexpr std::size_t most_lines = 10;
  std::size_t refused = 0;
  const auto tell = [&](const std::string& line) {
    log(log_level::error, line);
    as<gateway_link>(m.link).note(line);
  };
  for (const auto& h : all) {
    const std::string problem = serve(worker, h);
    if (problem.empty() || ++refused > most_lines) continue;
    tell("handler " + h->name + " of worker " + m.state->name + " is refused: " + problem);
  }
  if (refused > most_lines)
    tell(std::to_string(refused - most_lines) + " more handlers of worker " + m.state->name + " are refused");
}

std::string gateway_registry::serve(std::uint64_t worker, const std::shared_ptr<const announced_handler>& h) {
  std::string problem;
  served_name& n = names_[h->name];
  if (h->name.starts_with("swill.")) {
    problem = "names that begin with \"swill.\" are the server's own";
  } else if (app_->find(h->name) != nullptr) {
    problem = "the gateway serves that name itself";
  } else if (!n.workers.empty() && !n.what->same_types(*h)) {
    problem = "worker " + members_.at(n.workers.front()).state->name + " serves that name with other types";
  }
  if (!problem.empty()) {
    if (n.workers.empty()) names_.erase(h->name);
    return problem;
  }
  if (n.workers.empty()) n.what = h;
  n.workers.push_back(worker);
  on_tables([worker, h](handler_table& t) { t.add_name(worker, h); });
  return {};
}

void gateway_registry::remove(gateway_link& l, const std::string& why, record told) {
  const auto it = members_.find(l.number());
  if (it == members_.end()) return;
  const std::uint64_t id = it->first;
  const member gone = std::move(it->second);
  members_.erase(it);
  log(gone.state->leaving ? log_level::info : log_level::warning,
      "worker " + (gone.state->name.empty() ? "(not announced)" : gone.state->name) + " is out: " + why);
  gone.state->leaving = true;
  // Before the lanes end, or a worker may take the end of one for that of the connection. One that stood still reads it when it goes on.
  l.write(told, 0, 0, as_bytes(why));
  l.flush_now();
  on_tables([id](handler_table& t) { t.remove_worker(id); });
  l.quit();
  home_.dispose_later(gone.link);
  // The worker hangs up when it has read why; one that does not, or stands still, may not keep its connection.
  {
    const std::lock_guard lock{mutex_};
    guests_.push_back({gone.stay, std::nullopt, std::chrono::steady_clock::now() + options_.handshake_timeout});
  }
  watch_guests();
  // Names that it alone served are free, also for workers that were refused on its account.
  std::unordered_set<std::string> freed;
  for (const auto& h : gone.handlers) {
    const auto n = names_.find(h->name);
    if (n == names_.end() || std::erase(n->second.workers, id) == 0 || !n->second.workers.empty()) continue;
    freed.insert(h->name);
    names_.erase(n);
  }
  for (auto& [other, m] : members_) {
    std::vector<std::shared_ptr<const announced_handler>> again;
    std::copy_if(m.handlers.begin(), m.handlers.end(), std::back_inserter(again),
                 [&freed](const auto& h) { return freed.contains(h->name); });
    serve_all(other, m, again);
  }
}

void gateway_registry::stop(std::function<void()> done) {
  stopped_ = true;
  *self_ = nullptr;
  await_nobody();
  while (!members_.empty())
    remove(as<gateway_link>(members_.begin()->second.link), "the gateway stops", record::leaving);
  guests_timer_.cancel();
  peers_log_.stop();
  as<front_door>(door_).quit();
  door_ = nullptr;
  auto left = std::make_shared<std::size_t>(tables_.size());
  on_tables([this, left, done](handler_table& t) {
    t.remove_all();
    t.close();
    t.home().loop().post([this, left, done] {
      home_.loop().post([left, done] {
        if (--*left == 0) done();
      });
    });
  });
}

// --- One worker

gateway_link::gateway_link(caf::actor_config& config, unit& home, gateway_registry& g, std::uint64_t id,
                           const link_keys& keys, clock_time until, caf::strong_actor_ptr worker)
    : link_lane(config, home, g.options().link_window),
      registry_(g),
      id_(id),
      node_(worker->nid),
      keys_(keys),
      state_(std::make_shared<worker_state>()),
      joins_until_(until),
      heard_(home.loop().now()),
      looked_(heard_) {
  set_peer(std::move(worker));
  set_tokens(keys_.to_worker, keys_.to_gateway);
}

void gateway_link::begin() {
  write(record::accept, 0, static_cast<std::uint32_t>(registry_.loops()), bytes_view{});
  flush_now(); // before the first word of a lane
  home().loop().set_timer(*this, home().loop().now() + registry_.options().heartbeat);
  registry_.open_lanes(*this);
}

void gateway_link::on_record(record kind, std::uint32_t, std::uint32_t, bytes_view content,
                             const caf::strong_actor_ptr&) {
  heard_ = home().loop().now();
  switch (kind) {
    case record::beat: return;
    case record::announce: return stage_ == stage::joining ? on_announcement(content) : on_broken();
    case record::leaving:
      if (!state_->leaving.exchange(true))
        registry_.log(log_level::info, "worker " + state_->name + " takes no new calls");
      return;
    default: return on_broken();
  }
}

void gateway_link::ready() {
  if (is_alive()) write(record::ready, 0, 0);
}

void gateway_link::on_announcement(bytes_view content) {
  auto a = decode_announcement(content, registry_.options(), registry_.app().limits);
  if (!a) return refuse(a.error().message);
  stage_ = stage::serving;
  registry_.announced(*this, std::move(*a));
}

void gateway_link::on_broken() { refuse("it breaks the format of the link"); }

void gateway_link::refuse(const std::string& why) {
  const caf::node_id node = node_;
  network& net = registry_.net();
  registry_.remove(*this, why);
  net.drop(node);
}

void gateway_link::on_timer() {
  const gateway_options& o = registry_.options();
  const clock_time now = home().loop().now();
  // When this process itself stood still, its workers' heartbeats wait in the kernel: they get another chance.
  if (now - looked_ > 3 * o.heartbeat) heard_ = now;
  looked_ = now;
  if (stage_ != stage::serving && now >= joins_until_) return refuse("its handshake takes too long");
  if (now - heard_ >= o.silence) return registry_.remove(*this, "it is silent");
  write(record::beat, 0, 0);
  home().loop().set_timer(*this, now + o.heartbeat);
}

void gateway_link::on_exit() {
  timer::cancel();
  link_lane::on_exit();
}

} // namespace swill::actors::workers
