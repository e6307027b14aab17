#include "sessions/detail/session_actor.hpp"

#include "actors/runtime.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace swill::detail {

namespace {

/// Answers of a store go to a coroutine.
struct server {
  session_store& store;

  void operator()(session_load& r) { store.load(std::move(r.id), std::move(r.done)); }
  void operator()(session_touch& r) {
    store.touch(r.id, [](const result<bool>&) {});
  }
  void operator()(session_save& r) { store.save(r.record, std::move(r.done)); }
  void operator()(session_merge& r) { store.merge(r.id, r.changes, std::move(r.done)); }
  void operator()(session_rotate& r) { store.rotate(r.old_id, r.old_user, r.record, r.changes, std::move(r.done)); }
  void operator()(session_destroy& r) { store.destroy(r.id, r.user, std::move(r.done)); }
  void operator()(session_destroy_user& r) { store.destroy_user(r.user, std::move(r.done)); }
  void operator()(session_list& r) { store.list(r.user, std::move(r.done)); }
};

struct refuser {
  template <class R>
  void operator()(R& r) {
    if constexpr (requires { r.done; }) r.done(errors::unavailable("There are no sessions now"));
  }
};

/// Counts down to zero, and lets one thread wait for that.
struct latch {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t left = 0;
  void count_down() {
    const std::lock_guard lock{mutex};
    --left;
    changed.notify_all();
  }
};

/// A store that is not ready by then is waited for no longer: its clients get 503 until it is.
constexpr std::chrono::seconds longest_start{5};

session_actor& as_sessions(const caf::strong_actor_ptr& a) noexcept { return *static_cast<session_actor*>(a->get()); }

} // namespace

session_actor::session_actor(caf::actor_config& config, actors::unit& home, std::unique_ptr<session_store> s)
    : loop_actor(config, home), store_(std::move(s)) {}

void session_actor::serve(session_request r) { std::visit(server{*store_}, r); }

bool session_actor::on_mail(caf::mailbox_element& element) {
  auto& content = element.content();
  if (!content.match_elements<session_mail>()) return false;
  serve(std::move(content.get_mutable_as<session_mail>(0).request));
  return true;
}

// --- All of a server

void session_service::start_one(entry& e, const log_sink* log, std::function<void()> ready) {
  e.actor = actors::spawn_on<session_actor>(*e.home, backend_.make(e.home->loop(), options_, log));
  as_sessions(e.actor).store().start(std::move(ready));
}

void session_service::start(actors::runtime& r) {
  const auto all = std::make_shared<latch>(); // with stores that are not ready for long
  entries_.clear();
  for (const auto& u : r.units()) {
    if (backend_.one_per_loop || entries_.empty()) entries_.push_back({u.get(), nullptr});
  }
  const log_sink* log = &r.app().log;
  std::exception_ptr failure;
  if (entries_.front().home->loop().is_current()) { // a test's loop: it does not turn while this runs
    for (entry& e : entries_) start_one(e, log, [] {});
    return;
  }
  const auto made = std::make_shared<latch>();
  all->left = made->left = entries_.size();
  for (entry& e : entries_) {
    e.home->loop().post([&, made, all] {
      try {
        start_one(e, log, [all] { all->count_down(); });
      } catch (...) {
        const std::lock_guard lock{made->mutex};
        failure = std::current_exception();
      }
      made->count_down();
    });
  }
  {
    std::unique_lock lock{made->mutex};
    made->changed.wait(lock, [&] { return made->left == 0; });
    if (failure) std::rethrow_exception(failure);
  }
  std::unique_lock lock{all->mutex};
  all->changed.wait_for(lock, longest_start, [&] { return all->left == 0; });
}

void session_service::stop(std::function<void()> done) {
  const auto left = std::make_shared<std::atomic<std::size_t>>(entries_.size());
  if (entries_.empty()) return done();
  for (entry& e : entries_) {
    loop& l = e.home->loop();
    l.post([a = std::move(e.actor), &l, left, done] {
      const auto closed = [a, &l, left, done] {
        l.post([a, left, done] { // not within a function of the store that is about to go
          if (a != nullptr) as_sessions(a).quit();
          if (--*left == 0) done();
        });
      };
      if (a == nullptr) return closed();
      as_sessions(a).store().close(closed);
    });
  }
  entries_.clear();
}

/// That of the actor of this thread's loop, if there is one.
session_store* session_service::local() const noexcept {
  const actors::unit* here = actors::unit::current();
  for (const entry& e : entries_) {
    if (e.home == here && e.actor != nullptr) return &as_sessions(e.actor).store();
  }
  return nullptr;
}

void session_service::load(const std::string& id, completer<std::optional<session_record>> done) {
  if (session_store* s = local()) return s->load(id, std::move(done));
  submit(session_load{id, std::move(done)});
}

void session_service::save(const session_record& r, completer<session_stamp> done) {
  if (session_store* s = local()) return s->save(r, std::move(done));
  submit(session_save{r, std::move(done)});
}

void session_service::submit(session_request r) {
  if (session_store* s = local()) return std::visit(server{*s}, r);
  if (entries_.empty() || entries_.front().actor == nullptr) return std::visit(refuser{}, r);
  caf::anon_send(caf::actor_cast<caf::actor>(entries_.front().actor), session_mail{std::move(r)});
}

} // namespace swill::detail
