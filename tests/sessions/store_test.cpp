#include "sessions/store.hpp"

#include "libswill/base/manual_loop.hpp"
#include "libswill/wire/writer.hpp"
#include "sessions/detail/values.hpp"
#include "sessions/memory_store.hpp"
#include "sessions/redis/redis_store.hpp"
#include "tests/redis/fixture.hpp"
#include "tests/support/patience.hpp"

#include <algorithm>
#include <map>

// What every store promises, run on memory and on Redis.

namespace swill {
namespace {

using namespace std::chrono_literals;
using redis::box;
using redis::loop_thread;

struct in_memory {
  session_backend backend() const { return memory_sessions(); }
};

struct in_redis {
  static test::redis_server& server() {
    static test::redis_server s;
    return s;
  }
  session_backend backend() const {
    static int fresh = 0;
    redis_session_options o;
    o.server = redis::options::parse(server().unix_address()).value();
    o.prefix = "test" + std::to_string(++fresh) + ":";
    return redis_sessions(o);
  }
};

result<session_stamp> stamp_of(const result<session_record>& r) {
  if (!r) return r.error();
  return session_stamp{r->version, r->created, r->seen};
}

/// The values of a session by name, as MessagePack.
std::map<std::string, std::string> values_of(const session_record& r) {
  std::map<std::string, std::string> out;
  for (const detail::session_value& v : detail::read_session_values(r.data)) out.emplace(v.name, v.encoded);
  return out;
}

template <class Backend>
class SessionStore : public testing::Test {
protected:
  ~SessionStore() override { close(); }

  void open(const session_options& o = {}) {
    const session_backend b = Backend{}.backend();
    box<bool> ready;
    thread_.on_loop([&] {
      store_ = b.make(thread_.loop, o, nullptr);
      store_->start([&ready] { ready.put(true); });
    });
    ready.take();
  }
  void close() {
    if (!store_) return;
    box<bool> closed;
    thread_.on_loop([&] { store_->close([&closed] { closed.put(true); }); });
    closed.take();
    thread_.on_loop([&] { store_.reset(); });
  }

  /// Runs one operation and waits for its answer.
  template <class T, class F>
  result<T> ask(F start) {
    box<result<T>> answer;
    thread_.on_loop([&] { start([&answer](result<T> r) { answer.put(std::move(r)); }); });
    return answer.take();
  }
  std::optional<session_record> load(const std::string& id) {
    return ask<std::optional<session_record>>([&](auto f) { store_->load(id, f); }).value();
  }
  result<session_stamp> save(const session_record& r) {
    return ask<session_stamp>([&](auto f) { store_->save(r, f); });
  }
  result<session_record> merge(const std::string& id, const session_changes& c) {
    return ask<session_record>([&](auto f) { store_->merge(id, c, f); });
  }
  result<session_record> rotate(const std::string& old_id, const std::string& old_user, const session_record& r,
                                const session_changes& c = {}) {
    return ask<session_record>([&](auto f) { store_->rotate(old_id, old_user, r, c, f); });
  }
  bool touch(const std::string& id) {
    return ask<bool>([&](auto f) { store_->touch(id, f); }).value();
  }
  bool destroy(const std::string& id, const std::string& user = {}) {
    return ask<bool>([&](auto f) { store_->destroy(id, user, f); }).value();
  }
  std::size_t destroy_user(const std::string& user) {
    return ask<std::size_t>([&](auto f) { store_->destroy_user(user, f); }).value();
  }
  std::vector<std::string> ids_of(const std::string& user) {
    std::vector<std::string> out;
    const auto all = ask<std::vector<session_record>>([&](auto f) { store_->list(user, f); });
    for (const session_record& r : all.value()) out.push_back(r.id);
    std::sort(out.begin(), out.end());
    return out;
  }

  static session_record record(std::string id, std::string data = "\x80", std::uint64_t version = 0) {
    session_record r;
    r.id = std::move(id);
    r.data = std::move(data);
    r.version = version;
    return r;
  }
  /// A session of a user, as a login makes it.
  void log_in(const std::string& id, const std::string& user) {
    session_record r = record(id);
    r.user = user;
    ASSERT_TRUE(rotate("none-" + id, "", r));
  }
  /// Waits until a session is gone.
  bool ends(const std::string& id, std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < deadline) {
      if (!load(id)) return true;
    }
    return false;
  }

