#include "libswill/server/server.hpp"

#include "actors/runtime.hpp"
#include "libswill/net/http/files.hpp"
#include "libswill/net/http/handler_responder.hpp"
#include "libswill/net/io_threads.hpp"
#include "libswill/transport/websocket_server.hpp"

#include "libswill/base/process.hpp"
#include "libswill/base/value.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <limits>
#include <mutex>
#include <pthread.h>
#include <stdexcept>
#include <thread>

namespace swill {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How long the loops and sockets of a server that has drained may take to end; they have nothing to do any more.
constexpr milliseconds longest_end{1000}, shortest_end{100};
constexpr milliseconds longest_log{400};

// --- Health

/// Whether the process lives: always 200, for supervisors, which end what does not answer.
http_response livez() { return {.body = "alive\n", .headers = {{"Cache-Control", "no-store"}}}; }

/// Whether new clients are welcome, for balancers: 200, or 503 with the reasons why not, as JSON.
http_response readyz(const std::vector<std::string>& reasons) {
  http_response r{.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}}};
  if (reasons.empty()) {
    r.body = "{\"ready\":true}\n";
    return r;
  }
  r.status = 503;
  r.headers.emplace_back("Retry-After", "1");
  value all = value::array({});
  for (const std::string& reason : reasons) all.get_if<value_array>()->emplace_back(reason);
  r.body = "{\"ready\":false,\"reasons\":" + to_text(all, std::numeric_limits<std::size_t>::max()) + "}\n";
  return r;
}

// --- Signals

sigset_t set_of(std::initializer_list<int> signals) noexcept {
  sigset_t set;
  sigemptyset(&set);
  for (const int s : signals) sigaddset(&set, s);
  return set;
}

/// Signals wait on this thread, and on those that it starts, while one of these lives.
class signals_blocked {
public:
  explicit signals_blocked(const sigset_t& which) noexcept { pthread_sigmask(SIG_BLOCK, &which, &before_); }
  signals_blocked& operator=(signals_blocked&&) = delete;
  ~signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
  sigset_t before_;
};

/// The application has said nothing about this signal, so that it would end the process.
bool is_unclaimed(int signal) noexcept {
  struct sigaction now {};
  if (::sigaction(signal, nullptr, &now) != 0 || (now.sa_flags & SA_SIGINFO) != 0 || now.sa_handler != SIG_DFL)
    return false;
  sigset_t blocked;
  return pthread_sigmask(SIG_BLOCK, nullptr, &blocked) == 0 && sigismember(&blocked, signal) == 0;
}

void set_handler(int signal, void (*f)(int)) noexcept {
  struct sigaction to {};
  to.sa_handler = f;
  to.sa_flags = SA_RESTART;
  sigemptyset(&to.sa_mask);
  ::sigaction(signal, &to, nullptr);
}

/// No signal that nobody has asked for ends the process in the midst of its work. True when SIGHUP is ours to wait for.
bool survive_signals() noexcept {
  ignore_broken_pipes();
  for (const int s : {SIGUSR1, SIGUSR2}) {
    if (is_unclaimed(s)) set_handler(s, SIG_IGN);
  }
  const bool hangup_is_ours = is_unclaimed(SIGHUP);
  if (hangup_is_ours) set_handler(SIGHUP, [](int) {}); // for threads that do not block it, and for the time of stop()
  return hangup_is_ours;
}

const char* name_of(int signal) noexcept { return signal == SIGINT ? "SIGINT" : "SIGTERM"; }

// --- Descriptors

/// How many connections fit, when the process may open so many descriptors: some are for what else it has, for links to Redis and to
/// workers, for files, and for peers that are told that the server is full.
std::size_t connections_for(std::size_t descriptors) noexcept {
  constexpr std::size_t least_reserve = 384;
  const std::size_t reserve = std::min(std::max(least_reserve, descriptors / 10), descriptors / 2);
  const std::size_t used = open_descriptors() + reserve;
  return descriptors > used ? descriptors - used : 1;
}

void fit_descriptors(limits& l, const log_sink& log) {
  const std::size_t descriptors = raise_descriptor_limit();
  const std::size_t fitting = connections_for(descriptors);
  if (l.connections <= fitting) return;
  logger{&log, log_room::server}.write(log_level::info, "connections: " + std::to_string(fitting) + " instead of " +
                                                            std::to_string(l.connections) +
                                                            ", because the process may open " +
                                                            std::to_string(descriptors) + " descriptors (ulimit -n)");
  l.connections = fitting;
}

/// Keeps what functions that were left behind may use. Never destroyed.
void keep_for_ever(std::shared_ptr<void> what) {
  static std::mutex mutex;
  static auto* kept = new std::vector<std::shared_ptr<void>>;
  const std::lock_guard lock{mutex};
  kept->push_back(std::move(what));
}

