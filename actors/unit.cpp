#include "actors/unit.hpp"

#include "actors/request_actor.hpp"
#include "actors/runtime.hpp"
#include "libswill/api/serving/call.hpp"
#include "libswill/base/trace.hpp"

#include <algorithm>

namespace swill::actors {

namespace {
thread_local unit* current_unit = nullptr;

// Each takes some microseconds, for an exception through its frames. Of very many a part of them, or they would become more and more
// where clients come and go faster.
constexpr std::size_t unwound_per_turn = 16;
constexpr std::size_t unwound_part = 32;

} // namespace

// --- Clock

unit_clock::time_point unit_clock::now() const noexcept { return unit_.loop().now(); }

void unit_clock::set_ordinary_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type, std::uint64_t id) {
  super::set_ordinary_timeout(t, self, type, id);
  arm();
}
void unit_clock::set_multi_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type, std::uint64_t id) {
  super::set_multi_timeout(t, self, type, id);
  arm();
}
void unit_clock::set_request_timeout(time_point t, caf::abstract_actor* self, caf::message_id id) {
  super::set_request_timeout(t, self, id);
  arm();
}
void unit_clock::schedule_message(time_point t, caf::strong_actor_ptr receiver, caf::mailbox_element_ptr content) {
  super::schedule_message(t, std::move(receiver), std::move(content));
  arm();
}
void unit_clock::schedule_message(time_point t, caf::group target, caf::strong_actor_ptr sender, caf::message content) {
  super::schedule_message(t, std::move(target), std::move(sender), std::move(content));
  arm();
}

void unit_clock::stop() {
  timer::cancel();
  cancel_all();
}

void unit_clock::arm() {
  if (schedule().empty()) return;
  const clock_time due = schedule().begin()->first;
  if (!is_set() || due < timer::due()) unit_.loop().set_timer(*this, due);
}

void unit_clock::on_timer() {
  trigger_expired_timeouts();
  arm();
}

// --- Unit

unit::unit(caf::actor_system& system, swill::loop& l, std::size_t throughput)
    : caf::execution_unit(&system), turns(l), loop_(l), clock_(*this), throughput_(throughput), pool_face_(&system) {
  loop_.set_turn_hook([](void* self) { static_cast<unit*>(self)->drain(); }, this);
}

unit::~unit() {
  loop_.set_turn_hook(nullptr, nullptr);
  if (current_unit == this) current_unit = nullptr;
}

unit* unit::current() noexcept { return current_unit; }

void unit::bind_thread() noexcept {
  thread_local const trace_scope traced; // handlers run here: what they throw is to be found
  current_unit = this;
  caf::logger::set_current_actor_system(nullptr); // without it CAF skips a lock and a hash per resume
}

void unit::exec_later(caf::resumable* job) {
  if (current_unit == this) {
    ready_.push_back(job);
    return;
  }
  bool first = false;
  {
    const std::lock_guard lock{mutex_};
    first = remote_.empty();
    remote_.push_back(job);
    has_remote_.store(true, std::memory_order_release);
  }
  if (first) loop_.wake();
}

void unit::drain() noexcept {
  if (draining_) return;
  if (current_unit != this) bind_thread();
  draining_ = true;
  turns.begin_turn();
  if (loop_.entered() != nullptr) measure_turn();
  // Answers that come from the pool while sockets have their turns are handled together, so that a connection sends many of them at once.
  if (!loop_.is_in_round() || loop_.now() >= taken_ + swill::loop::longest_gathering) take_remote();
  // Actors that wake each other do not keep the loop from its sockets: what becomes ready now runs in a few rounds, then in a later turn.
  for (int round = 0; !ready_.empty() && round < 4; ++round) {
    running_.swap(ready_);
    for (caf::resumable* job : running_) run(job);
    running_.clear();
  }
  if (loop_.entered() != nullptr) measure_turn();
  garbage_.clear();
  garbage_objects_.clear();
  draining_ = false;
  if (!ready_.empty()) loop_.wake();
}

void unit::take_remote() {
  taken_ = loop_.now();
  if (!has_remote_.load(std::memory_order_acquire)) return;
  const std::lock_guard lock{mutex_};
  ready_.insert(ready_.end(), remote_.begin(), remote_.end());
  remote_.clear();
  has_remote_.store(false, std::memory_order_relaxed);
}

/// A handler has run in this turn: one look at the clock for all that did.
void unit::measure_turn() noexcept {
  const void* last = loop_.entered();
  loop_.note_entered(nullptr);
  const clock_time began = std::max(loop_.now(), measured_);
  const clock_time now = loop_.now() + loop_.turn_age();
  measured_ = now;
  if (now - began >= longest_turn) server->on_slow_turn(*this, last, now - began);
}

void unit::run(caf::resumable* job) {
  switch (job->resume(&pool_face_, throughput_)) {
    case caf::resumable::resume_later: ready_.push_back(job); break;
    case caf::resumable::done:
    case caf::resumable::awaiting_message: caf::intrusive_ptr_release(job); break;
    case caf::resumable::shutdown_execution_unit: break;
  }
}

void unit::unwind(const std::vector<caf::strong_actor_ptr>& requests) {
  unwinding_.insert(unwinding_.end(), requests.begin(), requests.end());
  if (!is_unwinding_) unwind_some();
}

void unit::unwind_some() {
  is_unwinding_ = true;
  std::size_t left = std::max(unwound_per_turn, unwinding_.size() / unwound_part);
  for (; left > 0 && !unwinding_.empty(); --left) {
    const caf::strong_actor_ptr r = std::move(unwinding_.front());
    unwinding_.pop_front();
    if (auto& a = as_request(r); a.is_alive()) a.call().unwind();
  }
  is_unwinding_ = !unwinding_.empty();
  if (is_unwinding_) loop_.post([this] { unwind_some(); });
}

void unit::dispose_later(caf::strong_actor_ptr a) { garbage_.push_back(std::move(a)); }
void unit::dispose_later(std::shared_ptr<void> object) { garbage_objects_.push_back(std::move(object)); }

void unit::finish() {
  bind_thread();
  clock_.stop();
  unwinding_.clear();
  for (int i = 0; i < 1000 && (!ready_.empty() || has_remote_.load() || !garbage_.empty()); ++i) drain();
  current_unit = nullptr;
}

} // namespace swill::actors
