#include "sessions/sessions.hpp"

#include "libswill/api/context.hpp"
#include "libswill/wire/reader.hpp"
#include "sessions/detail/binding.hpp"
#include "sessions/detail/session_actor.hpp"
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

/// Counts a coroutine as long as it lives.
struct counted {
  explicit counted(unsigned& n) noexcept : count(n) { ++count; }
  counted& operator=(counted&&) = delete;
  ~counted() { --count; }
  unsigned& count;
};

/// Cookies of one name that are looked up for one handshake. A browser has one for each path and domain that set it; more are made up.
constexpr std::size_t most_cookies = 4;

bool is_unavailable(const error& e) noexcept { return e.is(error_code::unavailable); }

} // namespace

sessions::sessions(session_options o, session_backend b)
    : options_(std::move(o)), service_(std::make_unique<detail::session_service>(std::move(b), options_)) {}

sessions::~sessions() = default;

void sessions::check(mistake_list& out) const {
  swill::check(options_, out);
  service_->check(out);
}

void sessions::install(app& a) {
  a.add_session_provider(*this);
  a.before_accept([this](connection& c) { return bind(c); });
  a.on_describe([](const connection& c, connection_notes& notes) {
    const auto* b = c.find_state<detail::session_binding>();
    if (b != nullptr && !b->id.empty()) notes.session = detail::session_tag(b->id);
  });
}

void sessions::start(actors::runtime& r) { service_->start(r); }
std::string sessions::not_ready() const { return service_->is_up() ? "" : "what keeps them cannot be reached"; }

void sessions::stop(std::function<void()> done) { service_->stop(std::move(done)); }

// --- Handshakes

/// Who shows no token has nothing to wait for: the task is empty.
task<void> sessions::bind(connection& c) {
  detail::offered_tokens offered = detail::find_tokens(c, options_);
  if (offered.named || !offered.cookies.empty()) return bind_by_tokens(c, std::move(offered));
  begin(c);
  return {};
}

task<void> sessions::bind_by_tokens(connection& c, detail::offered_tokens offered) {
  auto named = offered.named ? service_->tokens.id_of(*offered.named) : std::nullopt;
  const std::vector<std::string> in_cookies = ids_in(offered.cookies);
  auto& b = c.state<detail::session_binding>();
  if (named) {
    const bool bound = co_await bind_to(c, std::move(*named));
    if (bound) {
      const bool has_previous = std::find(in_cookies.begin(), in_cookies.end(), b.previous) != in_cookies.end();
      if (!in_cookies.empty()) b.cookie = has_previous ? b.previous : in_cookies.front();
      co_return renew_cookie(c);
    }
  }
  for (const std::string& id : in_cookies) {
    b.cookie = id;
    const bool bound = co_await bind_to(c, id);
    if (bound) co_return;
  }
  begin(c); // what is not known is never taken over, since somebody else may have planted it
}

/// A session that nothing is in yet.
void sessions::begin(connection& c) {
  auto& b = c.state<detail::session_binding>();
  b.id = detail::make_session_id();
  if (!options_.cookie) return;
  b.cookie = b.id;
  detail::set_session_cookie(c, options_, service_->tokens.token_of(b.id));
}

/// Those that we may have given, each once.
std::vector<std::string> sessions::ids_in(const std::vector<std::string>& tokens) const {
  std::vector<std::string> out;
  for (const std::string& token : tokens) {
    if (out.size() == most_cookies) break;
    auto id = service_->tokens.id_of(token);
    if (id && std::find(out.begin(), out.end(), *id) == out.end()) out.push_back(std::move(*id));
  }
  return out;
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
    found = co_await service_->load(id);
  } catch (const error& e) {
    if (!is_unavailable(e)) throw;
    asked = false; // the connection is worth having without its session; the first request that wants it asks again
  }
  if (asked && !found) co_return false;
  auto& b = c.state<detail::session_binding>();
  if (!detail::may_be_bound(b)) co_return false; // another request was faster
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
  if (r.loaded - r.seen >= interval) service_->touch(r.id);
}

// --- Requests

std::optional<std::string> sessions::token_in(context& c, bytes_view metadata) const {
  if (options_.metadata.empty()) return std::nullopt;
  const auto* b = c.connection().find_state<detail::session_binding>();
  if (b != nullptr && !detail::may_be_bound(*b)) return std::nullopt;
  wire::reader in{metadata};
  std::uint32_t n = 0;
  std::string_view key;
  std::string_view token;
  if (!in.read_map(n)) return std::nullopt;
  for (; n > 0 && in.read_str(key); --n) {
    if (key == options_.metadata && in.read_str(token)) return std::string{token};
    if (!in.skip(wire::reader::deepest)) break;
  }
  return std::nullopt;
}

task<void> sessions::bind_by(context& c, std::string token) {
  auto id = service_->tokens.id_of(token);
  if (!id) co_return;
  connection& k = c.connection();
  auto& b = k.state<detail::session_binding>();
  const counted under_way{b.bindings};
  detail::session_turns::turn mine{service_->bindings, k.id()};
  co_await mine.begin();
  if (detail::may_be_bound(b)) co_await bind_to(k, std::move(*id));
}

task<std::unique_ptr<detail::request_session>> sessions::open(context& c) {
  connection& k = c.connection();
  auto& b = k.state<detail::session_binding>();
  if (b.bindings != 0) { // a request that came before this one shows a token
    detail::session_turns::turn wait{service_->bindings, k.id()};
    co_await wait.begin();
  }
  b.used = true;
  std::optional<session_record> found;
  if (b.stored || b.unverified) {
    std::string id;
    do { // again when another request has given the session a new id meanwhile
      id = b.id;
      found = co_await service_->load(id);
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
  co_return std::make_unique<bound_session>(*this, k, b, found ? std::move(*found) : new_session(b.id));
}

// --- Any session

task<session> sessions::get(std::string id) {
  auto found = co_await service_->load(id);
  if (!found) throw error{error_code::not_found, "There is no such session"};
  co_return session{*this, nullptr, nullptr, std::move(*found)};
}

task<bool> sessions::destroy(std::string id) {
  auto found = co_await service_->load(id);
  if (!found) co_return false;
  co_return co_await service_->ask<bool>(&session_store::destroy, id, found->user);
}

task<std::size_t> sessions::destroy_user(std::string user) {
  co_return co_await service_->ask<std::size_t>(&session_store::destroy_user, user);
}

task<std::vector<session_record>> sessions::of_user(std::string user) {
  co_return co_await service_->ask<std::vector<session_record>>(&session_store::list, user);
}

} // namespace swill
