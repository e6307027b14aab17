#include "sessions/sessions.hpp"

#include "libswill/api/context.hpp"
#include "sessions/detail/binding.hpp"
#include "sessions/detail/operations.hpp"
#include "sessions/detail/token.hpp"

#include <algorithm>

namespace swill {

namespace {

class bound_session final : public detail::request_session, public detail::in_frame_memory {
public:
  bound_session(sessions& owner, connection& c, detail::session_binding& b, session_record r)
      : session_(owner, &c, &b, std::move(r)) {}
  session& get() noexcept override { return session_; }
  bool has_changed() const noexcept override { return session_.has_changed(); }
  task<void> save() override { return session_.save(); }

private:
  session session_;
};

session_record fresh(std::string id) {
  session_record r;
  r.id = std::move(id);
  return r;
}

bool is_unavailable(const error& e) noexcept { return e.code == static_cast<std::int64_t>(error_code::unavailable); }

} // namespace

sessions::sessions(session_options o, session_backend b)
    : options_(std::move(o)), service_(std::make_unique<detail::session_service>(std::move(b), options_)) {}

sessions::~sessions() = default;

void sessions::install(app& a) {
  a.set_session_provider(*this);
  a.before_accept([this](connection& c) { return bind(c); });
  a.on_describe([](const connection& c, connection_notes& notes) {
    const auto* b = c.find_state<detail::session_binding>();
    if (b != nullptr && !b->id.empty()) notes.session = detail::session_tag(b->id);
  });
}

void sessions::start(actors::runtime& r) { service_->start(r); }
void sessions::stop(std::function<void()> done) { service_->stop(std::move(done)); }

// --- Handshakes

task<void> sessions::bind(connection& c) {
  const detail::offered_tokens offered = detail::find_tokens(c, options_);
  auto named = offered.named ? service_->tokens.id_of(*offered.named) : std::nullopt;
  auto in_cookie = offered.cookie ? service_->tokens.id_of(*offered.cookie) : std::nullopt;
  auto& b = c.state<detail::session_binding>();
  if (in_cookie) b.cookie = *in_cookie;
  if (named) {
    const bool bound = co_await bind_to(c, std::move(*named));
    if (bound) co_return renew_cookie(c);
  }
  if (in_cookie) {
    const bool bound = co_await bind_to(c, std::move(*in_cookie));
    if (bound) co_return;
  }
  // None, or one that is not known: that is never taken over, since somebody else may have planted it.
  b.id = detail::make_session_id();
  if (!options_.cookie) co_return;
  b.cookie = b.id;
  detail::set_session_cookie(c, options_, service_->tokens.token_of(b.id));
}

/// A browser whose session got a new id on an open connection still has the old one in its cookie. It shows both, and gets the cookie that
/// fits. Nobody gets one for a token alone: that could come from somebody else's link.
void sessions::renew_cookie(connection& c) {
  auto& b = c.state<detail::session_binding>();
  if (!options_.cookie || b.previous.empty() || b.cookie != b.previous) return;
  b.cookie = b.id;
  detail::set_session_cookie(c, options_, service_->tokens.token_of(b.id));
}

task<bool> sessions::bind_to(connection& c, std::string id) {
  std::optional<session_record> found;
  bool asked = true;
  try {
    found = co_await detail::load_session(*service_, id);
  } catch (const error& e) {
    if (!is_unavailable(e)) throw;
    asked = false; // the connection is worth having without its session; the first request that wants it asks again
  }
  if (asked && !found) co_return false;
  auto& b = c.state<detail::session_binding>();
  b.id = std::move(id);
  ++b.line;
  b.stored = asked;
  b.unverified = !asked;
  if (!found) co_return true;
  touch_if_due(*found);
  b.user = found->user;
  b.previous = found->previous;
  if (!b.user.empty()) c.set_user(b.user);
  co_return true;
}

/// Loading a session uses it. That is noted now and then, since it costs as much as the load itself.
void sessions::touch_if_due(const session_record& r) {
  auto interval = options_.touch_interval;
  if (options_.idle.count() != 0) interval = std::min(interval, options_.idle / 4);
  if (r.loaded - r.seen >= interval) service_->submit(detail::session_touch{r.id});
}

// --- Requests

task<std::unique_ptr<detail::request_session>> sessions::open(context& c) {
  connection& k = c.connection();
  auto& b = k.state<detail::session_binding>();
  if (!b.used && !b.stored && !b.unverified && !options_.metadata.empty()) {
    const value* shown = c.metadata().find(options_.metadata);
    const auto* token = shown != nullptr ? shown->get_if<std::string>() : nullptr;
    auto id = token != nullptr ? service_->tokens.id_of(*token) : std::nullopt;
    if (id) co_await bind_to(k, std::move(*id));
  }
  b.used = true;
  std::optional<session_record> found;
  if (b.stored || b.unverified) {
    std::string id;
    do { // again when another request has given the session a new id meanwhile
      id = b.id;
      found = co_await detail::load_session(*service_, id);
    } while (b.id != id && (b.stored || b.unverified));
    if (b.id != id) {
      found.reset();     // another request has ended it
    } else if (!found) { // it has ended; a new one begins, under a new id
      if (!b.user.empty() && k.user() == b.user) k.set_user({});
      b.id.clear();
      b.previous.clear();
      b.user.clear();
      b.stored = b.unverified = false;
      ++b.line;
    } else {
      b.stored = true;
      b.unverified = false;
      touch_if_due(*found);
      if (b.user != found->user) k.set_user(b.user = found->user);
    }
  }
  if (b.id.empty()) b.id = detail::make_session_id();
  co_return std::make_unique<bound_session>(*this, k, b, found ? std::move(*found) : fresh(b.id));
}

// --- Any session

task<session> sessions::get(std::string id) {
  auto found = co_await detail::load_session(*service_, id);
  if (!found) throw error{error_code::not_found, "There is no such session"};
  co_return session{*this, nullptr, nullptr, std::move(*found)};
}

task<bool> sessions::destroy(std::string id) {
  auto found = co_await detail::load_session(*service_, id);
  if (!found) co_return false;
  co_return co_await detail::destroy_session(*service_, std::move(id), std::move(found->user));
}

task<std::size_t> sessions::destroy_user(std::string user) {
  return detail::destroy_sessions_of(*service_, std::move(user));
}

task<std::vector<session_record>> sessions::of_user(std::string user) {
  return detail::list_sessions_of(*service_, std::move(user));
}

} // namespace swill
