#include "actors/ask.hpp"
#include "actors/roster.hpp"
#include "actors/routed_call.hpp"

#include "libswill/base/loop.hpp"
#include "libswill/base/printable.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <unordered_map>
#include <utility>

// How a roster's actors come and go; roster.cpp has the calls.

namespace swill::actors {

caf::error error_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    return caf::make_error(caf::sec::runtime_error, std::string{e.what()});
  } catch (...) {
    return caf::sec::runtime_error;
  }
}

/// Makes, watches and ends a roster's actors, on its thread. Where they have keys, it takes what other actors ask of them.
class roster_keeper final : public loop_actor, timer {
public:
  roster_keeper(caf::actor_config& config, unit& home, roster& of) : loop_actor(config, home), roster_(of) {}
  const char* name() const override { return "swill.roster"; }
  clock_time now() const noexcept { return home().loop().now(); }
  void arm(clock_time when) {
    if (when == clock_time::max()) return timer::cancel();
    if (!is_set() || due() != when) home().loop().set_timer(*this, when);
  }
  void on_exit() override {
    timer::cancel();
    while (!routed_.empty()) static_cast<routed_call&>(*routed_.begin()->second->get()).stop();
  }

private:
  void on_timer() override { roster_.run_due(now()); }
  bool on_mail(caf::mailbox_element& element) override {
    const auto route = roster_.find_route(element.content());
    if (route == nullptr) return false;
    const caf::strong_actor_ptr a = spawn_on<routed_call>(home(), element.sender, element.mid);
    const caf::actor_id id = a->id();
    routed_.emplace(id, a);
    auto& call = static_cast<routed_call&>(*a->get());
    call.start(route->call(roster_.shared_from_this(), roster_.name_of(*route), element.content(), call),
               [this, id] { routed_.erase(id); });
    return true;
  }

  roster& roster_;
  std::unordered_map<caf::actor_id, caf::strong_actor_ptr> routed_; ///< calls of other actors, until they are answered
};

caf::strong_actor_ptr roster::only_actor() {
  if (!is_permanent_) {
    caf::strong_actor_ptr keeper;
    keeper_.reach([&keeper](roster_keeper& k) { keeper = caf::strong_actor_ptr{k.ctrl()}; });
    return keeper;
  }
  const std::lock_guard lock{mutex_};
  const auto& all = other_places_.empty() ? idle_places_ : other_places_;
  return all.empty() || !all.front()->now ? nullptr : all.front()->now->actor;
}

void roster::add_route(std::shared_ptr<const actor_route> r) {
  const std::lock_guard lock{mutex_};
  routes_.push_back(std::move(r));
}

std::shared_ptr<const actor_route> roster::find_route(const caf::type_erased_tuple& message) {
  const std::lock_guard lock{mutex_};
  const auto at = std::find_if(routes_.begin(), routes_.end(), [&message](const auto& r) { return r->takes(message); });
  return at == routes_.end() ? nullptr : *at;
}

/// With those of the blueprints that it is mounted in. On the keeper's thread.
std::string roster::name_of(const actor_route& r) const {
  for (const auto& h : keeper_.front().home().server->app().handlers()) {
    if (h->backend.get() == this && h->name.ends_with(r.name)) return h->name;
  }
  return r.name;
}

left_message::left_message(std::shared_ptr<roster> r, std::shared_ptr<incarnation> i)
    : roster_(std::move(r)), incarnation_(std::move(i)) {
  const std::lock_guard lock{roster_->mutex_};
  ++incarnation_->left;
}

left_message::~left_message() {
  // By mail: this may happen while the mutex is held, when the last handle of an actor goes which still has the message.
  roster_->keeper_.send([r = roster_, i = std::move(incarnation_)](roster_keeper&) {
    const std::lock_guard lock{r->mutex_};
    --i->left;
  });
}

roster::~roster() = default;

