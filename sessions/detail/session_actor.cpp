#include "sessions/detail/session_actor.hpp"

#include <atomic>
#include <future>

namespace swill::detail {

namespace {

/// Answers of a store go to a coroutine.
struct storing {
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

session_actor::session_actor(caf::actor_config& config, actors::unit& home, std::unique_ptr<session_store> s)
    : loop_actor(config, home), store_(std::move(s)) {}

void session_actor::serve(session_request& r) { std::visit(storing{*store_}, r); }

bool session_actor::on_mail(caf::mailbox_element& element) {
  auto& content = element.content();
  if (!content.match_elements<session_mail>()) return false;
  serve(content.get_mutable_as<session_mail>(0).request);
  return true;
}

// --- All of a server

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

void session_service::load(const std::string& id, completer<std::optional<session_record>> done) {
  if (session_actor* a = actors_.mine()) return a->store().load(id, std::move(done));
  submit(session_load{id, std::move(done)});
}

void session_service::save(const session_record& r, completer<session_stamp> done) {
  if (session_actor* a = actors_.mine()) return a->store().save(r, std::move(done));
  submit(session_save{r, std::move(done)});
}

void session_service::submit(session_request r) {
  if (session_actor* a = actors_.mine()) return a->serve(r);
  session_mail mail{std::move(r)};
  if (!actors_.send(mail)) std::visit(refuser{}, mail.request);
}

} // namespace swill::detail
