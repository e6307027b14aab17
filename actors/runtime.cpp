#include "actors/runtime.hpp"

#include "actors/roster.hpp"

#include "libswill/base/frame_memory.hpp"
#include "libswill/base/trace.hpp"

#include <algorithm>
#include <cstdio>
#include <future>
#include <map>
#include <thread>
#include <unistd.h>

namespace swill::actors {

namespace {

// How long the end of a server waits for a loop to say what it has.
constexpr std::chrono::milliseconds longest_answer{200};
// From when requests are cancelled until the server has ended, where limits::close_timeout is shorter.
constexpr std::chrono::milliseconds shortest_end{1000};
// For what has been told to end, however late it is.
constexpr std::chrono::milliseconds shortest_wait{100};
// By the clock of a manual loop.
constexpr std::chrono::hours longest_manual_wait{1};
// Between two lines of one I/O thread about handlers that hold it.
constexpr std::chrono::seconds slow_line_interval{1};

/// A function that nobody waits for.
class function_job final : public pool_job {
public:
  explicit function_job(std::function<void()> f) : function_(std::move(f)) {}
  void run() noexcept override {
    function_();
    function_ = nullptr;
  }
  void on_done() override {}

private:
  std::function<void()> function_;
};

// Threads of the pool give way to those that serve sockets: on Linux each thread has a priority of its own.
constexpr int pool_niceness = 5;

void give_way() noexcept {
  if (unit::current() != nullptr) return; // a server without a pool, which works on its loop
  thread_local const bool gave = ::nice(pool_niceness) != -1;
  static_cast<void>(gave);
}

bool is_cancellation(const std::exception_ptr& e) {
  try {
    std::rethrow_exception(e);
  } catch (const cancelled&) {
    return true;
  } catch (...) {
    return false;
  }
}

std::string counted(std::size_t n, const char* what) { return std::to_string(n) + " " + what + (n == 1 ? "" : "s"); }

std::string seconds(clock_duration d) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f s", std::chrono::duration<double>(d).count());
  return text;
}

/// "a (2), b and 7 more".
std::string list_of(const std::vector<std::string>& all) {
  constexpr std::size_t most = 10, longest = 100;
  std::map<std::string, std::size_t> counts;
  for (const auto& name : all) ++counts[std::string{cut_text(name, longest)}];
  std::string out;
  std::size_t shown = 0;
  for (const auto& [name, count] : counts) {
    if (shown == most) return out + " and " + std::to_string(counts.size() - most) + " more";
    if (shown++ != 0) out += ", ";
    out += name;
    if (count > 1) out += " (" + std::to_string(count) + ")";
  }
  return out;
}

} // namespace

/// A thread of CAF's pool, as long as there are jobs for it. It runs one at a time, so that actors get their turns.
class runtime::job_runner final : public caf::resumable, public caf::ref_counted {
public:
  explicit job_runner(runtime& r) : runtime_(r) {}
  resume_result resume(caf::execution_unit*, std::size_t) override {
    give_way();
    const trace_scope traced;
    std::shared_ptr<pool_job> job = runtime_.jobs_.next();
    if (!job) return done;
    job->run();
    runtime_.jobs_.finish(std::move(job));
    const std::lock_guard lock{runtime_.mutex_};
    runtime_.changed_.notify_all();
    return resume_later;
  }
  void intrusive_ptr_add_ref_impl() override { ref(); }
  void intrusive_ptr_release_impl() override { deref(); }

private:
  runtime& runtime_;
};

runtime::runtime(std::vector<swill::loop*> loops, std::size_t workers, std::shared_ptr<caf::actor_system_config> config)
    : config_(config ? std::move(config) : std::make_shared<caf::actor_system_config>()),
      system_(make_system(*config_, std::move(loops), workers)),
      scheduler_(static_cast<scheduler*>(&system_->scheduler())),
      jobs_(std::max<std::size_t>(workers, 1)) {
  for (const auto& u : units()) u->server = this;
  // CAF makes the thread that creates a system hold its logger, and a system that dies on another thread waits for that.
  caf::logger::set_current_actor_system(nullptr);
}