/// What public listeners answer themselves.
std::vector<detail::http_routes::taken_path> own_paths(const server_options& o) {
  std::vector<detail::http_routes::taken_path> paths{
      {o.path, "the path of the WebSocket endpoint (server_options.path)"}};
  for (const char* path : {"/ready", "/livez", "/readyz"}) paths.push_back({path, "a path of the server itself"});
  if (o.test_echo) paths.push_back({"/echo", "the path of the WebSocket echo (server_options.test_echo)"});
  return paths;
}

} // namespace

struct server::impl {
  impl(app& a, server_options o)
      : application(a),
        options(std::move(o)),
        log(a.log()),
        threads(
            options.io_threads, [this](std::function<void()> f) { actors->offload(std::move(f)); }, &log) {
    std::vector<swill::loop*> loops;
    for (net::event_loop* l : threads.loops()) loops.push_back(l);
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    const signals_blocked quiet{set_of({SIGINT, SIGTERM, SIGHUP})}; // threads inherit it: these are for run()
    actors = std::make_unique<actors::runtime>(std::move(loops),
                                               options.workers != 0 ? options.workers : std::max<std::size_t>(cores, 4),
                                               options.actor_system);
    threads.start();
  }

  app& application;
  server_options options;
  log_sink log;
  net::io_threads threads;
  std::unique_ptr<actors::runtime> actors;
  std::unique_ptr<transport::websocket_server> sockets;
  bool stopped = false;
  bool ended = true; ///< what stop() has returned

  /// Threads that are held by a function of the application are not waited for: false.
  bool stop_threads(steady_clock::time_point until) {
    const auto loops = threads.loops();
    for (net::event_loop* l : loops) l->stop();
    const auto still_turns = [](const net::event_loop* l) { return l->is_running(); };
    while (std::any_of(loops.begin(), loops.end(), still_turns)) {
      if (steady_clock::now() > until) return false;
      std::this_thread::sleep_for(milliseconds{1});
    }
    threads.stop();
    return true;
  }
  void add_routes(transport::server_settings& to, const detail::http_routes& from) {
    const auto add = [](std::vector<net::http::route>& all, const std::string& path, const http_handler& f) {
      all.push_back({.path = path, .to = net::http::make_responder(f)});
    };
    // What is for internal listeners alone is nowhere on a public one, where a directory above it may have a page for all paths.
    const auto hide = [&](const std::string& path) {
      const auto has_it = [&path](const auto& d) { return d.path == path; };
      if (path != options.path && std::none_of(from.directories.begin(), from.directories.end(), has_it))
        to.routes.push_back({.path = path, .is_absent = true});
    };
    const auto alive = [](const http_request&) { return livez(); };
    add(to.internal_routes, "/livez", alive);
    add(to.internal_routes, "/readyz", [this](const http_request&) { return readyz(reasons_not_ready(true)); });
    if (options.health) {
      add(to.routes, "/livez", alive);
      // Where all places are taken nobody gets here: the last of them may be that of who asks.
      add(to.routes, "/readyz", [this](const http_request&) { return readyz(reasons_not_ready(false)); });
    } else {
      hide("/livez");
      hide("/readyz");
    }
    for (const auto& f : from.functions) {
      add(to.internal_routes, f.path, f.f);
      if (f.where == http_listeners::all)
        add(to.routes, f.path, f.f);
      else
        hide(f.path);
    }
    for (const auto& d : from.directories)
      to.routes.push_back({.path = d.path, .below = true, .to = std::make_shared<net::http::files>(d.name, d.options)});
  }
  std::vector<std::string> reasons_not_ready(bool by_places) const {
    auto reasons = actors->reasons_not_ready();
    if (by_places && sockets && sockets->is_full())
      reasons.emplace_back("the server has all the connections that it may have");
    return reasons;
  }
  /// Answers of files may take long, as requests do.
  void wait_for_answers(steady_clock::time_point until) const {
    const logger line{&log, log_room::server};
    const auto left = [this] { return "answers by HTTP that are under way: " + std::to_string(sockets->answering()); };
    if (sockets->answering() != 0 && steady_clock::now() < until)
      line.write(log_level::info, left() + "; they are waited for, until drain_timeout");
    while (sockets->answering() != 0 && steady_clock::now() < until) std::this_thread::sleep_for(milliseconds{5});
    if (sockets->answering() != 0)
      line.write(log_level::warning, left() + "; drain_timeout is over, they are cut short");
  }
  /// Of what is there for each listener, that of the public or of the internal ones.
  std::vector<std::string> some(std::vector<std::string> all, bool internal) const {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < all.size(); ++i)
      if (options.listen[i].is_internal == internal) out.push_back(std::move(all[i]));
    return out;
  }
};

server::server(app& a, server_options options) {
  open_standard_descriptors(); // before the first that is ours
  mistake_list found;
  check(options, found);
  if (!found.empty()) a.check(found); // all at once
  found.throw_if_any();
  impl_ = std::make_unique<impl>(a, std::move(options));
}

