#include "sessions/sessions.hpp"

#include "libswill/server/test_client.hpp"
#include "sessions/detail/token.hpp"
#include "sessions/memory_store.hpp"
#include "tests/sessions/app.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>

// Sessions in memory, in process, on a manual clock.

namespace swill {
namespace {

using namespace std::chrono_literals;

/// A server with sessions, and clients that show what they are told to.
struct world {
  explicit world(const session_options& o = {}) : all(std::make_shared<sessions>(o)), server(session_app(all)) {}

  std::unique_ptr<test_client> connect(const header_list& headers = {}, const std::string& query = {},
                                       bool tls = false) {
    handshake_request r = memory_pipe::plain_request();
    r.headers.insert(r.headers.end(), headers.begin(), headers.end());
    r.target += query;
    r.tls = tls;
    return std::make_unique<test_client>(server, r);
  }

  std::shared_ptr<sessions> all;
  test_server server;
};

/// The Set-Cookie of a handshake's response, or "".
std::string cookie_line(test_client& c) {
  for (const auto& [name, text] : c.pipe().response_headers()) {
    if (name == "Set-Cookie") return text;
  }
  return {};
}

/// "name=token" of it, as a browser sends it back.
std::string cookie_of(test_client& c) {
  const std::string line = cookie_line(c);
  return line.substr(0, line.find(';'));
}

std::int64_t code_of(test_client& c, const std::string& rpc) {
  try {
    c.call(rpc);
    return 0;
  } catch (const error& e) {
    return e.code;
  }
}

TEST(Sessions, KeepValuesFromRequestToRequest) {
  world w;
  const auto c = w.connect();

  EXPECT_EQ(c->call<int>("visit"), 1);
  EXPECT_EQ(c->call<int>("visit"), 2);
  EXPECT_EQ(c->call<int>("peek"), 2);

  const auto other = w.connect();
  EXPECT_EQ(other->call<int>("peek"), 0);
}

TEST(Sessions, ComeBackWithTheirCookie) {
  world w;
  const auto c = w.connect();
  EXPECT_EQ(cookie_line(*c).substr(0, 6), "swill=");
  EXPECT_EQ(cookie_line(*c).substr(6 + 48), "; Path=/; HttpOnly; SameSite=Lax");
  EXPECT_EQ(c->call<int>("visit"), 1);

  const auto again = w.connect({{"Cookie", "a=b; " + cookie_of(*c)}});

  EXPECT_EQ(again->call<int>("visit"), 2);
  EXPECT_EQ(cookie_line(*again), "");
}

TEST(Sessions, HaveAHostCookieOnTls) {
  session_options o;
  o.trust_forwarded_proto = true;
  world w{o};
  const auto c = w.connect({}, {}, true);
  EXPECT_EQ(cookie_line(*c).substr(0, 13), "__Host-swill=");
  EXPECT_EQ(cookie_line(*c).substr(13 + 48), "; Path=/; HttpOnly; SameSite=Lax; Secure");

  const auto proxied = w.connect({{"X-Forwarded-Proto", "https"}});
  EXPECT_EQ(cookie_line(*proxied).substr(0, 13), "__Host-swill=");

  world doubting;
  const auto liar = doubting.connect({{"X-Forwarded-Proto", "https"}});
  EXPECT_EQ(cookie_line(*liar).substr(0, 6), "swill=");
}

TEST(Sessions, TakeTheForwardedProtocolInAnyFormThatMeansTls) {
  session_options o;
  o.trust_forwarded_proto = true;
  world w{o};
  for (const char* tls : {"https", "HTTPS", "wss", "Wss", "https, http", "https,http", " https "}) {
    const auto c = w.connect({{"x-forwarded-proto", tls}});
    EXPECT_EQ(cookie_line(*c).substr(0, 13), "__Host-swill=") << tls;
    EXPECT_EQ(cookie_line(*c).substr(13 + 48), "; Path=/; HttpOnly; SameSite=Lax; Secure") << tls;
    const auto again = w.connect({{"X-Forwarded-Proto", tls}, {"Cookie", cookie_of(*c)}});
    c->call<int>("visit");
    EXPECT_EQ(w.connect({{"X-Forwarded-Proto", tls}, {"Cookie", cookie_of(*c)}})->call<int>("peek"), 1) << tls;
  }
  for (const char* plain : {"http", "ws", "http, https", "", "httpsx", ", https"})
    EXPECT_EQ(cookie_line(*w.connect({{"X-Forwarded-Proto", plain}})).substr(0, 6), "swill=") << plain;
}

TEST(Sessions, TakeABearerTokenAsItsRfcWritesIt) {
  world w;
  const auto c = w.connect();
  c->call<int>("visit");
  const auto token = c->call<std::string>("token");

  for (const char* scheme : {"Bearer ", "bearer ", "BEARER ", "bearer  ", " Bearer\t"})
    EXPECT_EQ(w.connect({{"Authorization", scheme + token}})->call<int>("peek"), 1) << scheme;
  for (const char* other : {"Bearer", "Bearer=", "Basic ", "Bearerx ", ""})
    EXPECT_EQ(w.connect({{"Authorization", other + token}})->call<int>("peek"), 0) << other;
}

TEST(Sessions, TakeTheFirstOfSeveralCookiesThatTheStoreKnows) {
  world w;
  const auto c = w.connect();
  c->call<int>("visit");
  const std::string good = cookie_of(*c);
  const std::string stale = "swill=" + std::string(48, 'a');
  const std::string older = "swill=" + std::string(48, 'b');

  const auto both = w.connect({{"Cookie", stale + "; x=y; swill=nonsense; " + good}});
  EXPECT_EQ(both->call<int>("peek"), 1);
  EXPECT_EQ(cookie_line(*both), "");
  const auto in_two_fields = w.connect({{"Cookie", stale}, {"Cookie", older + "; " + good}});
  EXPECT_EQ(in_two_fields->call<int>("peek"), 1);

  // Not as many look-ups as a stranger likes.
  std::string many;
  for (int i = 10; i < 20; ++i) many += "swill=" + std::to_string(i) + std::string(46, 'c') + "; ";
  EXPECT_EQ(w.connect({{"Cookie", many + good}})->call<int>("peek"), 0);
}

TEST(Sessions, RenewTheCookieAlsoBesideAStaleOne) {
  world w;
  const auto c = w.connect();
  const auto token = c->call<std::string>("login", std::string{"ann"});

  const auto back =
      w.connect({{"Cookie", "swill=" + std::string(48, 'a') + "; " + cookie_of(*c)}}, "?session=" + token);

  EXPECT_EQ(cookie_of(*back), "swill=" + token);
}

TEST(Sessions, ComeBackWithATokenInHeaderQueryOrMetadata) {
  world w;
  const auto c = w.connect();
  c->call<int>("visit");
  const auto token = c->call<std::string>("token");

  const auto by_header = w.connect({{"Authorization", "Bearer " + token}});
  EXPECT_EQ(by_header->call<int>("peek"), 1);
  EXPECT_EQ(cookie_line(*by_header), "");
  const auto by_query = w.connect({}, "?session=" + token);
  EXPECT_EQ(by_query->call<int>("peek"), 1);
  EXPECT_EQ(cookie_line(*by_query), "") << "a link must not plant a session in a browser";
  const auto by_metadata = w.connect();
  EXPECT_EQ(by_metadata->call<int>("peek", nothing{}, metadata{"session", token}), 1);

  const auto late = w.connect();
  late->call<int>("visit");
  EXPECT_EQ(late->call<int>("visit", nothing{}, metadata{"session", token}), 2) << "it has its own already";
}

/// What hooks see of a client, before anybody has awaited the session.
TEST(Sessions, TellHooksTheUserWhereverTheTokenComesFrom) {
  session_options o;
  auto all = std::make_shared<sessions>(o);
  app a = session_app(all);
  std::vector<std::string> seen;
  a.before_request([&seen](context& c) { seen.push_back(c.connection().user()); });
  a.handle("hooked", [](request<> r) { return r.context().connection().user(); });
  a.handle("hooked_awaiting", [](request<> r) -> task<std::string> {
    session& s = co_await r.context().session();
    co_return s.user();
  });
  test_server server{a};
  const auto connect = [&](const header_list& headers, const std::string& query) {
    handshake_request r = memory_pipe::plain_request();
    r.headers.insert(r.headers.end(), headers.begin(), headers.end());
    r.target += query;
    return std::make_unique<test_client>(server, r);
  };
  const auto first = connect({}, {});
  const auto token = first->call<std::string>("login", std::string{"ann"});
  const metadata shown{"session", token};

  for (const char* rpc : {"hooked", "hooked_awaiting"}) {
    seen.clear();
    const std::unique_ptr<test_client> clients[] = {connect({{"Authorization", "Bearer " + token}}, {}),
                                                    connect({}, "?session=" + token),
                                                    connect({{"Cookie", "swill=" + token}}, {}), connect({}, {})};
    for (const auto& c : clients)
      EXPECT_EQ(c->call<std::string>(rpc, nothing{}, c == clients[3] ? shown : metadata{}), "ann");
    EXPECT_EQ(seen, (std::vector<std::string>(4, "ann"))) << rpc;
  }

  // Two at a time, of which only the first shows it; and one whose token is nobody's.
  seen.clear();
  const auto c = connect({}, {});
  const auto one = c->open("hooked", nothing{}, shown);
  const auto two = c->open("hooked_awaiting", nothing{});
  EXPECT_EQ(c->receive(one)->as<std::string>(), "ann");
  EXPECT_EQ(c->receive(two)->as<std::string>(), "ann");
  const auto stranger = connect({}, {});
  EXPECT_EQ(stranger->call<std::string>("hooked", nothing{}, metadata{"session", std::string(48, 'a')}), "");
  EXPECT_EQ(stranger->call<std::string>("hooked", nothing{}, shown), "ann") << "nothing has begun a session yet";
}

TEST(Sessions, NeverTakeOverAnUnknownId) {
  world w;
  const std::string planted(48, 'a');

  for (const auto& c : {w.connect({{"Cookie", "swill=" + planted}}), w.connect({}, "?session=" + planted),
                        w.connect({{"Authorization", "Bearer " + planted}})}) {
    c->call<int>("visit");
    EXPECT_NE(c->call<std::string>("token"), planted);
  }
  const auto c = w.connect();
  EXPECT_NE(c->call<std::string>("token", nothing{}, metadata{"session", planted}), planted);
  EXPECT_FALSE(c->call<bool>("end", planted));
}

TEST(Sessions, ReplaceACookieThatIsDead) {
  world w;
  const auto c = w.connect({{"Cookie", "swill=" + std::string(48, 'a')}});

  EXPECT_EQ(cookie_line(*c).substr(0, 6), "swill=");
}

TEST(Sessions, GetANewIdAtLogin) {
  world w;
  const auto c = w.connect();
  c->call<int>("visit");
  const auto before = c->call<std::string>("token");

  const auto after = c->call<std::string>("login", std::string{"ann"});

  EXPECT_NE(after, before);
  EXPECT_EQ(c->call<std::vector<std::string>>("who"), (std::vector<std::string>{"ann", "ann"}));
  EXPECT_EQ(c->call<int>("visit"), 2) << "its values stay";
  const auto thief = w.connect({{"Authorization", "Bearer " + before}});
  EXPECT_EQ(thief->call<std::vector<std::string>>("who"), (std::vector<std::string>{"", ""}));
  EXPECT_EQ(thief->call<int>("peek"), 0);
  const auto friendly = w.connect({{"Authorization", "Bearer " + after}});
  EXPECT_EQ(friendly->call<std::vector<std::string>>("who"), (std::vector<std::string>{"ann", "ann"}));
}

TEST(Sessions, RenewTheCookieOfTheBrowserThatHadTheOldId) {
  world w;
  const auto c = w.connect();
  const std::string old_cookie = cookie_of(*c);
  c->call("login", std::string{"ann"});
  const auto token = c->call<std::string>("login", std::string{"ann"}); // twice: the browser's is two ids behind

  const auto back = w.connect({{"Cookie", old_cookie}}, "?session=" + token);
  EXPECT_EQ(back->call<std::vector<std::string>>("who").front(), "ann");
  EXPECT_EQ(cookie_of(*back), "swill=" + token);

  const auto with_cookie = w.connect({{"Cookie", cookie_of(*back)}});
  EXPECT_EQ(with_cookie->call<std::vector<std::string>>("who").front(), "ann");

  // Somebody else's link, in a browser with another session or none.
  const auto other = w.connect();
  EXPECT_EQ(cookie_line(*w.connect({{"Cookie", cookie_of(*other)}}, "?session=" + token)), "");
  EXPECT_EQ(cookie_line(*w.connect({}, "?session=" + token)), "");
}

TEST(Sessions, EndWhenTheyAreDestroyed) {
  world w;
  const auto c = w.connect();
  const auto token = c->call<std::string>("login", std::string{"ann"});
  const auto other = w.connect({{"Authorization", "Bearer " + token}});
  EXPECT_EQ(other->call<int>("visit"), 1);

  c->call("logout");

  EXPECT_EQ(c->call<std::vector<std::string>>("who"), (std::vector<std::string>{"", ""}));
  EXPECT_EQ(other->call<std::vector<std::string>>("who"), (std::vector<std::string>{"", ""}));
  EXPECT_EQ(other->call<int>("visit"), 1) << "a new one";
  EXPECT_NE(other->call<std::string>("token"), token);
}

TEST(Sessions, OfOneUserAreListedAndEnded) {
  world w;
  const auto one = w.connect();
  const auto two = w.connect();
  one->call("login", std::string{"ann"});
  two->call("login", std::string{"ann"});

  EXPECT_EQ(one->call<int>("sessions_of", std::string{"ann"}), 2);
  EXPECT_EQ(one->call<int>("end_all_of", std::string{"ann"}), 2);
  EXPECT_EQ(one->call<int>("sessions_of", std::string{"ann"}), 0);
  EXPECT_EQ(two->call<std::vector<std::string>>("who"), (std::vector<std::string>{"", ""}));
}

TEST(Sessions, AreNotSavedWhenTheHandlerFails) {
  world w;
  const auto c = w.connect();
  c->call<int>("visit");

  EXPECT_EQ(code_of(*c, "fail"), 400);

  EXPECT_EQ(c->call<int>("peek"), 1);
}

TEST(Sessions, AnswerAConflictWithItsError) {
  world w;
  const auto c = w.connect();
  c->call<int>("visit");
  const auto slow = c->open_stream("slow");
  w.server.run();
  EXPECT_EQ(c->call<int>("visit"), 2);

  c->send(slow, 50);
  const auto answer = c->receive(slow);

  ASSERT_TRUE(answer && answer->failure);
  EXPECT_EQ(answer->failure->code, 409);
  EXPECT_NE(answer->failure->data.find("retryable"), nullptr);
  EXPECT_EQ(c->call<int>("peek"), 2);
}

/// Requests of "slow_set": each has loaded its session when this returns, and sets when it gets its item.
using change = std::pair<std::string, int>;
using changes = std::map<std::string, int>;
std::uint64_t open_slow_set(world& w, test_client& c) {
  const auto seq = c.open_stream("slow_set");
  w.server.run();
  return seq;
}

/// A store in which somebody else has always been faster.
class contended_store final : public session_store {
public:
  contended_store(swill::loop& l, const session_options& o) : in_(l, o) {}
  void start(std::function<void()> ready) override { in_.start(std::move(ready)); }
  void close(std::function<void()> done) override { in_.close(std::move(done)); }
  void load(std::string id, store_answer<std::optional<session_record>> f) override {
    in_.load(std::move(id), std::move(f));
  }
  void save(const session_record& r, store_answer<session_stamp> f) override {
    if (r.version == 0) return in_.save(r, std::move(f));
    f(session_conflict("as always"));
  }
  void merge(const std::string& id, const session_changes& c, store_answer<session_record> f) override {
    in_.merge(id, c, std::move(f));
  }
  void touch(const std::string& id, store_answer<bool> f) override { in_.touch(id, std::move(f)); }
  void rotate(const std::string& old_id, const std::string& old_user, const session_record& r, const session_changes& c,
              store_answer<session_record> f) override {
    in_.rotate(old_id, old_user, r, c, std::move(f));
  }
  void destroy(const std::string& id, const std::string& user, store_answer<bool> f) override {
    in_.destroy(id, user, std::move(f));
  }
  void destroy_user(const std::string& user, store_answer<std::size_t> f) override {
    in_.destroy_user(user, std::move(f));
  }
  void list(const std::string& user, store_answer<std::vector<session_record>> f) override {
    in_.list(user, std::move(f));
  }

private:
  memory_store in_;
};

/// Counts how often an update's function runs.
void handle_counted(app& a, int& runs) {
  a.handle("counted", [&runs](request<> r) -> task<int> {
    session& s = co_await r.context().session();
    const auto add = [&runs](session& one) {
      ++runs;
      one.set("visits", one.get<int>("visits").value_or(0) + 1);
    };
    co_await s.update(add);
    co_return s.get<int>("visits").value_or(0);
  });
}

TEST(Sessions, UpdatesPauseLongerAndLongerAndAtRandomWhileOthersAreFaster) {
  session_options o;
  o.update_attempts = 8;
  session_backend contended;
  contended.make = [](swill::loop& l, const session_options& all, const log_sink*) {
    return std::make_unique<contended_store>(l, all);
  };
  int runs = 0;
  app a = session_app(std::make_shared<sessions>(o, std::move(contended)));
  handle_counted(a, runs);
  test_server server{a};
  test_client c{server};
  c.call<int>("visit");

  std::set<int> waits;
  for (int round = 0; round < 10; ++round) {
    runs = 0;
    const auto seq = c.open("counted", nothing{});
    std::optional<test_client::reply> answer;
    int ms = 0;
    while (!(answer = c.receive(seq)) && ms < 1000) {
      server.advance(1ms);
      ++ms;
    }
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->failure->code, 409);
    EXPECT_EQ(runs, 8);
    EXPECT_GE(ms, 63); // at least the half of 2, 4, 8, 16, 32 and 64 ms
    EXPECT_LE(ms, 127);
    waits.insert(ms);
  }
  EXPECT_GT(waits.size(), 1U) << "nodes that try again in lock step meet again";
}

TEST(Sessions, MergeWhatParallelRequestsSetOfDifferentNames) {
  world w;
  const auto c = w.connect();
  for (const bool is_new : {true, false}) {
    const auto one = open_slow_set(w, *c);
    const auto two = open_slow_set(w, *c);
    const auto three = open_slow_set(w, *c);
    const int n = is_new ? 1 : 11;

    c->send(one, change{"a", n});
    c->send(two, change{"b", n + 1});
    c->send(three, change{"a", n + 2});
    const auto first = c->receive(one);
    const auto second = c->receive(two);
    const auto third = c->receive(three);

    ASSERT_TRUE(first && !first->failure);
    ASSERT_TRUE(second && !second->failure) << second->failure->message;
    EXPECT_EQ(second->as<changes>(), (changes{{"a", n}, {"b", n + 1}})) << "it sees what the other has saved";
    ASSERT_TRUE(third && third->failure);
    EXPECT_EQ(third->failure->code, 409) << "the name was changed by two";
    EXPECT_EQ(c->call<changes>("values"), (changes{{"a", n}, {"b", n + 1}}));
  }
}

TEST(Sessions, AnswerAConflictWhereOneEraseMeetsAChange) {
  world w;
  const auto c = w.connect();
  c->call("set", change{"ticket", 1});
  const auto one = open_slow_set(w, *c);
  const auto two = open_slow_set(w, *c);

  c->send(one, change{"ticket", 0});
  c->send(two, change{"ticket", 0});

  ASSERT_FALSE(c->receive(one)->failure);
  const auto second = c->receive(two);
  ASSERT_TRUE(second->failure) << "one ticket was taken twice";
  EXPECT_EQ(second->failure->code, 409);
}

TEST(Sessions, FollowTheLoginOfAnotherRequest) {
  world w;
  const auto c = w.connect();
  c->call("set", change{"a", 1});
  const auto slow = open_slow_set(w, *c);
  const auto slow_too = open_slow_set(w, *c);
  c->call("login", std::string{"ann"});

  c->send(slow, change{"b", 2});
  c->send(slow_too, change{"c", 3});

  ASSERT_FALSE(c->receive(slow)->failure);
  ASSERT_FALSE(c->receive(slow_too)->failure);
  EXPECT_EQ(c->call<changes>("values"), (changes{{"a", 1}, {"b", 2}, {"c", 3}}));
  EXPECT_EQ(c->call<std::vector<std::string>>("who"), (std::vector<std::string>{"ann", "ann"}));
}

TEST(Sessions, AreNotBroughtBackByARequestThatEndsAfterTheLogout) {
  world w;
  for (const bool is_new : {true, false}) {
    const auto c = w.connect();
    if (!is_new) c->call("login", std::string{"ann"});
    const auto token = c->call<std::string>("token");
    const auto slow = open_slow_set(w, *c);
    c->call("logout");

    c->send(slow, change{"a", 1});

    const auto answer = c->receive(slow);
    ASSERT_TRUE(answer && answer->failure);
    EXPECT_EQ(answer->failure->code, 409);
    EXPECT_EQ(w.connect({{"Authorization", "Bearer " + token}})->call<changes>("values"), changes{});
    EXPECT_EQ(c->call<changes>("values"), changes{});
  }
}

TEST(Sessions, UpdateOnFreshDataAfterAConflict) {
  world w;
  const auto c = w.connect();
  c->call<int>("visit");
  const auto token = c->call<std::string>("token");
  EXPECT_EQ(c->call<int>("add", 10), 11);

  c->call("add_elsewhere", std::pair{token, 100});

  EXPECT_EQ(c->call<int>("peek"), 111);
  try {
    c->call("add_elsewhere", std::pair{std::string(48, 'b'), 1});
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code, 404);
  }
}