runtime::~runtime() {
  // Actors of the application that never end must not keep the server from ending: their mail is no longer delivered.
  auto deadline = std::chrono::steady_clock::now() + bounds().drain_timeout;
  if (last_moment_)
    deadline = std::min(deadline, std::max(*last_moment_, std::chrono::steady_clock::now() + shortest_wait));
  while (system_->registry().running() != 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  if (system_->registry().running() != 0) {
    // Handles to them are about, so their system must stay.
    log(log_level::warning, "actors of the application still run at shutdown; their actor system is left behind");
    static_cast<void>(system_.release());
    static_cast<void>(new std::shared_ptr{std::move(config_)});
    return;
  }
  system_.reset();
}

void runtime::log(log_level level, const std::string& text) const {
  if (app_) logger{&app_->log, log_room::actors}.write(level, text);
}

void runtime::serve(std::shared_ptr<const detail::service> app) {
  app_ = std::move(app);
  jobs_.set_share(app_->limits.pool_jobs_per_connection);
  const auto lines = std::make_shared<log_limiter>(&app_->log, log_room::actors);
  for (const auto& u : units()) u->limited = std::make_unique<limited_log>(u->loop(), lines);
  if (const auto longest = app_->limits.slow_handler; longest.count() > 0)
    on_each_unit([longest](unit& u) { u.longest_turn = longest; });
  for (const auto& p : app_->plugins) {
    p->start(*this);
    ++plugins_;
  }
  for (const auto& h : app_->handlers()) {
    if (h->backend) h->backend->start(*this);
  }
}

unit& runtime::unit_of(const swill::loop& l) noexcept {
  for (const auto& u : units()) {
    if (&u->loop() == &l) return *u;
  }
  return *units().front();
}

void runtime::offload(std::function<void()> f) {
  const bool more = jobs_.push(std::make_shared<function_job>(std::move(f)), nullptr, nullptr, "a job");
  if (more) system_->scheduler().enqueue(new job_runner{*this});
}

void runtime::offload(std::shared_ptr<pool_job> job, const connection* owner, swill::loop& home,
                      std::string_view name) {
  const bool more = jobs_.push(std::move(job), owner, &home, std::string{name});
  if (more) system_->scheduler().enqueue(new job_runner{*this});
}

// --- Handshakes

void runtime::on_handshake(std::shared_ptr<handshake> h) {
  if (draining_.load(std::memory_order_relaxed)) return h->reject(503, "Server is stopping", {{"Retry-After", "1"}});
  unit& u = unit_of(h->loop());
  // Hooks may still run for a peer that has gone, and for a connection that has ended: they count as connections.
  if (++count_ > app_->limits.connections) {
    h->reject(503, "Server is busy", {{"Retry-After", "1"}});
    return connection_ended();
  }
  auto facts = h->facts ? h->facts
                        : std::allocate_shared<connection>(swill::detail::frame_allocator<connection>{},
                                                           make_connection_id(), std::move(h->request));
  facts->set_log({app_, &app_->log});
  std::exception_ptr failure;
  task<void> waits;
  hooks_run so_far;
  u.loop().note_entered(&hook_scope::tag);
  try {
    waits = next_wait(*facts, so_far);
  } catch (...) {
    failure = std::current_exception();
  }
  if (waits) return run_hooks(u, std::move(h), std::move(facts), std::move(waits), so_far);
  try {
    decide(u, *h, facts, failure);
  } catch (...) {
    fail(u, *h, *facts, std::current_exception());
  }
}

/// Runs hooks of a handshake, in their order, until one waits.
task<void> runtime::next_wait(connection& c, hooks_run& so_far) const {
  task<void> waits = detail::next_wait(app_->connection.before_connection, so_far.before_connection, c);
  if (waits) return waits;
  return detail::next_wait(app_->connection.before_accept, so_far.before_accept, c);
}

/// The hooks of a handshake from the first on that waits.
void runtime::run_hooks(unit& u, std::shared_ptr<handshake> h, std::shared_ptr<connection> facts, task<void> first,
                        hooks_run so_far) {
  // The scope owns itself until its coroutine has ended.
  auto holder = std::make_shared<std::shared_ptr<hook_scope>>();
  const auto done = [this, &u, h, facts, holder](std::exception_ptr failure) {
    u.dispose_later(std::shared_ptr<void>{std::move(*holder)});
    h->on_gone = nullptr;
    if (failure) fail(u, *h, *facts, failure);
  };
  *holder = std::make_shared<hook_scope>(u, *facts, hook_scope::when::before, done);
  h->on_gone = [s = std::weak_ptr{*holder}] {
    if (const auto hooks = s.lock()) hooks->cancel();
  };
  (*holder)->start(accept(u, h, facts, std::move(first), so_far));
}

/// Neither accepted nor rejected: something else was thrown.
void runtime::fail(unit& u, handshake& h, const connection& facts, const std::exception_ptr& failure) {
  if (draining_ && is_cancellation(failure)) {
    h.reject(503, "Service unavailable", {{"Retry-After", "1"}});
  } else {
    h.reject(500, "Internal server error", {});
    u.log_limited("handshake", {.level = log_level::error, .text = {}, .connection = facts.id()},
                  log_limiter::of_exception("handshake failed: ", failure));
  }
  connection_ended();
}

void runtime::log_rejection(const connection& facts, int status) const {
  const logger log{&app_->log, log_room::actors};
  if (!log.enabled(log_level::trace)) return;
  const log_field fields[]{{"status", status}, {"address", facts.remote_address()}, {"path", facts.path()}};
  log.write(log_entry{.level = log_level::trace,
                      .text = "a hook rejects a connection",
                      .connection = facts.id(),
                      .user = facts.user(),
                      .fields = fields});
}

task<void> runtime::accept(unit& u, std::shared_ptr<handshake> h, std::shared_ptr<connection> facts, task<void> first,
                           hooks_run so_far) {
  std::exception_ptr failure;
  try {
    for (task<void> waits = std::move(first); waits; waits = next_wait(*facts, so_far)) co_await waits;
  } catch (...) {
    failure = std::current_exception();
  }
  decide(u, *h, facts, failure);
}

/// The hooks of a handshake have run; `failure`: what was thrown.
void runtime::decide(unit& u, handshake& h, const std::shared_ptr<connection>& facts,
                     const std::exception_ptr& failure) {
  const auto reject = [&](const rejection& r) {
    log_rejection(*facts, r.http_status());
    h.reject(r.http_status(), r.body, facts->response_headers());
    connection_ended();
  };
  try {
    if (failure) std::rethrow_exception(failure);
  } catch (const rejection& r) {
    return reject(r);
  } catch (const error& e) {
    return reject(rejection{e});
  } catch (const close_connection&) {
    return reject(rejection{403, "Forbidden"});
  } catch (const cancelled&) {
    if (h.is_open()) throw;
    return connection_ended(); // the peer has gone
  }
  open(u, h, facts);
}

void runtime::open(unit& u, handshake& h, std::shared_ptr<connection> facts) {
  const caf::strong_actor_ptr a = spawn_on<connection_actor>(u, std::move(facts));
  connection_actor& c = as_connection(a);
  message_port* port = h.accept(c.facts().response_headers(), c);
  if (port == nullptr) return c.on_closed({});
  c.begin(*port);
  if (draining_) c.drain(); // its hooks have taken until now
}

void runtime::connection_ended() {
  const std::lock_guard lock{mutex_};
  --count_;
  changed_.notify_all();
}

std::vector<std::string> runtime::reasons_not_ready() const {
  const std::lock_guard lock{asking_};
  if (draining_.load()) return {"the server is draining"};
  std::vector<std::string> reasons;
  if (holds_.load() != 0) reasons.emplace_back("the server waits for its first workers");
  for (const auto& p : app_->plugins) {
    if (const std::string why = p->not_ready(); !why.empty())
      reasons.push_back(p->kind().empty() ? why : std::string{p->kind()} + ": " + why);
  }
  return reasons;
}

// --- The end

void runtime::on_each_unit(const std::function<void(unit&)>& f) {
  for (const auto& u : units()) {
    u->loop().post([&unit = *u, f] { f(unit); });
  }
}

void runtime::drain() {
  if (draining_.exchange(true)) return;
  { const std::lock_guard nobody_asks_any_more{asking_}; }
  if (app_) {
    for (const auto& p : app_->plugins) p->drain();
  }
  on_each_unit([](unit& u) {
    const auto all = u.connections;
    for (connection_actor* c : all) c->drain();
  });
}

/// What a unit has.
struct runtime::census {
  std::size_t connections = 0;
  std::size_t requests = 0;
  std::vector<std::string> names; ///< of handlers that serve them
};

/// Runs f for each unit, on its thread, and adds up what they say. Does not wait long for a unit whose thread is held.
runtime::census runtime::ask_units(const shutdown_options& how, const std::function<void(unit&, census&)>& f) {
  struct answers {
    census sum;
    std::size_t count = 0;
  };
  const auto all = std::make_shared<answers>(); // with the units: one may answer when nobody waits any more
  on_each_unit([this, all, f](unit& u) {
    census mine;
    f(u, mine);
    const std::lock_guard lock{mutex_};
    all->sum.connections += mine.connections;
    all->sum.requests += mine.requests;
    std::move(mine.names.begin(), mine.names.end(), std::back_inserter(all->sum.names));
    ++all->count;
    changed_.notify_all();
  });
  wait_until(how, now(how) + longest_answer, [this, &all] { return all->count == size(); });
  const std::lock_guard lock{mutex_};
  return all->sum;
}

bool runtime::stop_plugins(const shutdown_options& how, std::optional<clock_time> until) {
  bool all = true;
  while (plugins_ != 0) {
    const auto ended = std::make_shared<bool>(false); // with the plugin, which may call when nobody waits any more
    const auto done = [this, ended] {
      const std::lock_guard lock{mutex_};
      *ended = true;
      changed_.notify_all();
    };
    try {
      app_->plugins[--plugins_]->stop(done);
    } catch (...) {
      log(log_level::error, "a plugin could not be stopped: " + describe_exception(std::current_exception()));
      continue;
    }
    if (wait_until(how, until, [&ended] { return *ended; })) continue;
    log(log_level::warning, "a plugin has not stopped in time");
    all = false;
  }
  return all;
}

void runtime::stop_handler_actors() {
  if (!app_) return;
  for (const auto& h : app_->handlers()) {
    if (h->backend) h->backend->stop(*this);
  }
}

void runtime::rebind(std::string_view name, const caf::strong_actor_ptr& to, std::type_index type) {
  const auto roster_of = [](const detail::handler& h) { return std::dynamic_pointer_cast<roster>(h.backend); };
  const detail::handler* handler = app_ ? app_->find(name) : nullptr;
  const auto own = handler != nullptr ? roster_of(*handler) : nullptr;
  if (own == nullptr) {
    constexpr std::size_t most = 8;
    std::vector<std::string> known;
    if (app_ != nullptr) {
      for (const auto& h : app_->handlers()) {
        if (roster_of(*h) != nullptr) known.push_back(h->name);
      }
    }
    std::sort(known.begin(), known.end());
    std::string text = "no actor serves " + std::string{name} + "; actors serve ";
    if (known.empty()) text += "no handler";
    for (std::size_t i = 0; i < std::min(most, known.size()); ++i) text += (i == 0 ? "" : ", ") + known[i];
    if (known.size() > most) text += " and " + std::to_string(known.size() - most) + " more";
    throw std::invalid_argument(text);
  }
  own->rebind(to, type);
}

clock_time runtime::now(const shutdown_options& how) const noexcept {
  return how.turn ? units().front()->loop().now() : std::chrono::steady_clock::now();
}

template <class F>
bool runtime::wait_until(const shutdown_options& how, std::optional<clock_time> until, F over) {
  std::unique_lock lock{mutex_};
  if (!how.turn) {
    if (!until) return changed_.wait(lock, over), true;
    return changed_.wait_until(lock, *until, over);
  }
  const clock_time end = until.value_or(now(how) + longest_manual_wait);
  while (!over()) {
    const clock_time at = now(how);
    if (at >= end) return false;
    lock.unlock();
    how.turn(std::max<clock_duration>((end - at) / 8, std::chrono::milliseconds{1}));
    lock.lock();
  }
  return true;
}

/// False when some have not ended by then.
bool runtime::end_connections(const shutdown_options& how, clock_time soft, clock_time last) {
  const auto all_ended = [this] { return count_.load() == 0; };
  if (wait_until(how, soft, all_ended)) return true;

  const census left = ask_units(how, [](unit& u, census& mine) {
    const auto all = u.connections;
    mine.connections = all.size();
    for (connection_actor* c : all) {
      const auto names = c->open_names();
      mine.names.insert(mine.names.end(), names.begin(), names.end());
    }
    for (connection_actor* c : all) c->let_go();
    const auto hooks = u.hooks;
    for (hook_scope* s : hooks) {
      const bool still = std::find(u.hooks.begin(), u.hooks.end(), s) != u.hooks.end();
      if (still && s->runs() == hook_scope::when::before) s->cancel();
    }
  });
  std::string text = "closed " + counted(left.connections, "connection") + " that had not ended by then";
  if (!left.names.empty()) text += ", and cancelled what they were calling: " + list_of(left.names);
  log(log_level::info, text);

  // Hooks that run after a request or a connection undo and report things: they get most of what is left.
  if (wait_until(how, soft + bounds().close_timeout * 2 / 3, all_ended)) return true;
  log(log_level::info, "dropped " + counted(count_.load(), "connection") + " whose peers or hooks took too long");
  if (how.drop) how.drop();
  const clock_duration rest = std::max<clock_duration>(last - now(how), shortest_wait);
  const std::optional<clock_time> end = how.waits_for_functions ? std::nullopt : std::optional{now(how) + rest / 2};
  bool told = false;
  while (!end || now(how) < *end) { // again, because hooks that run at the end may wait as well
    on_each_unit([](unit& u) {
      const auto all = u.connections;
      for (connection_actor* c : all) c->give_up();
      const auto hooks = u.hooks;
      for (hook_scope* s : hooks) {
        if (std::find(u.hooks.begin(), u.hooks.end(), s) != u.hooks.end()) s->cancel();
      }
    });
    if (wait_until(how, now(how) + rest / 40, all_ended)) return true;
    if (!end && !told && now(how) >= last) {
      told = true;
      log(log_level::warning, "waiting for functions that do not end: " + list_of(names_of_left()));
    }
  }
  return false;
}

/// What the loops still hold of them goes on their own threads.
bool runtime::end_idle_requests(const shutdown_options& how, std::optional<clock_time> until) {
  const auto left = std::make_shared<std::size_t>(units().size());
  for (const auto& u : units()) {
    u->loop().post([this, &unit = *u, left] {
      for (const auto& a : unit.idle_requests) as_request(a).quit();
      unit.idle_requests.clear();
      unit.loop().post([this, left] {
        const std::lock_guard lock{mutex_};
        --*left;
        changed_.notify_all();
      });
    });
  }
  return wait_until(how, until, [&left] { return *left == 0; });
}

bool runtime::shut_down(const shutdown_options& how) {
  if (std::exchange(shut_down_, true)) return ended_;
  const limits l = bounds();
  const clock_time began = now(how);
  const clock_time soft = began + l.drain_timeout;
  const clock_time last = soft + std::max<clock_duration>(l.close_timeout, shortest_end);
  if (!how.turn) last_moment_ = last;
  const bool chatty = app_ && !how.turn;
  if (chatty) {
    const census open = ask_units(how, [](unit& u, census& mine) {
      for (const connection_actor* c : u.connections) mine.requests += c->open_requests();
    });
    log(log_level::info, "draining " + counted(count_.load(), "connection") + " with " +
                             counted(open.requests, "open request") + ", for at most " + seconds(l.drain_timeout));
  }
  drain();
  ended_ = end_connections(how, soft, last);
  // What still runs must not come back to a loop on which the plugins have ended.
  if (!ended_) jobs_.abandon();
  const std::optional<clock_time> end = how.waits_for_functions ? std::nullopt : std::optional{last};
  if (!stop_plugins(how, end)) ended_ = false;
  stop_handler_actors();
  if (ended_ && !wait_until(how, last, [this] { return jobs_.is_idle(); })) {
    if (how.waits_for_functions) {
      log(log_level::warning, "waiting for functions that do not end: " + list_of(names_of_left()));
      wait_until(how, std::nullopt, [this] { return jobs_.is_idle(); });
    } else {
      jobs_.abandon();
      ended_ = false;
    }
  }
  if (ended_ && !end_idle_requests(how, end)) ended_ = false;
  if (!ended_) {
    const auto names = names_of_left();
    log(log_level::warning, "left behind after " + seconds(now(how) - began) + ", because they do not end: " +
                                (names.empty() ? counted(count_.load(), "connection") : list_of(names)));
  }
  if (chatty && ended_) log(log_level::info, "drained in " + seconds(now(how) - began));
  return ended_;
}

// --- What holds a thread

std::string runtime::name_of(const void* tag) const {
  if (tag == &hook_scope::tag) return "a hook of a connection";
  for (const auto& h : app_->handlers()) {
    if (h.get() == tag) return h->name;
  }
  return "a handler of a worker";
}

std::vector<std::string> runtime::names_of_left() const {
  std::vector<std::string> names = jobs_.names_of_running();
  if (!app_) return names;
  for (const auto& u : units()) {
    if (const void* tag = u->loop().entered()) names.push_back(name_of(tag) + " on an I/O thread");
  }
  return names;
}

bool runtime::is_held() const noexcept {
  return std::any_of(units().begin(), units().end(), [](const auto& u) { return u->loop().entered() != nullptr; });
}

void runtime::on_slow_turn(unit& u, const void* last, clock_duration took) noexcept {
  using std::chrono::milliseconds;
  const clock_time now = u.loop().now();
  if (now < u.next_slow_line) {
    ++u.slow_turns;
    return;
  }
  u.next_slow_line = now + slow_line_interval;
  try {
    std::string text = name_of(last);
    text +=
        " held its I/O thread for " + std::to_string(std::chrono::duration_cast<milliseconds>(took).count()) + " ms";
    if (u.slow_turns != 0)
      text += "; the thread was held " + counted(std::exchange(u.slow_turns, 0), "other time") +
              " since the last such line";
    logger{&app_->log, log_room::actors}.write(log_level::warning, text);
  } catch (...) { // without memory there is no line
  }
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
      for (connection_actor* c : unit.connections) f(*c, out);
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

std::uint64_t runtime::dropped_mail() const noexcept {
  std::uint64_t all = 0;
  for (const auto& u : units()) all += u->dropped_mail.load(std::memory_order_relaxed);
  return all;
}

std::vector<request_info> runtime::requests() {
  return collect<request_info>([](connection_actor& c, auto& out) {
    auto some = c.requests();
    out.insert(out.end(), some.begin(), some.end());
  });
}

} // namespace swill::actors