  loop_thread thread_;
  std::unique_ptr<session_store> store_;
};

using backends = testing::Types<in_memory, in_redis>;
TYPED_TEST_SUITE(SessionStore, backends);

TYPED_TEST(SessionStore, GivesBackWhatItTook) {
  this->open();
  const std::string data{"\x81\xa1n\xa3\x00\xff\n", 7};

  const auto stamp = this->save(this->record("a", data));

  ASSERT_TRUE(stamp);
  EXPECT_EQ(stamp->version, 1U);
  const auto r = this->load("a");
  ASSERT_TRUE(r);
  EXPECT_EQ(r->id, "a");
  EXPECT_EQ(r->data, data);
  EXPECT_EQ(r->user, "");
  EXPECT_EQ(r->version, 1U);
  EXPECT_EQ(r->created, stamp->created);
  EXPECT_EQ(r->seen, stamp->seen);
  EXPECT_LT(std::chrono::system_clock::now() - r->created, 1min);
  EXPECT_FALSE(this->load("b"));
}

TYPED_TEST(SessionStore, LosesNoUpdate) {
  this->open();
  ASSERT_TRUE(this->save(this->record("a", "\x81\xa1n\x01")));

  const auto first = this->save(this->record("a", "\x81\xa1n\x02", 1));
  const auto second = this->save(this->record("a", "\x81\xa1n\x03", 1));
  const auto create = this->save(this->record("a", "\x81\xa1n\x04", 0));

  ASSERT_TRUE(first);
  EXPECT_EQ(first->version, 2U);
  for (const auto& refused : {second, create}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, 409);
    EXPECT_NE(refused.error().data.find("retryable"), nullptr);
  }
  EXPECT_EQ(this->load("a")->data, "\x81\xa1n\x02");
}

