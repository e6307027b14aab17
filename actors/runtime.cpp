#include "actors/runtime.hpp"

#include "libswill/base/trace.hpp"

#include <algorithm>
#include <future>
#include <thread>

namespace swill::actors {

namespace {

/// A function as a job of CAF's pool.
class pool_job final : public caf::resumable, public caf::ref_counted {
public:
  explicit pool_job(std::function<void()> f) : function_(std::move(f)) {}
  resume_result resume(caf::execution_unit*, std::size_t) override {
    const trace_scope traced;
    function_();
    function_ = nullptr;
    return done;
  }
  void intrusive_ptr_add_ref_impl() override { ref(); }
  void intrusive_ptr_release_impl() override { deref(); }

private:
  std::function<void()> function_;
};

} // namespace

runtime::runtime(std::vector<swill::loop*> loops, std::size_t workers)
    : config_(std::make_unique<runtime_config>(std::move(loops), workers)),
      system_(std::make_unique<caf::actor_system>(*config_)),
      scheduler_(static_cast<scheduler*>(&system_->scheduler())) {
  // CAF makes the thread that creates a system hold its logger, and a system that dies on another thread waits for that.
  caf::logger::set_current_actor_system(nullptr);
}

runtime::~runtime() {
  // Actors of the application that never end must not keep the server from ending: their mail is no longer delivered.
  const auto deadline = std::chrono::steady_clock::now() + drain_timeout();
  while (system_->registry().running() != 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  if (system_->registry().running() != 0) {
    // Handles to them are about, so their system must stay.
    if (app_)
      logger{&app_->log}.write(log_level::warning,
                               "actors of the application still run at shutdown; their actor system is left behind");
    static_cast<void>(system_.release());
    static_cast<void>(config_.release());
    return;
  }
  system_.reset();
}

std::chrono::milliseconds runtime::drain_timeout() const noexcept {
  return app_ ? app_->limits.drain_timeout : limits{}.drain_timeout;
}

void runtime::serve(std::shared_ptr<const detail::service> app) {
  app_ = std::move(app);
  for (const auto& p : app_->plugins) {
    p->start(*this);
    ++plugins_;
  }
}

unit& runtime::unit_of(const swill::loop& l) noexcept {
  for (const auto& u : units()) {
    if (&u->loop() == &l) return *u;
  }
  return *units().front();
}

void runtime::offload(std::function<void()> f) {
  {
    const std::lock_guard lock{mutex_};
    ++jobs_;
  }
  system_->scheduler().enqueue(new pool_job{[this, f = std::move(f)] {
    f();
    const std::lock_guard lock{mutex_};
    --jobs_;
    changed_.notify_all();
  }});
}

// --- Handshakes

void runtime::on_handshake(std::shared_ptr<handshake> h) {
  if (draining_.load(std::memory_order_relaxed)) return h->reject(503, "Service unavailable", {{"Retry-After", "1"}});
  unit& u = unit_of(h->loop());
  // Hooks may still run for a peer that has gone, and for a connection that has ended: they count as connections.
  if (++count_ > app_->limits.connections) {
    h->reject(503, "Server is busy", {{"Retry-After", "1"}});
    return connection_ended();
  }
  // The scope owns itself until its coroutine has ended.
  auto holder = std::make_shared<std::shared_ptr<hook_scope>>();
  *holder = std::make_shared<hook_scope>(u, [this, &u, h, holder](std::exception_ptr failure) {
    u.dispose_later(std::shared_ptr<void>{std::move(*holder)});
    h->on_gone = nullptr;
    if (!failure) return;
    h->reject(500, "Internal server error", {});
    logger{&app_->log}.write(log_level::error, "handshake failed: " + describe_exception(failure));
    connection_ended();
  });
  h->on_gone = [s = std::weak_ptr{*holder}] {
    if (const auto hooks = s.lock()) hooks->cancel();
  };
  (*holder)->start(accept(u, h));
}

namespace {

int rejection_status(int status) noexcept {
  if (status >= 1000) return 403;
  return status >= 300 && status <= 599 ? status : 500;
}

} // namespace

task<void> runtime::accept(unit& u, std::shared_ptr<handshake> h) {
  const auto facts = h->facts ? h->facts : std::make_shared<connection>(make_connection_id(), std::move(h->request));
  try {
    co_await detail::run_hooks(app_->connection.before_connection, *facts);
    co_await detail::run_hooks(app_->connection.before_accept, *facts);
  } catch (const rejection& r) {
    h->reject(rejection_status(r.status), r.body, facts->response_headers());
    connection_ended();
    co_return;
  } catch (const close_connection&) {
    h->reject(403, "Forbidden", facts->response_headers());
    connection_ended();
    co_return;
  } catch (const cancelled&) {
    if (h->is_open()) throw;
    connection_ended(); // the peer has gone
    co_return;
  }
  open(u, *h, facts);
}

void runtime::open(unit& u, handshake& h, std::shared_ptr<connection> facts) {
  const caf::strong_actor_ptr a = spawn_on<connection_actor>(u, facts, app_, [this] { connection_ended(); });
  connection_actor& c = as_connection(a);
  message_port* port = h.accept(facts->response_headers(), c);
  if (port == nullptr) return c.on_closed({});
  c.begin(*port);
}

void runtime::connection_ended() {
  const std::lock_guard lock{mutex_};
  --count_;
  changed_.notify_all();
}

// --- The end

void runtime::on_each_unit(const std::function<void(unit&)>& f) {
  for (const auto& u : units()) {
    u->loop().post([&unit = *u, f] { f(unit); });
  }
}

void runtime::drain() {
  if (draining_.exchange(true)) return;
  if (app_) {
    for (const auto& p : app_->plugins) p->drain();
  }
  on_each_unit([](unit& u) {
    const auto all = u.connections;
    for (connection_actor* c : all) c->drain();
  });
}

void runtime::stop_plugins(const std::function<void()>& turn) {
  while (plugins_ != 0) {
    bool ended = false;
    app_->plugins[--plugins_]->stop([this, &ended] {
      const std::lock_guard lock{mutex_};
      ended = true;
      changed_.notify_all();
    });
    wait_until(turn, std::nullopt, [&ended] { return ended; });
  }
}

void runtime::stop_handler_actors() {
  if (!app_) return;
  for (const auto& h : app_->handlers()) {
    if (h->stop) h->stop(system_.get());
  }
}

template <class F>
bool runtime::wait_until(const std::function<void()>& turn, std::optional<std::chrono::milliseconds> most, F over) {
  std::unique_lock lock{mutex_};
  if (turn) {
    for (int i = 0; i < 1000 && !over(); ++i) {
      lock.unlock();
      turn();
      lock.lock();
    }
  } else if (most) {
    changed_.wait_for(lock, *most, over);
  } else {
    changed_.wait(lock, over);
  }
  return over();
}

void runtime::shut_down(const std::function<void()>& turn, const std::function<void()>& drop) {
  if (std::exchange(shut_down_, true)) return;
  drain();
  const auto all_ended = [this] { return count_.load() == 0; };
  if (!wait_until(turn, drain_timeout(), all_ended)) {
    const auto patience =
        std::chrono::steady_clock::now() + (app_ ? app_->limits.close_timeout : limits{}.close_timeout);
    bool dropped = false;
    do { // again, because hooks that run at the end may wait as well
      if (drop && !dropped && std::chrono::steady_clock::now() > patience) {
        dropped = true;
        drop();
      }
      on_each_unit([](unit& u) {
        const auto all = u.connections;
        for (connection_actor* c : all) c->give_up();
        const auto hooks = u.hooks;
        for (hook_scope* s : hooks) {
          if (std::find(u.hooks.begin(), u.hooks.end(), s) != u.hooks.end()) s->cancel();
        }
      });
    } while (!wait_until(turn, std::chrono::milliseconds{100}, all_ended));
  }
  stop_plugins(turn);
  stop_handler_actors();
  const auto no_jobs = [this] { return jobs_ == 0; };
  if (!wait_until(turn, drain_timeout(), no_jobs)) {
    if (app_) logger{&app_->log}.write(log_level::warning, "waiting for blocking functions that do not end");
    wait_until(turn, std::nullopt, no_jobs);
  }
  // What the loops still hold of it goes on their own threads.
  std::size_t left = units().size();
  for (const auto& u : units()) {
    u->loop().post([this, &unit = *u, &left] {
      for (const auto& a : unit.idle_requests) as_request(a).quit();
      unit.idle_requests.clear();
      unit.loop().post([this, &left] {
        const std::lock_guard lock{mutex_};
        --left;
        changed_.notify_all();
      });
    });
  }
  wait_until(turn, std::nullopt, [&left] { return left == 0; });
}

// --- Listings

template <class T, class F>
std::vector<T> runtime::collect(F f) {
  std::vector<std::future<std::vector<T>>> parts;
  for (const auto& u : units()) {
    auto part = std::make_shared<std::promise<std::vector<T>>>();
    parts.push_back(part->get_future());
    u->loop().post([&unit = *u, part, f] {
      std::vector<T> out;
      for (const connection_actor* c : unit.connections) f(*c, out);
      part->set_value(std::move(out));
    });
  }
  std::vector<T> all;
  for (auto& p : parts) {
    auto some = p.get();
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  return all;
}

std::vector<connection_info> runtime::connections() {
  return collect<connection_info>([](const connection_actor& c, auto& out) { out.push_back(c.info()); });
}

std::vector<request_info> runtime::requests() {
  return collect<request_info>([](const connection_actor& c, auto& out) {
    auto some = c.requests();
    out.insert(out.end(), some.begin(), some.end());
  });
}

} // namespace swill::actors