server::~server() {
  if (stop()) return;
  impl_->threads.detach();
  keep_for_ever(std::shared_ptr<impl>{std::move(impl_)});
}

void server::start() {
  if (impl_->sockets) throw std::logic_error("the server was started before");
  mistake_list found;
  if (impl_->options.listen.empty() && !impl_->application.brings_clients()) {
    found.add("server_options.listen",
              "is empty, and no plugin brings clients, as a worker does: nobody can reach this server; an address "
              "would be right");
  }
  impl_->application.check(found);
  impl_->application.http_routes().check_taken(own_paths(impl_->options), found);
  found.throw_if_any();
  // Nobody else has it yet.
  const auto service = std::const_pointer_cast<detail::service>(impl_->application.build());
  if (!impl_->options.listen.empty()) fit_descriptors(service->limits, impl_->log);
  transport::server_settings settings;
  settings.listen = impl_->options.listen;
  settings.path = impl_->options.path;
  settings.origins = impl_->options.origins;
  settings.limits = service->limits;
  settings.test_echo = impl_->options.test_echo;
  settings.kernel_unsent = impl_->options.kernel_unsent;
  settings.log = impl_->log;
  settings.is_ready = [a = impl_->actors.get()] { return a->is_ready(); };
  impl_->add_routes(settings, service->http);
  auto sockets =
      std::make_unique<transport::websocket_server>(std::move(settings), *impl_->actors, impl_->threads.loops());
  sockets->bind(); // before plugins start: where an address cannot be had, nothing has begun that would have to end
  impl_->actors->serve(service);
  impl_->sockets = std::move(sockets);
  impl_->sockets->start();
}

bool server::stop() {
  if (std::exchange(impl_->stopped, true)) return impl_->ended;
  const limits l = impl_->sockets ? impl_->actors->app().limits : limits{};
  const auto soft = steady_clock::now() + l.drain_timeout;
  const auto last = soft + l.close_timeout;
  const auto what_is_left = [last] {
    const auto left = std::chrono::duration_cast<milliseconds>(last - steady_clock::now());
    return std::clamp(left, shortest_end, longest_end);
  };
  const auto drop = [this] {
    if (impl_->sockets) impl_->sockets->drop();
  };
  if (impl_->sockets) impl_->sockets->drain();
  impl_->ended = impl_->actors->shut_down({.drop = drop, .waits_for_functions = impl_->options.waits_for_functions});
  // Sockets end by their loops: where one is held, they are left to the end of the process.
  if (impl_->sockets && (impl_->ended || !impl_->actors->is_held())) {
    impl_->wait_for_answers(soft);
    impl_->sockets->stop(what_is_left());
  }
  if (!impl_->stop_threads(steady_clock::now() + what_is_left())) impl_->ended = false;
  if (impl_->ended) impl_->actors.reset();
  return impl_->ended;
}

void server::wait_for_signal() {
  const sigset_t set = set_of({SIGINT, SIGTERM});
  const signals_blocked mine{set};
  int which = 0;
  sigwait(&set, &which);
}

void server::run(const std::function<void(server&)>& on_ready) {
  const logger log{&impl_->log, log_room::server};
  const bool hangup_is_ours = survive_signals();
  {
    const sigset_t awaited = hangup_is_ours ? set_of({SIGINT, SIGTERM, SIGHUP}) : set_of({SIGINT, SIGTERM});
    const signals_blocked mine{awaited};
    start();
    if (on_ready) on_ready(*this);
    int which = SIGHUP;
    while (which == SIGHUP) {
      sigwait(&awaited, &which);
      if (which != SIGHUP)
        log.write(log_level::info, std::string{name_of(which)} + ": the server stops");
      else if (!reload())
        log.write(log_level::info, "SIGHUP: there is nothing to reload");
    }
  }
  const bool ended = stop(); // another signal meanwhile ends the process
  if (ended) log.write(log_level::info, "the server has stopped");
  flush_log(longest_log);
  if (ended) return;
  std::fflush(nullptr);
  std::quick_exit(EXIT_SUCCESS);
}

bool server::reload() { return impl_->sockets && impl_->sockets->reload(); }

std::vector<std::string> server::addresses() const {
  return impl_->sockets ? impl_->some(impl_->sockets->addresses(), false) : std::vector<std::string>{};
}
std::vector<std::string> server::internal_addresses() const {
  return impl_->sockets ? impl_->some(impl_->sockets->addresses(), true) : std::vector<std::string>{};
}
std::vector<std::string> server::urls() const {
  return impl_->sockets ? impl_->some(impl_->sockets->urls(), false) : std::vector<std::string>{};
}
std::uint16_t server::port() const { return impl_->sockets ? impl_->sockets->port() : 0; }
caf::actor_system& server::system() { return impl_->actors->system(); }
actors::runtime& server::runtime() { return *impl_->actors; }
transport::statistics server::statistics() const {
  return impl_->sockets ? impl_->sockets->statistics() : transport::statistics{};
}

} // namespace swill