TEST(Sessions, EndWithTime) {
  session_options o;
  o.idle = 10min;
  o.absolute = 1h;
  world w{o};
  const auto c = w.connect();
  c->call("login", std::string{"ann"});

  for (int i = 0; i < 5; ++i) { // reading keeps it
    w.server.advance(9min);
    EXPECT_EQ(c->call<std::vector<std::string>>("who").front(), "ann");
  }
  w.server.advance(9min);
  EXPECT_EQ(c->call<std::vector<std::string>>("who").front(), "ann"); // 54 min
  w.server.advance(9min);
  EXPECT_EQ(c->call<std::vector<std::string>>("who").front(), "") << "an hour has passed since the login";
}

TEST(Sessions, HaveLimits) {
  session_options o;
  o.session_size = 1000;
  world w{o};
  const auto c = w.connect();

  c->call("big", 1000 - 8); // fixmap 1, "big" 4, str16 3: just fits
  try {
    c->call("big", 1000 - 7);
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code, 413);
  }
}

TEST(Sessions, SignTheirTokens) {
  session_options old;
  old.signing_keys = {"the old key, 16 bytes or more"};
  const detail::session_tokens before{old.signing_keys};
  const detail::session_tokens both{{"a new key, 16 bytes or more", "the old key, 16 bytes or more"}};
  const detail::session_tokens after{{"a new key, 16 bytes or more"}};
  const std::string id = detail::make_session_id();

  EXPECT_EQ(id.size(), 48U);
  EXPECT_EQ(before.token_of(id).size(), 48U + 1 + 64);
  EXPECT_EQ(both.id_of(before.token_of(id)), id);
  EXPECT_EQ(after.id_of(both.token_of(id)), id);
  EXPECT_EQ(after.id_of(before.token_of(id)), std::nullopt);
  EXPECT_EQ(after.id_of(id), std::nullopt);
  std::string forged = before.token_of(id);
  forged.back() = forged.back() == '0' ? '1' : '0';
  EXPECT_EQ(before.id_of(forged), std::nullopt);
  EXPECT_EQ(before.id_of(""), std::nullopt);
  EXPECT_THROW(detail::session_tokens{{"short"}}, std::invalid_argument);

  world w{old};
  const auto c = w.connect();
  c->call<int>("visit");
  EXPECT_EQ(w.connect({{"Cookie", cookie_of(*c)}})->call<int>("peek"), 1);
}

TEST(Sessions, AreMissingWithoutThePlugin) {
  app a;
  a.set_log({});
  a.handle("token", [](request<> r) -> task<std::string> {
    session& s = co_await r.context().session();
    co_return s.token();
  });
  test_server s{a};
  test_client c{s};

  EXPECT_EQ(code_of(c, "token"), 501);
}

} // namespace
} // namespace swill
