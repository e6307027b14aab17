#include "actors/roster.hpp"

#include "actors/ask.hpp"
#include "libswill/base/awaiting.hpp"
#include "libswill/base/loop.hpp"

#include <algorithm>
#include <stdexcept>
#include <tuple>

namespace swill::actors {

assignment::~assignment() {
  if (incarnation_) roster_->release(*incarnation_, loop_->now());
}

std::unique_ptr<left_message> assignment::leave() const {
  return roster_->bounds_calls() ? std::make_unique<left_message>(roster_, incarnation_) : nullptr;
}

// --- Calls

namespace {

/// A call looks again at what it waits for. False: it does not wait any more.
bool wake_call(const std::shared_ptr<waiting_call>& call) {
  swill::loop* loop = call->loop;
  if (loop == nullptr) return false;
  loop->post([call] {
    if (wait* w = std::exchange(call->waiter, nullptr); w != nullptr && w->is_linked()) w->owner()->wake(*w);
  });
  return true;
}

void end_turn(actor_place& p) noexcept {
  if (p.turn) p.turn->place = nullptr;
  p.turn = nullptr;
}

} // namespace

/// With the mutex held: a place has room for another call, or this throws. Those that wait for their turn or for an actor count, and so does each
/// message that its actor has not dealt with.
void roster::check_room(actor_place& p) const {
  const auto held = [&p] {
    return p.waiting.size() + (p.turn != nullptr ? 1 : 0) + (p.now != nullptr ? p.now->calls + p.now->left : 0);
  };
  if (held() < most_calls_) return;
  std::erase_if(p.waiting, [](const auto& call) { return call->loop == nullptr; });
  if (held() >= most_calls_) throw errors::too_many("The actor has too many calls", retry_after_);
}

assignment roster::take(const void* key, std::uint64_t met, swill::loop& here, std::shared_ptr<waiting_call>& w) {
  const clock_time now = here.now();
  const std::lock_guard lock{mutex_};
  if (server_ == nullptr) throw errors::unavailable("The server stops");
  actor_place& p = choose(key);
  if (w != nullptr && p.turn == w) end_turn(p);
  const bool is_free = !is_serial_ || (p.turn == nullptr && p.now != nullptr && p.now->calls == 0);
  if (p.is == actor_place::state::serving && p.now->number != met && is_free) {
    check_room(p);
    ++p.now->calls;
    if (p.is_idle) be_busy(p);
    return {shared_from_this(), p.now, here};
  }
  if (p.is == actor_place::state::given_up || (p.is == actor_place::state::empty && p.not_before - now > policy_.wait))
    refuse(p, now);
  check_room(p);
  w = std::make_shared<waiting_call>();
  w->loop = &here;
  p.waiting.push_back(w);
  if (p.is == actor_place::state::empty) tell_keeper(p, std::nullopt);
  return {};
}

void roster::refuse(const actor_place& p, clock_time now) const {
  using std::chrono::milliseconds;
  if (p.is == actor_place::state::given_up && is_permanent_)
    throw error{error_code::unavailable, "The handler is not there"};
  const clock_time again = p.is == actor_place::state::given_up ? p.deaths.front() + policy_.within : p.not_before;
  const auto left = std::chrono::ceil<milliseconds>(std::max(again - now, clock_duration{0}));
  throw errors::unavailable("The handler is not there", {{"retry_after_ms", left.count()}});
}

void roster::release(incarnation& i, clock_time now) noexcept {
  const std::lock_guard lock{mutex_};
  if (--i.calls != 0 || server_ == nullptr) return;
  if (i.where != nullptr) {
    if (i.where->is != actor_place::state::serving) return;
    give_turn(*i.where);
    if (i.where->turn == nullptr) be_idle(*i.where, now);
  } else if (i.ends_when_idle) {
    std::erase_if(replaced_, [&i](const auto& one) { return one.get() == &i; });
    retire(i.actor);
  }
}

bool roster::has_given_up() {
  const std::lock_guard lock{mutex_};
  const auto gave_up = [](const actor_place* p) { return p->is == actor_place::state::given_up; };
  return !other_places_.empty() && idle_places_.empty() &&
         std::all_of(other_places_.begin(), other_places_.end(), gave_up);
}

// --- Those that wait

namespace {

/// Waits until a place has changed, or until a time.
class SWILL_MUST_AWAIT("this waits for nothing until it is awaited") place_change : wait, timer {
public:
  place_change(std::shared_ptr<waiting_call> w, std::optional<clock_time> late) : call_(std::move(w)), late_(late) {}
  ~place_change() {
    call_->waiter = nullptr;
    call_->loop = nullptr;
  }
  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> h) {
    scope_ = h.promise().owner;
    if (scope_->is_cancelled()) return false;
    scope_->suspend(*this, h);
    call_->waiter = this;
    if (late_) scope_->loop().set_timer(*this, *late_);
    return true;
  }
  void await_resume() {
    timer::cancel();
    if (scope_->is_cancelled()) throw cancelled{};
    if (is_late_) throw_from(caf::make_error(caf::sec::request_timeout));
  }

private:
  void on_timer() override {
    is_late_ = true;
    scope_->wake(*this);
  }