void roster::check(const std::string& path, mistake_list& out) const {
  constexpr std::uint64_t unbounded = std::numeric_limits<std::uint64_t>::max();
  constexpr std::uint64_t most_restarts = 1'000'000; // as many deaths are remembered; a -1 is far beyond
  if (is_foreign(given_)) out.add(path, foreign_text);
  out.check_size(path + (is_permanent_ ? ".pool.count" : ".keyed.keys"), most_places_, 1, unbounded);
  out.check_size(path + ".keyed.calls", most_calls_, 1, unbounded);
  out.check_size(path + ".keyed.key_size", longest_key_, 1, unbounded);
  out.check_time(path + ".keyed.idle", idle_);
  out.check_size(path + ".restarts.restarts", policy_.restarts, 0, most_restarts);
  out.check_time(path + ".restarts.within", policy_.within);
  out.check_time(path + ".restarts.first_pause", policy_.first_pause);
  out.check_time(path + ".restarts.longest_pause", policy_.longest_pause);
  out.check_time(path + ".restarts.wait", policy_.wait);
  out.check_time(path + ".restarts.stop_timeout", policy_.stop_timeout);
}

void roster::start(runtime& r) {
  std::vector<actor_place*> all;
  {
    const std::lock_guard lock{mutex_};
    if (server_ == &r) return; // it serves another name, too
    if (server_ != nullptr) throw std::logic_error("the actors of an app serve one server at a time");
    server_ = &r;
    ++run_;
    retry_after_ = r.app().limits.retry_after;
    all.assign(other_places_.begin(), other_places_.end());
  }
  keeper_.start_first(r, [this](unit& u, std::size_t) { return spawn_on<roster_keeper>(u, *this); });
  keeper_.open();
  run_on(r.units().front()->loop(), [&] {
    for (actor_place* p : all) {
      if (given_ == nullptr) {
        make(*p, keeper_.front().now());
      } else {
        std::unique_lock lock{mutex_};
        enter(*p, given_, {});
        const std::shared_ptr<incarnation> given = p->now;
        lock.unlock();
        watch(given, false);
      }
    }
  });
}

void roster::stop(runtime& r) {
  if (server_ == &r) stop([] {});
}

void roster::stop(std::function<void()> done) {
  if (server_ == nullptr) return done();
  const auto end = [this](roster_keeper& k, const std::function<void()>& ended) {
    {
      const std::lock_guard lock{mutex_};
      if (server_ == nullptr) return ended(); // it has served several names, and was told to stop for another
      idle_places_.splice(idle_places_.end(), other_places_);
      for (actor_place* p : idle_places_) {
        p->is_idle = false;
        p->alarm.reset();
        wake_all(*p);
        if (p->now != nullptr) {
          p->now->where = nullptr;
          tell_end(p->now->actor);
          p->now.reset();
        }
        p->is = actor_place::state::empty;
        p->not_before = {};
        p->deaths.clear();
        p->mails = 0;
      }
      other_places_.splice(other_places_.end(), idle_places_);
      alarms_.clear();
      kills_.clear();
      replaced_.clear();
      is_armed_ = false;
      tells_of_unknown_ = false;
      server_ = nullptr;
      if (!is_permanent_) other_places_.clear();
      forget_all();
    }
    k.quit();
    ended();
  };
  keeper_.stop(end, std::move(done));
}

void roster::tell_end(const caf::strong_actor_ptr& a) {
  if (a->home_system == &server_->system()) caf::anon_send_exit(a, caf::exit_reason::user_shutdown);
}

/// With the mutex held: asks the keeper to look at a place, in which an actor has died, if any.
void roster::tell_keeper(actor_place& p, std::optional<caf::error> died) {
  ++p.mails;
  const bool sent = keeper_.send([this, &p, died = std::move(died), run = run_](roster_keeper& k) {
    std::unique_lock look{mutex_};
    if (server_ == nullptr || run != run_) return;
    --p.mails;
    if (died) note_death(p, *died, k.now());
    look.unlock();
    settle(p, k.now());
    rearm();
  });
  if (!sent) --p.mails;
}