TYPED_TEST(SessionStore, BringsNothingBackToLife) {
  this->open();
  ASSERT_TRUE(this->save(this->record("a")));
  EXPECT_TRUE(this->destroy("a"));
  EXPECT_FALSE(this->destroy("a"));

  EXPECT_FALSE(this->load("a"));
  EXPECT_FALSE(this->touch("a"));
  const auto refused = this->save(this->record("a", "\x80", 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 409);
  EXPECT_FALSE(this->load("a"));
}

TYPED_TEST(SessionStore, EndsTheOldIdWhenItRotates) {
  this->open();
  ASSERT_TRUE(this->save(this->record("old", "\x81\xa1n\x01")));
  const auto before = this->load("old");

  session_record next = *before;
  next.id = "new";
  next.user = "ann";
  const auto stamp = this->rotate("old", "", next);

  ASSERT_TRUE(stamp);
  EXPECT_EQ(stamp->version, 2U);
  EXPECT_FALSE(this->load("old"));
  EXPECT_EQ(this->load("new")->data, "\x81\xa1n\x01");
  EXPECT_EQ(this->load("new")->user, "ann");
  EXPECT_EQ(this->load("new")->created, before->created);
  EXPECT_EQ(this->ids_of("ann"), (std::vector<std::string>{"new"}));
  // Somebody who still has the old one gets nowhere.
  next.id = "third";
  EXPECT_FALSE(this->rotate("old", "", next));
  EXPECT_FALSE(this->load("third"));
  // Nor does one who has an old version, and wants what was changed since to be something else.
  const auto refused = this->rotate("new", "ann", next, {{"n", {}, "\x07"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 409);
}

TYPED_TEST(SessionStore, LetsOneOfManyChangesAtOnceWin) {
  // Two nodes, or loops, with the same sessions.
  const session_backend b = TypeParam{}.backend();
  loop_thread threads[2];
  std::unique_ptr<session_store> stores[2];
  for (int i = 0; i < 2; ++i) {
    box<bool> ready;
    threads[i].on_loop([&] {
      stores[i] = b.make(threads[i].loop, session_options{}, nullptr);
      stores[i]->start([&ready] { ready.put(true); });
    });
    ready.take();
  }
  const auto ask = [&](int i, auto start) {
    box<result<std::optional<session_record>>> answer;
    threads[i].on_loop([&] { start(*stores[i], answer); });
    return answer.take();
  };
  const auto load = [&](const std::string& id) {
    return ask(0, [&id](session_store& s, auto& to) { s.load(id, [&to](auto r) { to.put(std::move(r)); }); }).value();
  };
  for (int round = 0; round < 20; ++round) {
    const std::string old_id = "old" + std::to_string(round);
    box<result<session_stamp>> saved;
    threads[0].on_loop([&] { stores[0]->save(this->record(old_id), [&saved](auto r) { saved.put(std::move(r)); }); });
    ASSERT_TRUE(saved.take());

    const int each = 10;
    box<result<session_stamp>> changes;
    std::vector<std::string> ids{old_id};
    for (int i = 0; i < 2 * each; ++i) ids.push_back(old_id + "-" + std::to_string(i));
    for (int i = 0; i < 2; ++i) {
      threads[i].loop.post([&, i] {
        const auto done = [&changes](result<session_stamp> r) { changes.put(std::move(r)); };
        for (int n = 0; n < each; ++n) {
          stores[i]->rotate(old_id, "", this->record(ids[1 + i * each + n], "\x81\xa1n\x02", 1), {{"n", {}, "\x02"}},
                            [done](const result<session_record>& r) { done(stamp_of(r)); });
          stores[i]->save(this->record(old_id, "\x81\xa1n\x01", 1), done);
        }
      });
    }
    int won = 0;
    for (int i = 0; i < 4 * each; ++i) {
      const auto r = changes.take();
      if (r)
        ++won;
      else
        EXPECT_EQ(r.error().code, 409);
    }

    EXPECT_EQ(won, 1);
    EXPECT_EQ(std::count_if(ids.begin(), ids.end(), [&](const auto& id) { return load(id).has_value(); }), 1);
  }
  for (int i = 0; i < 2; ++i) {
    box<bool> closed;
    threads[i].on_loop([&] { stores[i]->close([&closed] { closed.put(true); }); });
    closed.take();
    threads[i].on_loop([&] { stores[i].reset(); });
  }
}

TYPED_TEST(SessionStore, MergesChangesOfDifferentValues) {
  using values = std::map<std::string, std::string>;
  this->open();
  ASSERT_TRUE(this->save(this->record("s", "\x83\xa1\x61\x01\xa1\x62\x02\xa1\x63\x03"))); // {a: 1, b: 2, c: 3}

  // All of these were told from the first version.
  const auto replaced = this->merge("s", {{"a", "\x01", "\x09"}});
  const auto erased = this->merge("s", {{"b", "\x02", {}}});
  const auto added = this->merge("s", {{"d", {}, "\x07"}});

  for (const auto& r : {replaced, erased, added}) ASSERT_TRUE(r);
  EXPECT_EQ(replaced->version, 2U);
  EXPECT_EQ(values_of(*replaced), (values{{"a", "\x09"}, {"b", "\x02"}, {"c", "\x03"}})) << "what is stored then";
  EXPECT_EQ(added->version, 4U);
  const auto now = this->load("s");
  EXPECT_EQ(now->version, 4U);
  EXPECT_EQ(values_of(*now), (values{{"a", "\x09"}, {"c", "\x03"}, {"d", "\x07"}}));
  EXPECT_EQ(now->data, added->data);
}

TYPED_TEST(SessionStore, RefusesChangesOfAValueThatSomebodyElseHasChanged) {
  this->open();
  ASSERT_TRUE(this->save(this->record("s", "\x82\xa1\x61\x01\xa1\x62\x02"))); // {a: 1, b: 2}
  ASSERT_TRUE(this->merge("s", {{"a", "\x01", "\x09"}, {"b", "\x02", {}}, {"n", {}, "\x05"}}));
  const auto before = this->load("s");

  const session_changes late[] = {
      {{"a", "\x01", "\x08"}},                       // set by both
      {{"a", "\x01", {}}},                           // set, and erased
      {{"b", "\x02", "\x08"}},                       // erased, and set
      {{"b", "\x02", {}}},                           // erased by both: only one of them has taken it
      {{"n", {}, "\x05"}},                           // added by both, even if it is the same
      {{"free", {}, "\x01"}, {"a", "\x01", "\x08"}}, // one of them is enough
  };
  for (const auto& changes : late) {
    const auto r = this->merge("s", changes);
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code, 409);
    EXPECT_NE(r.error().data.find("retryable"), nullptr);
  }

  EXPECT_EQ(this->load("s")->data, before->data);
  EXPECT_EQ(this->load("s")->version, before->version);
}

TYPED_TEST(SessionStore, MergesIntoWhateverASessionHolds) {
  this->open();
  // A value of each form of MessagePack, under names of each length.
  const std::string text(40, 't');
  const std::string long_text(300, 'u');
  buffer out;
  wire::writer w{out};
  std::vector<std::string> forms{"\xc0", "\xc2", "\xc3", "\x7f", "\xff", "\xcc\xff", {"\xcd\x01\x00", 3}, "\xd0\x80"};
  forms.emplace_back("\xce\x01\x02\x03\x04");
  forms.emplace_back("\xcf\x01\x02\x03\x04\x05\x06\x07\x08");
  forms.emplace_back("\xd1\x01\x02");
  forms.emplace_back("\xd2\x01\x02\x03\x04");
  forms.emplace_back("\xd3\x01\x02\x03\x04\x05\x06\x07\x08");
  forms.emplace_back("\xca\x01\x02\x03\x04");
  forms.emplace_back("\xcb\x01\x02\x03\x04\x05\x06\x07\x08");
  forms.emplace_back("\xa3"
                     "abc");
  forms.emplace_back("\xd9\x28" + text);
  forms.emplace_back("\xda\x01\x2c" + long_text);
  forms.emplace_back("\xc4\x28" + text);
  forms.emplace_back("\xc5\x01\x2c" + long_text);
  forms.emplace_back("\xc7\x03\x01"
                     "abc"); // ext 8
  forms.emplace_back("\xd4\x01"
                     "a");
  forms.emplace_back("\xd5\x01"
                     "ab");
  forms.emplace_back("\xd6\x01"
                     "abcd");
  forms.emplace_back("\xd7\x01"
                     "abcdefgh");
  forms.emplace_back("\xd8\x01"
                     "abcdefghijklmnop");
  forms.emplace_back("\x93\x01\x92\xa1x\xc0\x90");                // [1, ["x", nil], []]
  forms.emplace_back("\x82\xa1k\x81\xa1l\x91\x05\xa1m\x80");      // {k: {l: [5]}, m: {}}
  forms.emplace_back(std::string{"\xdc\x00\x03\x01\x02\x03", 6}); // array 16
  forms.emplace_back(std::string{"\xde\x00\x01\xa1k\x05", 6});    // map 16
  forms.emplace_back(std::string{"\xdd\x00\x00\x00\x01\x05", 6}); // array 32
  forms.emplace_back(std::string{"\xdf\x00\x00\x00\x01\xa1k\x05", 8});
  w.map(forms.size());
  std::map<std::string, std::string> expected;
  for (std::size_t i = 0; i < forms.size(); ++i) {
    const std::string name = std::string(i * 3, 'n') + std::to_string(i);
    w.text(name);
    w.raw(as_bytes(forms[i]));
    expected[name] = forms[i];
  }
  ASSERT_TRUE(this->save(this->record("s", std::string{as_text(out.view())})));

  const std::string first = "0";
  const auto r = this->merge("s", {{first, "\xc0", "\x01"}, {"more", {}, "\x93\x01\x02\x03"}});

  ASSERT_TRUE(r) << r.error().message;
  expected[first] = "\x01";
  expected["more"] = "\x93\x01\x02\x03";
  EXPECT_EQ(values_of(*r), expected);
  EXPECT_EQ(values_of(*this->load("s")), expected);
  EXPECT_TRUE(this->save(this->record("s", "\x80", 2))) << "the version is one that can be compared";
}

TYPED_TEST(SessionStore, MergesNothingIntoWhatHasEnded) {
  this->open();
  EXPECT_EQ(this->merge("s", {{"a", {}, "\x01"}}).error().code, 409);
  ASSERT_TRUE(this->save(this->record("s")));
  this->destroy("s");

  EXPECT_EQ(this->merge("s", {{"a", {}, "\x01"}}).error().code, 409);
  EXPECT_FALSE(this->load("s"));
}

TYPED_TEST(SessionStore, HoldsItsLimitsWhenItMerges) {
  session_options o;
  o.values = 2;
  o.session_size = 20;
  this->open(o);
  ASSERT_TRUE(this->save(this->record("s", "\x81\xa1\x61\x01")));

  EXPECT_EQ(this->merge("s", {{"b", {}, "\x01"}, {"c", {}, "\x01"}}).error().code, 413);
  EXPECT_EQ(this->merge("s", {{"a", "\x01", "\xb1" + std::string(17, 'x')}}).error().code, 413);
  EXPECT_EQ(this->load("s")->version, 1U);
  EXPECT_TRUE(this->merge("s", {{"a", "\x01", "\xb0" + std::string(16, 'x')}})); // 1 + 2 + 17 bytes
}

TYPED_TEST(SessionStore, EndsWhatIsTooOldAlthoughChangesAreMerged) {
  session_options o;
  o.idle = 10s;
  o.absolute = 200ms;
  this->open(o);
  ASSERT_TRUE(this->save(this->record("a")));
  const auto deadline = std::chrono::steady_clock::now() + patient(5s);

  while (std::chrono::steady_clock::now() < deadline && this->merge("a", {})) {
  }

  EXPECT_LT(std::chrono::steady_clock::now(), deadline);
  EXPECT_FALSE(this->load("a"));
}

TYPED_TEST(SessionStore, TakesParallelChangesAlongToTheNewId) {
  using values = std::map<std::string, std::string>;
  this->open();
  ASSERT_TRUE(this->save(this->record("old", "\x81\xa1\x61\x01")));
  session_record next = *this->load("old");
  next.id = "new";
  next.user = "ann";
  next.data = "\x82\xa1\x61\x01\xa1\x62\x02";           // {a: 1, b: 2}
  ASSERT_TRUE(this->merge("old", {{"c", {}, "\x03"}})); // by another request meanwhile

  const auto moved = this->rotate("old", "", next, {{"b", {}, "\x02"}});

  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->id, "new");
  EXPECT_EQ(moved->user, "ann");
  EXPECT_EQ(moved->version, 3U);
  EXPECT_EQ(values_of(*moved), (values{{"a", "\x01"}, {"b", "\x02"}, {"c", "\x03"}}));
  EXPECT_EQ(values_of(*this->load("new")), values_of(*moved));
  EXPECT_EQ(this->load("new")->user, "ann");
  EXPECT_EQ(this->load("new")->created, moved->created);
  EXPECT_FALSE(this->load("old"));
  EXPECT_EQ(this->ids_of("ann"), (std::vector<std::string>{"new"}));

  // Both have changed the same: nothing happens.
  next = *moved;
  next.id = "third";
  ASSERT_TRUE(this->merge("new", {{"a", "\x01", "\x05"}}));
  EXPECT_EQ(this->rotate("new", "ann", next, {{"a", "\x01", "\x06"}}).error().code, 409);
  EXPECT_TRUE(this->load("new"));
  EXPECT_FALSE(this->load("third"));
}

TYPED_TEST(SessionStore, MovesASessionFromOneUserToAnother) {
  this->open();
  this->log_in("a", "ann");

  session_record next = *this->load("a");
  next.id = "b";
  next.user = "bob";
  ASSERT_TRUE(this->rotate("a", "ann", next));

  EXPECT_TRUE(this->ids_of("ann").empty());
  EXPECT_EQ(this->ids_of("bob"), (std::vector<std::string>{"b"}));
}

TYPED_TEST(SessionStore, KnowsTheSessionsOfAUser) {
  this->open();
  for (const char* id : {"a", "b", "c"}) this->log_in(id, "ann");
  this->log_in("d", "bob");

  EXPECT_EQ(this->ids_of("ann"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(this->destroy("b", "ann"));
  EXPECT_EQ(this->ids_of("ann"), (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(this->destroy_user("ann"), 2U);
  EXPECT_EQ(this->destroy_user("ann"), 0U);
  EXPECT_FALSE(this->load("a"));
  EXPECT_TRUE(this->load("d"));
  EXPECT_TRUE(this->ids_of("nobody").empty());
}

TYPED_TEST(SessionStore, EndsTheOldestOfAUserWithTooMany) {
  session_options o;
  o.sessions_per_user = 3;
  this->open(o);

  for (const char* id : {"a", "b", "c"}) {
    this->log_in(id, "ann");
    const auto now = std::chrono::system_clock::now();
    while (std::chrono::system_clock::now() < now + 2ms) std::this_thread::yield(); // the age is in ms
  }
  EXPECT_EQ(this->ids_of("ann").size(), 3U);
  this->log_in("d", "ann");

  EXPECT_EQ(this->ids_of("ann"), (std::vector<std::string>{"b", "c", "d"}));
  EXPECT_FALSE(this->load("a"));
}

TYPED_TEST(SessionStore, EndsWhatIsNotUsed) {
  session_options o;
  o.idle = 1s;
  this->open(o);
  this->log_in("a", "ann");
  ASSERT_TRUE(this->save(this->record("b")));

  // Using it keeps it: several times over its lifetime.
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() < start + 2500ms) ASSERT_TRUE(this->touch("b"));
  const auto version = this->load("b")->version;

  EXPECT_EQ(version, 1U) << "use is no change";
  EXPECT_FALSE(this->load("a"));
  EXPECT_TRUE(this->ids_of("ann").empty());
  EXPECT_TRUE(this->ends("b", 10s));
}

TYPED_TEST(SessionStore, EndsWhatIsTooOldAlthoughItIsUsed) {
  session_options o;
  o.idle = 10s;
  o.absolute = 200ms;
  this->open(o);
  ASSERT_TRUE(this->save(this->record("a")));
  const auto deadline = std::chrono::steady_clock::now() + patient(5s);

  std::uint64_t version = 1;
  while (std::chrono::steady_clock::now() < deadline) {
    this->touch("a");
    session_record r = this->record("a", "\x80", version);
    if (const auto current = this->load("a")) r.created = current->created;
    if (!this->save(r)) break;
    ++version;
  }

  EXPECT_LT(std::chrono::steady_clock::now(), deadline);
  EXPECT_FALSE(this->load("a"));
}

TYPED_TEST(SessionStore, KeepsWhatNeverEnds) {
  session_options o;
  o.idle = o.absolute = 0ms;
  this->open(o);

  this->log_in("a", "ann");
  EXPECT_TRUE(this->touch("a"));

  EXPECT_TRUE(this->load("a"));
  EXPECT_EQ(this->ids_of("ann").size(), 1U);
}

} // namespace

// --- Memory only

TEST(MemoryStore, HoldsABoundedNumber) {
  manual_loop l;
  session_options o;
  o.sessions = 2;
  memory_store s{l, o};
  std::vector<std::int64_t> codes;
  const auto save = [&](const char* id) {
    session_record r;
    r.id = id;
    s.save(r, [&codes](result<session_stamp> answer) { codes.push_back(answer ? 0 : answer.error().code); });
  };

  for (const char* id : {"a", "b", "c"}) save(id);

  EXPECT_EQ(codes, (std::vector<std::int64_t>{0, 0, 503}));
}

TEST(MemoryStore, ForgetsByItself) {
  manual_loop l;
  session_options o;
  o.idle = 10min;
  memory_store s{l, o};
  for (int i = 0; i < 2500; ++i) {
    session_record r;
    r.id = std::to_string(i);
    s.save(r, [](const result<session_stamp>&) {});
  }

  l.advance(9min);
  EXPECT_EQ(s.size(), 2500U);
  l.advance(2min);

  EXPECT_EQ(s.size(), 0U);
  EXPECT_EQ(l.timers(), 0U);
}

// --- Redis only

TEST(RedisStore, LetsRedisExpire) {
  test::redis_server server;
  loop_thread t;
  redis_session_options r;
  r.server = redis::options::parse(server.address()).value();
  r.prefix = "p:";
  session_options o;
  o.idle = 60s;
  std::unique_ptr<redis_store> s;
  box<bool> ready;
  box<result<session_stamp>> saved;
  t.on_loop([&] {
    s = std::make_unique<redis_store>(t.loop, o, r, nullptr);
    s->start([&ready] { ready.put(true); });
  });
  ready.take();

  t.on_loop([&] {
    session_record one;
    one.id = "x";
    one.user = "ann";
    s->rotate("none", "", one, {}, [&saved](const result<session_record>& answer) { saved.put(stamp_of(answer)); });
  });
  ASSERT_TRUE(saved.take());

  const std::string left = server.ask("PTTL p:s:x"); // ":59990"
  EXPECT_GT(std::stol(left.substr(1)), 50000);
  EXPECT_LE(std::stol(left.substr(1)), 60000);
  EXPECT_GT(std::stol(server.ask("PTTL p:u:ann").substr(1)), 60000);
  t.on_loop([&] { s.reset(); });
}

} // namespace swill