  std::shared_ptr<waiting_call> call_; ///< shared with the place
  std::optional<clock_time> late_;
  scope* scope_ = nullptr;
  bool is_late_ = false;
};

} // namespace

void roster::wake_all(actor_place& p) {
  for (const auto& call : p.waiting) wake_call(call);
  p.waiting.clear();
  end_turn(p);
}

/// With the mutex held, for an actor without calls: that which has waited longest is next.
void roster::give_turn(actor_place& p) {
  while (is_serial_ && !p.waiting.empty() && p.turn == nullptr) {
    const std::shared_ptr<waiting_call> call = std::move(p.waiting.front());
    p.waiting.pop_front();
    if (!wake_call(call)) continue;
    p.turn = call;
    call->place = &p;
  }
}

void roster::give_up_turn(waiting_call& w, clock_time now) noexcept {
  const std::lock_guard lock{mutex_};
  actor_place* p = w.place;
  if (p == nullptr) return;
  end_turn(*p);
  give_turn(*p);
  if (p->turn == nullptr && p->is == actor_place::state::serving) be_idle(*p, now);
}

task<assignment> next_actor(std::shared_ptr<roster> who, const void* key, std::uint64_t met,
                            std::optional<clock_time> late, std::shared_ptr<waiting_call> w) {
  scope& here = co_await this_scope{};
  const struct leaving {
    ~leaving() { who.give_up_turn(*call, loop.now()); }
    roster& who;
    const std::shared_ptr<waiting_call>& call;
    swill::loop& loop;
  } turn{*who, w, here.loop()};
  for (;;) {
    place_change change{w, late};
    co_await change;
    assignment got = who->take(key, met, here.loop(), w);
    if (got) co_return got;
  }
}

task<assignment> some_actor(std::shared_ptr<roster> who, const void* key) {
  scope& here = co_await this_scope{};
  std::shared_ptr<waiting_call> w;
  assignment got = who->take(key, 0, here.loop(), w);
  if (!got) got = co_await next_actor(who, key, 0, std::nullopt, w);
  co_return got;
}

// --- One place or several

pool_roster::pool_roster(std::size_t count, maker make, const restart_policy& p)
    : roster(p, p.restarts > 0), make_(std::move(make)) {
  most_places_ = count;
  for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i) {
    std::list<actor_place*> entry{places_.emplace_back(std::make_unique<actor_place>()).get()};
    add(entry);
  }
}

pool_roster::pool_roster(caf::strong_actor_ptr given) : pool_roster(1, {}, {.restarts = 0}) {
  given_ = std::move(given);
  has_none_ = given_ == nullptr;
}

/// That with the least calls of those that serve; else that which will be there first.
actor_place& pool_roster::choose(const void*) {
  const auto rank = [](const actor_place& p) {
    switch (p.is) {
      case actor_place::state::serving: return std::tuple{0, p.now->calls, clock_time{}};
      case actor_place::state::given_up: return std::tuple{2, std::size_t{0}, clock_time{}};
      default: return std::tuple{1, std::size_t{0}, p.not_before};
    }
  };
  actor_place* best = nullptr;
  next_ = (next_ + 1) % places_.size();
  for (std::size_t i = 0; i < places_.size(); ++i) {
    actor_place& p = *places_[(next_ + i) % places_.size()];
    if (best == nullptr || rank(p) < rank(*best)) best = &p;
  }
  return *best;
}

caf::strong_actor_ptr pool_roster::make_actor(caf::actor_system& system, actor_place&) { return make_(system, *this); }

} // namespace swill::actors