/// With the mutex held: a serves in p.
void roster::enter(actor_place& p, caf::strong_actor_ptr a, clock_time now) {
  p.now = std::make_shared<incarnation>();
  p.now->actor = std::move(a);
  p.now->number = ++made_;
  p.now->where = &p;
  p.is = actor_place::state::serving;
  cancel_alarm(p);
  if (is_serial_)
    give_turn(p);
  else
    wake_all(p);
  if (p.turn == nullptr) be_idle(p, now);
}

/// The next actor of an empty place. On the keeper's thread.
void roster::make(actor_place& p, clock_time now) {
  caf::strong_actor_ptr a;
  caf::error failure;
  try {
    a = make_actor(server_->system(), p);
    caf::logger::set_current_actor_system(
        nullptr); // spawning has set it, which costs each actor that runs here from now on
  } catch (...) {
    failure = error_of(std::current_exception());
  }
  std::shared_ptr<incarnation> made;
  {
    const std::lock_guard lock{mutex_};
    if (a == nullptr) {
      note_death(p, failure, now);
      return tell_keeper(p, std::nullopt);
    }
    enter(p, std::move(a), now);
    made = p.now;
  }
  watch(made, true);
}

/// Has the calls of an actor told of its end; so is the roster where the actor is its own: it has made it, or another in whose place this one is.
/// On the keeper's thread, or that of rebind, without the mutex: an actor that has ended already tells at once.
void roster::watch(const std::shared_ptr<incarnation>& i, bool is_own) {
  i->actor->get()->attach_functor([weak = weak_from_this(), of = std::weak_ptr{i}, is_own](const caf::error& why) {
    const std::shared_ptr<incarnation> ended = of.lock();
    if (ended == nullptr) return; // it has neither a place nor calls
    ended->end.tell(ended->actor->address(), why);
    if (const auto self = weak.lock(); self != nullptr && is_own) self->on_down(*ended, why);
  });
}

/// An actor has ended. On any thread.
void roster::on_down(const incarnation& i, const caf::error& why) {
  const std::lock_guard lock{mutex_};
  if (i.where == nullptr) return;
  actor_place& p = *i.where;
  const bool was_told = p.is == actor_place::state::ending;
  const bool is_normal =
      !is_permanent_ && (!why || why == caf::exit_reason::normal || why == caf::exit_reason::user_shutdown);
  p.now->where = nullptr;
  p.now.reset();
  const bool died = !was_told && !is_normal;
  p.is = died ? actor_place::state::down : actor_place::state::empty;
  be_busy(p);
  cancel_alarm(p);
  wake_all(p);
  tell_keeper(p, died ? std::optional{why} : std::nullopt);
}

/// "the actor of place, cancel", the names that it serves, or "the actor house", as app.spawn was told. While the server runs.
std::string roster::described() const {
  if (!name_.empty()) return "the actor " + name_;
  constexpr std::size_t named = 3;
  std::string out;
  std::size_t count = 0;
  for (const auto& h : server_->app().handlers()) {
    if (h->backend.get() != this) continue;
    if (++count <= named) out += (count == 1 ? "the actor of " : ", ") + h->name;
  }
  if (count == 0) return "an actor";
  return count > named ? out + " and " + std::to_string(count - named) + " more" : out;
}

caf::result<caf::message> roster::refuse_unknown(caf::scheduled_actor& who, caf::message_view& message) {
  if (who.current_message_id().is_request()) return caf::sec::unexpected_message;
  const caf::delegated<caf::message> unanswered{};
  const std::lock_guard lock{mutex_};
  if (server_ == nullptr) return unanswered;
  unit& front = *server_->units().front();
  front.dropped_mail.fetch_add(1, std::memory_order_relaxed);
  if (std::exchange(tells_of_unknown_, true)) return unanswered; // one line at a time, however many messages there are
  std::string text = described() + " does not take this message, which is dropped: (" +
                     types_of(server_->system(), message.content()) + ")";
  front.loop().post([self = shared_from_this(), &front, text = std::move(text)] {
    {
      const std::lock_guard again{self->mutex_};
      self->tells_of_unknown_ = false;
    }
    front.log_limited(text, {.level = log_level::warning}, [&text](log_limiter::length) { return text; });
  });
  return unanswered;
}

