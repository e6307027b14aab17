#include "sessions/detail/session_actor.hpp"

#include <atomic>
#include <future>

namespace swill::detail {

namespace {

/// Stores that are not ready yet.
struct readiness {
  explicit readiness(std::size_t n) : left(n) {}
  void count_down() {
    if (--left == 0) all.set_value();
  }
  std::atomic<std::size_t> left;
  std::promise<void> all;
};

/// A store that is not ready by then is waited for no longer: its clients get 503 until it is.
constexpr std::chrono::seconds longest_start{5};

} // namespace

void session_service::start(actors::runtime& r) {
  const auto stores =
      std::make_shared<readiness>(backend_.one_per_loop ? r.size() : 1); // with those that are not ready for long
  const auto make = [&](actors::unit& u, std::size_t) {
    auto a = actors::spawn_on<session_actor>(u, backend_.make(u.loop(), options_, &r.app().log));
    static_cast<session_actor*>(a->get())->store().start([stores] { stores->count_down(); });
    return a;
  };
  if (backend_.one_per_loop) {
    actors_.start(r, make);
  } else {
    actors_.start_first(r, make);
  }
  actors_.open();
  if (actors_.front().home().loop().is_current()) return; // a test's loop: it does not turn while this runs
  stores->all.get_future().wait_for(longest_start);
}

void session_service::stop(std::function<void()> done) {
  const auto end = [](session_actor& a, const std::function<void()>& ended) {
    a.store().close([&a, self = caf::strong_actor_ptr{a.ctrl()}, ended] {
      a.home().loop().post([&a, self, ended] { // not within a function of the store that is about to go
        a.quit();
        ended();
      });
    });
  };
  actors_.stop(end, std::move(done));
}

error session_service::no_sessions() { return errors::unavailable("There are no sessions now"); }

void session_service::touch(const std::string& id) {
  const auto touch_it = [id](session_actor& a) { a.store().touch(id, [](const result<bool>&) {}); };
  if (session_actor* a = actors_.mine()) return touch_it(*a);
  actors_.send(touch_it);
}

} // namespace swill::detail
