#include "actors/connection_actor.hpp"

#include "actors/on_message.hpp"
#include "actors/runtime.hpp"

#include <algorithm>

namespace swill::actors {

// --- Hooks of the connection

namespace {

/// Asks other actors for the hooks of one scope.
class hook_actor final : public loop_actor {
public:
  using loop_actor::loop_actor;

private:
  bool on_mail(caf::mailbox_element&) override { return false; }
};

hook_actor& as_hook_actor(const caf::strong_actor_ptr& a) noexcept { return static_cast<hook_actor&>(*a->get()); }

} // namespace

const char hook_scope::tag = 0;

hook_scope::hook_scope(unit& u, const swill::connection& facts, when w, std::function<void(std::exception_ptr)> done)
    : scope(u.loop()), unit_(u), facts_(&facts), runs_(w), done_(std::move(done)) {
  set_tag(&tag);
  unit_.hooks.push_back(this);
}

hook_scope::~hook_scope() { std::erase(unit_.hooks, this); }

void* hook_scope::native_actor() noexcept {
  if (!asker_) asker_ = spawn_on<hook_actor>(unit_);
  return static_cast<loop_actor*>(&as_hook_actor(asker_));
}

void hook_scope::offload(std::shared_ptr<pool_job> job) {
  unit_.server->offload(std::move(job), facts_, unit_.loop(), "a hook of a connection");
}

void hook_scope::start(task<void> t) {
  main_ = std::move(t);
  main_.start(*this);
}

void hook_scope::on_idle() {
  if (!main_ || !main_.done()) return;
  std::exception_ptr failure;
  try {
    main_.take();
  } catch (...) {
    failure = std::current_exception();
  }
  main_ = {};
  if (asker_) {
    as_hook_actor(asker_).quit();
    unit_.dispose_later(std::move(asker_));
  }
  auto done = std::move(done_); // may destroy this
  done(failure);
}

// --- Life

connection_actor::connection_actor(caf::actor_config& config, unit& home, std::shared_ptr<swill::connection> facts)
    : loop_actor(config, home),
      facts_(std::move(facts)),
      around_(home.server->app(), *facts_, home.turns),
      since_(home.loop().now()) {
  facts_->set_closer(this);
  slot = home.connections.size();
  home.connections.push_back(this);
}

const connection_actor::request_book& connection_actor::book() const noexcept {
  static const request_book nothing{0};
  return book_ ? *book_ : nothing;
}

connection_actor::request_book& connection_actor::to_book() {
  if (!book_) book_ = std::make_unique<request_book>(app().limits.remembered_requests);
  return *book_;
}

void connection_actor::begin(message_port& port) {
  self_ = caf::strong_actor_ptr{ctrl()};
  around_.port = &port;
  was_accepted_ = true;
  number = ++home().last_connection;
  home().known.add(*this);
  for (connection_watcher* w : home().watchers) w->on_connected(*this);
  if (app().connection.after_accept.empty()) return;
  std::size_t next = 0;
  task<void> waits;
  std::exception_ptr failure;
  home().loop().note_entered(&hook_scope::tag);
  try {
    waits = detail::next_wait(app().connection.after_accept, next, *facts_);
  } catch (...) {
    failure = std::current_exception();
  }
  if (!waits) return on_accepted(failure);
  port.pause_reading(true); // requests wait until the hooks have run
  const auto done = [this](std::exception_ptr f) {
    home().dispose_later(std::shared_ptr<hook_scope>{std::move(hooks_)});
    on_accepted(f);
    if (around_.port != nullptr && !is_closed_) around_.port->pause_reading(false);
    finish_if_done();
  };
  hooks_ = std::make_unique<hook_scope>(home(), *facts_, hook_scope::when::before, done);
  hooks_->start(run_after_accept(std::move(waits), next));
}

task<void> connection_actor::run_after_accept(task<void> first, std::size_t next) {
  for (task<void> waits = std::move(first); waits;
       waits = detail::next_wait(app().connection.after_accept, next, *facts_))
    co_await waits;
}

/// The hooks of after_accept have run.
void connection_actor::on_accepted(const std::exception_ptr& failure) {
  if (!failure || is_closed_ || detail::is_closed_by(failure, *facts_)) return;
  log_failure("after_accept", 0, failure);
  close(1011, "after_accept failed");
}

void connection_actor::log_failure(std::string_view hook, std::size_t number, std::exception_ptr failure) const {
  const std::string kind = std::string{hook} + ' ' + std::to_string(number);
  home().log_limited(kind, {.level = log_level::error, .text = {}, .connection = facts_->id(), .user = facts_->user()},
                     log_limiter::of_exception(std::string{hook} + " failed: ", failure));
}

void connection_actor::close(int code, std::string_view reason) {
  if (around_.port == nullptr || is_closed_) return;
  around_.port->close(close_code_on_the_wire(code), reason);
  // Nobody hears them any more. Not at once: the caller may be one of them.
  home().loop().post([self = caf::strong_actor_ptr{ctrl()}] { as_connection(self).cancel_all(); });
}

void connection_actor::close_at_once(int code, std::string_view reason) {
  close(code, reason);
  // After the turn in which the close frame leaves.
  home().loop().post([self = caf::strong_actor_ptr{ctrl()}] {
    if (message_port* port = as_connection(self).around_.port; port != nullptr) port->drop();
  });
}

error connection_actor::going_away() { return errors::unavailable("The server is going away"); }

void connection_actor::drain() {
  const caf::strong_actor_ptr self{ctrl()};
  around_.is_draining = true;
  // An endless stream would keep its connection until the server gives up, and all that its client calls meanwhile would be refused.
  for_each_call([](detail::call& c) {
    if (c.target().options.endless) c.fail(going_away());
  });
  if (book().open.empty()) close(1001, "server is going away");
}

void connection_actor::on_closed(const close_reason& why) {
  if (is_closed_) return;
  const caf::strong_actor_ptr self{ctrl()}; // what follows may end this actor
  is_closed_ = true;
  if (was_accepted_) {
    closed_ = std::make_unique<close_reason>(why);
    for (connection_watcher* w : home().watchers) w->on_disconnected(*this, why);
  }
  cancel_all();
  around_.port = nullptr;
  if (hooks_ && hooks_->runs() == hook_scope::when::before) hooks_->cancel(); // after_connection may have begun by now
  finish_if_done();
}

/// Each call that has not ended; they may end meanwhile.
template <class F>
void connection_actor::for_each_call(const F& f) {
  const auto running = book().requests; // they leave the list as they end
  for (const auto& r : running) {
    if (auto& a = as_request(r); a.is_alive() && a.call().is_open()) f(a.call());
  }
  const auto orphans = book().orphans;
  for (const auto& o : orphans) {
    if (o->is_open()) f(*o);
  }
}

std::optional<request_info> connection_actor::cancel(std::uint64_t seq, std::string why) {
  const caf::strong_actor_ptr self{ctrl()};
  request_call* r = find_open(seq);
  if (r == nullptr || !r->is_open() || r->is_final()) return std::nullopt;
  const request_info was = r->info();
  r->fail(error{error_code::cancelled, std::move(why)});
  return was;
}

void connection_actor::cancel_all() {
  for_each_call([](detail::call& c) { c.withdraw(); });
  for (const auto orphans = book().orphans; const auto& o : orphans) o->unwind();
  home().unwind(book().requests);
}

void connection_actor::let_go() {
  close(1001, "server is going away"); // cancels them all in the next turn
}

void connection_actor::give_up() {
  close(1001, "server is going away");
  for_each_call([](detail::call& c) { c.give_up(); });
}

void connection_actor::finish_if_done() {
  if (!is_closed_ || !book().requests.empty() || !book().orphans.empty() || hooks_) return;
  if (!after_connection_started_) {
    after_connection_started_ = true;
    if (was_accepted_ && !app().connection.after_connection.empty()) return start_after_connection();
  }
  if (was_accepted_ && !has_ended_) {
    for (connection_watcher* w : home().watchers) w->on_ended(*this);
  }
  if (self_) home().dispose_later(std::move(self_));
  self_ = nullptr;
  leave_unit();
  quit(closed_ ? end_of_connection(*closed_) : caf::exit_reason::normal);
  if (!std::exchange(has_ended_, true)) home().server->connection_ended();
}

void connection_actor::start_after_connection() {
  const auto done = [this](std::exception_ptr) {
    home().dispose_later(std::shared_ptr<hook_scope>{std::move(hooks_)});
    finish_if_done();
  };
  hooks_ = std::make_unique<hook_scope>(home(), *facts_, hook_scope::when::after, done);
  hooks_->start(run_after_connection());
}

// All of them, whatever becomes of one: each undoes something else.
task<void> connection_actor::run_after_connection() {
  std::size_t number = 0;
  for (const auto& h : app().connection.after_connection) {
    ++number;
    try {
      if (h.plain) {
        h.plain(*facts_, *closed_);
      } else {
        co_await h.awaiting(*facts_, *closed_);
      }
    } catch (...) {
      log_failure("after_connection", number, std::current_exception());
    }
  }
}

void connection_actor::on_exit() {
  if (is_closed_ || around_.port == nullptr) return;
  // Killed from outside: the peer is told, the requests unwind, and on_closed finishes the rest.
  around_.port->close(1011, "the connection's actor has ended");
  cancel_all();
}

void connection_actor::leave_unit() noexcept {
  auto& all = home().connections;
  if (slot >= all.size() || all[slot] != this) return;
  facts_->set_closer(nullptr);
  home().known.remove(*this);
  all[slot] = all.back();
  all[slot]->slot = slot;
  all.pop_back();
}

bool connection_actor::on_mail(caf::mailbox_element& element) {
  auto& content = element.content();
  if (content.match_elements<describe_atom>()) {
    reply(element, caf::make_message(info()));
    return true;
  }
  if (is_closed_) { // nobody is there whom it could be about
    refuse_mail(element, caf::exit_reason::unreachable);
    return true;
  }
  return take(element);
}

/// While the connection is open.
bool connection_actor::take(caf::mailbox_element& element) {
  auto& content = element.content();
  if (content.match_elements<close_atom, int, std::string>()) {
    reply(element, {});
    close(content.get_as<int>(1), content.get_as<std::string>(2));
  } else if (content.match_elements<user_atom, std::string>()) {
    answer(element, "set_user", [&] {
      facts_->set_user(content.get_as<std::string>(1));
      return caf::message{};
    });
  } else if (content.match_elements<swill::push>()) {
    take_push(element);
  } else {
    return take_own(element);
  }
  return true;
}

void connection_actor::take_push(caf::mailbox_element& element) {
  const auto& p = element.content().get_as<swill::push>(0);
  remote_inbox* const elsewhere = around_.port != nullptr ? around_.port->inbox() : nullptr;
  if (elsewhere == nullptr) return answer(element, "push", [&] { return caf::make_message(push(p.name, p.value)); });
  attempt(element, "push", [&] {
    std::function<void(result<bool>)> answered;
    if (auto to = reply_later(element)) {
      answered = [to = std::move(to)](const result<bool>& is_open) {
        to(is_open ? caf::make_message(*is_open) : caf::make_message(to_caf(is_open.error())));
      };
    }
    elsewhere->push(p.name, p.value, std::move(answered));
  });
}

/// What the application has functions for.
bool connection_actor::take_own(caf::mailbox_element& element) {
  for (const auto& m : app().mail) {
    const auto& f = static_cast<const message_function&>(*m);
    if (!f.takes(element.content())) continue;
    home().loop().note_entered(&hook_scope::tag);
    answer(element, "on_message", [&] { return f.call(*facts_, element.content()); });
    return true;
  }
  return false;
}

/// Replies what f gives, or the error that it throws. `what` it was, for the log.
template <class F>
void connection_actor::answer(caf::mailbox_element& element, std::string_view what, const F& f) {
  attempt(element, what, [&] { reply(element, f()); });
}

/// Calls f; replies the error that it throws, and nothing otherwise.
template <class F>
void connection_actor::attempt(caf::mailbox_element& element, std::string_view what, const F& f) {
  try {
    f();
  } catch (const error& e) {
    reply(element, caf::make_message(to_caf(e)));
    if (!element.mid.is_request()) log_failure(what, 0, std::current_exception());
  } catch (...) {
    reply(element, caf::make_message(caf::make_error(caf::sec::runtime_error)));
    if (!detail::is_closed_by(std::current_exception(), *facts_)) log_failure(what, 0, std::current_exception());
  }
}

connection_info connection_actor::info() const {
  connection_info out;
  out.actor = id();
  out.id = facts_->id();
  out.user = facts_->user();
  out.remote_address = facts_->remote_address();
  out.path = facts_->path();
  out.subprotocol = facts_->subprotocol();
  out.age_ms = age().count();
  out.requests = open_requests();
  for (const auto& r : book().requests) {
    const detail::queued_input q = as_request(r).is_alive() ? as_request(r).call().queued() : detail::queued_input{};
    out.queued_items += q.items;
    out.queued_bytes += q.bytes;
  }
  if (around_.port != nullptr) {
    out.backlog = around_.port->backlog();
    static_cast<traffic&>(out) = around_.port->traffic();
  }
  connection_notes known = notes();
  out.session = std::move(known.session);
  out.topics.assign(known.topics.begin(), known.topics.end());
  return out;
}

std::chrono::milliseconds connection_actor::age() const noexcept {
  return std::chrono::duration_cast<std::chrono::milliseconds>(home().loop().now() - since_);
}

connection_notes connection_actor::notes() const {
  connection_notes out;
  for (const auto& f : app().describers) f(*facts_, out);
  return out;
}

std::vector<std::string> connection_actor::open_names() const {
  std::vector<std::string> out;
  for (const auto& r : book().requests) {
    const request_actor& a = as_request(r);
    if (!a.is_alive()) continue;
    const detail::call& c = as_request(r).call();
    if (c.is_open() && !c.is_final()) out.push_back(c.target().name);
  }
  return out;
}

std::vector<request_info> connection_actor::requests() {
  std::vector<request_info> out;
  for (const auto& r : book().requests) out.push_back(as_request(r).info());
  return out;
}

// --- Requests that end

void connection_actor::on_final(request_call& c) {
  book_->open.erase(c.seq());
  if (around_.port != nullptr) around_.port->on_request_end(c.seq());
  if (!c.target().request_streams) return;
  if (c.has_failed() && !c.is_half_closed()) {
    book_->refused.add(c.seq(), c.target().name, home().loop().now());
  } else {
    remember(c.seq(), c.target().name);
  }
}

caf::strong_actor_ptr connection_actor::take_out(std::size_t slot) {
  auto& all = book_->requests;
  caf::strong_actor_ptr out = std::move(all[slot]);
  if (slot + 1 != all.size()) {
    all[slot] = std::move(all.back());
    as_request(all[slot]).call().slot = slot;
  }
  all.pop_back();
  return out;
}

void connection_actor::on_finished(request_call& r) {
  unit& u = home();
  if (r.actor != nullptr) {
    caf::strong_actor_ptr a = take_out(r.slot);
    r.connection = nullptr;
    request_actor& actor = as_request(a);
    if (actor.is_recyclable() && u.idle_requests.size() < 4096) {
      actor.forget_left();
      u.idle_requests.push_back(std::move(a));
    } else {
      actor.quit();
      u.dispose_later(std::move(a));
    }
  } else {
    auto& all = book_->orphans;
    const auto it = std::find_if(all.begin(), all.end(), [&r](const auto& o) { return o.get() == &r; });
    u.dispose_later(std::shared_ptr<void>{std::move(*it)});
    all.erase(it);
  }
  if (is_closed_) {
    finish_if_done();
  } else if (is_draining() && book_->open.empty()) {
    close(1001, "server is going away");
  }
}

void connection_actor::adopt(std::unique_ptr<request_call> r) {
  home().known.forget_actor(*r); // before it may be destroyed
  home().dispose_later(take_out(r->slot));
  book_->orphans.emplace_back(std::move(r));
  const std::shared_ptr<request_call> orphan = book_->orphans.back();
  if (orphan->is_final()) return orphan->unwind();
  orphan->log_failure("killed", [](log_limiter::length) { return "the request's actor was killed"; });
  orphan->fail(errors::internal());
}

void connection_actor::remember(std::uint64_t seq, std::string_view rpc) {
  const std::size_t most = std::max<std::size_t>(app().limits.remembered_requests, 1);
  auto& ring = book_->remembered;
  if (ring.size() < most) {
    ring.push_back({seq, rpc_key(rpc)});
    return;
  }
  ring[book_->next_remembered] = {seq, rpc_key(rpc)};
  book_->next_remembered = (book_->next_remembered + 1) % most;
}

bool connection_actor::is_remembered(std::uint64_t seq, std::string_view rpc) const noexcept {
  const std::size_t key = rpc_key(rpc);
  const auto& ring = book().remembered;
  return std::any_of(ring.begin(), ring.end(), [&](const finished_request& f) { return f.seq == seq && f.rpc == key; });
}

} // namespace swill::actors