/// With the mutex held, on the keeper's thread.
void roster::note_death(actor_place& p, const caf::error& why, clock_time now) {
  p.deaths.push_back(now);
  while (p.deaths.front() + policy_.within < now) p.deaths.pop_front();
  clock_duration pause = policy_.first_pause;
  for (std::size_t i = 1; i < p.deaths.size() && pause < policy_.longest_pause; ++i) pause *= 2;
  p.not_before = now + std::min<clock_duration>(pause, policy_.longest_pause);
  const bool gives_up = p.deaths.size() > policy_.restarts;
  p.is = gives_up ? actor_place::state::given_up : actor_place::state::empty;
  wake_all(p); // they may not want to wait for so long
  const std::string what =
      described() + (gives_up ? " has ended, and is not made again: " : " has ended, and is made again: ");
  server_->units().front()->log_limited(what, {.level = log_level::error, .text = {}}, [&](log_limiter::length) {
    constexpr std::size_t most_of_key = 64; // a client has chosen it
    const std::string key = key_of(p);
    return what + caf::to_string(why) +
           (key.empty() ? "" : "; its key is \"" + printable(key.substr(0, most_of_key)) + '"');
  });
  if (gives_up && policy_.on_give_up) {
    server_->units().front()->loop().post([f = policy_.on_give_up, why] { f(why); });
  }
}

/// Whether an actor is to be made for it now. With the mutex held; may end p.
bool roster::needs_actor(actor_place& p, clock_time now) {
  while (!p.deaths.empty() && p.deaths.front() + policy_.within <= now) p.deaths.pop_front();
  if (p.is == actor_place::state::given_up && !is_permanent_ && p.deaths.size() <= policy_.restarts)
    p.is = actor_place::state::empty;
  if (p.is == actor_place::state::given_up && is_permanent_) return false;
  if (p.is == actor_place::state::serving || p.is == actor_place::state::ending || p.is == actor_place::state::down)
    return false;
  if (p.is == actor_place::state::empty && (is_permanent_ || !p.waiting.empty())) {
    if (p.not_before <= now) return true;
    set_alarm(p, p.not_before);
  } else if (!p.deaths.empty()) {
    set_alarm(p, p.deaths.front() + policy_.within);
  } else if (p.mails == 0) {
    cancel_alarm(p);
    other_places_.erase(p.entry);
    forget(p);
  }
  return false;
}

/// Looks at a place after it has changed. On the keeper's thread.
void roster::settle(actor_place& p, clock_time now) {
  {
    const std::lock_guard lock{mutex_};
    if (!needs_actor(p, now)) return;
  }
  make(p, now);
}

// --- What is due

void roster::be_idle(actor_place& p, clock_time since) {
  if (idle_.count() <= 0) return;
  p.idle_since = since;
  p.is_idle = true;
  idle_places_.splice(idle_places_.end(), other_places_, p.entry);
  if (is_armed_) return;
  is_armed_ = true;
  keeper_.send([this](roster_keeper&) { rearm(); });
}

void roster::be_busy(actor_place& p) {
  if (!std::exchange(p.is_idle, false)) return;
  other_places_.splice(other_places_.end(), idle_places_, p.entry);
}

void roster::set_alarm(actor_place& p, clock_time when) {
  cancel_alarm(p);
  p.alarm = alarms_.emplace(when, &p);
}

void roster::cancel_alarm(actor_place& p) {
  if (p.alarm) alarms_.erase(*p.alarm);
  p.alarm.reset();
}

/// On the keeper's thread.
void roster::run_due(clock_time now) {
  std::vector<actor_place*> due;
  {
    const std::lock_guard lock{mutex_};
    if (server_ == nullptr) return;
    while (!idle_places_.empty() && idle_places_.front()->idle_since + idle_ <= now) {
      actor_place& p = *idle_places_.front();
      be_busy(p);
      p.is = actor_place::state::ending;
      set_alarm(p, now + policy_.stop_timeout);
      tell_end(p.now->actor);
    }
    for (; !alarms_.empty() && alarms_.begin()->first <= now; alarms_.erase(alarms_.begin())) {
      actor_place& p = *alarms_.begin()->second;
      p.alarm.reset();
      if (p.is == actor_place::state::ending)
        caf::anon_send_exit(p.now->actor, caf::exit_reason::kill); // it has had its time
      else
        due.push_back(&p);
    }
    for (; !kills_.empty() && kills_.begin()->first <= now; kills_.erase(kills_.begin()))
      caf::anon_send_exit(kills_.begin()->second, caf::exit_reason::kill);
  }
  for (actor_place* p : due) settle(*p, now);
  rearm();
}

/// On the keeper's thread.
void roster::rearm() {
  const std::lock_guard lock{mutex_};
  if (server_ == nullptr) return;
  clock_time next = clock_time::max();
  is_armed_ = !idle_places_.empty();
  if (is_armed_) next = idle_places_.front()->idle_since + idle_;
  if (!alarms_.empty()) next = std::min(next, alarms_.begin()->first);
  if (!kills_.empty()) next = std::min(next, kills_.begin()->first);
  keeper_.front().arm(next);
}

void roster::rebind(const caf::strong_actor_ptr& to, std::type_index type) {
  if (renews_)
    throw std::invalid_argument("actors that the server makes again are not replaced: it would make them again");
  if (to == nullptr) throw std::invalid_argument("the actor is null");
  if (is_foreign(to)) throw std::invalid_argument(foreign_text);
  const std::type_index any{typeid(caf::actor)};
  if (type != type_ && type != any && type_ != any) throw std::invalid_argument("the actor is of another type");
  std::shared_ptr<incarnation> now;
  bool is_own = false;
  {
    const std::lock_guard lock{mutex_};
    if (server_ == nullptr) throw std::logic_error("the server does not run");
    actor_place& place = *other_places_.front();
    const std::shared_ptr<incarnation> old = place.now;
    is_own = given_ == nullptr;
    if (!is_own) given_ = to;
    enter(place, to, {});
    now = place.now;
    if (old != nullptr) {
      old->where = nullptr;
      old->ends_when_idle = true;
      if (old->calls == 0)
        retire(old->actor);
      else
        replaced_.push_back(old);
    }
  }
  watch(now, is_own);
}

/// Whether its one place has that actor, or that has calls from when it had the place.
bool roster::needs(const caf::strong_actor_ptr& a) {
  if (renews_) return false;
  const std::lock_guard lock{mutex_};
  const auto& all = other_places_.empty() ? idle_places_ : other_places_;
  const auto is_it = [&a](const auto& i) { return i != nullptr && i->actor == a; };
  return (!all.empty() && is_it(all.front()->now)) || std::any_of(replaced_.begin(), replaced_.end(), is_it);
}

/// Whether a handler of the server needs that actor. On the keeper's thread, without the mutex.
bool roster::is_needed(const caf::strong_actor_ptr& a) const {
  const auto& all = server_->app().handlers();
  return std::any_of(all.begin(), all.end(), [&a](const auto& h) {
    const auto its = std::dynamic_pointer_cast<roster>(h->backend);
    return its != nullptr && its->needs(a);
  });
}

/// With the mutex held: an actor that has lost its place ends, unless a handler needs it by the time when the keeper looks.
void roster::retire(const caf::strong_actor_ptr& a) {
  if (a->home_system != &server_->system()) return;
  const bool sent = keeper_.send([this, a, run = run_](roster_keeper& k) {
    if (server_ == nullptr || run != run_ || is_needed(a)) return;
    tell_end(a);
    {
      const std::lock_guard lock{mutex_};
      kills_.emplace(k.now() + policy_.stop_timeout, a);
    }
    rearm();
  });
  if (!sent) tell_end(a);
}

} // namespace swill::actors
