#include "actors/mailbox.hpp"

#include "actors/handles.hpp"
#include "tests/actors/world.hpp"

#include "libswill/server/server.hpp"
#include "libswill/wire/codec.hpp"
#include "tests/support/patience.hpp"
#include "tests/support/raw_client.hpp"

#include <caf/all.hpp>

#include <atomic>
#include <deque>
#include <mutex>
#include <random>
#include <thread>

// Messages that a handler awaits.

namespace swill {
namespace {

using namespace test;
using namespace std::chrono_literals;

struct score {
  int n = 0;
};
struct closed {};
/// For one request alone.
struct addressed {
  std::uint64_t to = 0;
};

} // namespace
} // namespace swill

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::score)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::closed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::addressed)

namespace swill {
namespace {

using box_handle = mailbox<score, closed>::handle;

/// A streaming handler that hands out its address and yields what it is told.
struct Mailbox : testing::Test {
  logged_app a;
  test_server s;
  box_handle to;
  mailbox_options options;
  std::uint64_t dropped = 0;
  outcomes ends;
  std::optional<test_client> client;

  test_client& serve() {
    a.handle("watch", [this](request<int> first) -> stream<int> {
      auto box = first.context().open_mailbox<score, closed>(options);
      to = box.actor();
      if (first.data() > 0) co_await sleep_for(std::chrono::milliseconds{first.data()});
      for (;;) {
        auto m = co_await box.next();
        dropped = box.dropped();
        if (std::holds_alternative<closed>(m)) co_return;
        co_yield std::get<score>(m).n;
      }
    });
    ends.listen(a);
    s.serve(a);
    return client.emplace(s);
  }
  void TearDown() override { to = box_handle{}; }
  void send(int n) { caf::anon_send(to, score{n}); }
};

TEST_F(Mailbox, GivesWhatComesInItsOrder) {
  test_client& c = serve();
  const auto seq = c.open("watch", 0);
  for (int i = 1; i <= 3; ++i) send(i);
  s.run();
  send(4);
  caf::anon_send(to, closed{});

  EXPECT_EQ(arrived(c, seq), (strings{"m:1", "m:2", "m:3", "m:4", "end"}));
}

TEST_F(Mailbox, KeepsWhatComesBeforeAnybodyAwaitsIt) {
  test_client& c = serve();
  const auto seq = c.open("watch", 100);
  send(1);
  send(2);
  caf::anon_send(to, closed{});
  s.run();
  EXPECT_FALSE(c.receive(seq));

  s.advance(100ms);

  EXPECT_EQ(arrived(c, seq), (strings{"m:1", "m:2", "end"}));
}

TEST_F(Mailbox, AnswersRequestsOnceTheyAreTaken) {
  test_client& c = serve();
  c.open("watch", 0);
  caf::scoped_actor me{s.system()};
  auto asked = me->request(to, caf::infinite, score{1});
  s.run();
  bool answered = false;

  asked.receive([&] { answered = true; }, [](const caf::error& e) { FAIL() << caf::to_string(e); });

  EXPECT_TRUE(answered);
}

TEST_F(Mailbox, EndsWithItsRequest) {
  test_client& c = serve();
  for (const bool by_deadline : {false, true}) {
    const auto seq = c.open("watch", 0, by_deadline ? metadata{{"timeout_ms", 50}} : metadata{});
    send(1);
    s.run();
    if (by_deadline)
      s.advance(50ms);
    else
      c.cancel(seq);
    s.run();
    send(2); // nobody is there
    s.run();
  }
  EXPECT_EQ(ends.seen, (strings{"watch cancelled", "watch error 408"}));
  EXPECT_EQ(s.runtime().dropped_mail(), 2U);
  EXPECT_TRUE(a.lines().empty()) << "it is nobody's fault";
}

TEST_F(Mailbox, EndsWhenItsActorIsKilled) {
  test_client& c = serve();
  const auto seq = c.open("watch", 0);
  caf::anon_send_exit(to, caf::exit_reason::kill);

  EXPECT_EQ(arrived(c, seq), strings{"e:500"});
}

TEST_F(Mailbox, TakesNothingThatItDoesNotKnow) {
  test_client& c = serve();
  const auto seq = c.open("watch", 0);
  for (int i = 0; i < 17; ++i) caf::anon_send(caf::actor_cast<caf::actor>(to), std::string(100, 'x'));
  send(1);
  caf::anon_send(to, closed{});

  EXPECT_EQ(arrived(c, seq), (strings{"m:1", "end"}));
  EXPECT_EQ(s.runtime().dropped_mail(), 17U);
  EXPECT_EQ(a.lines().size(), 1U);
}

TEST_F(Mailbox, ThatIsFullFails) {
  options.messages = 3;
  test_client& c = serve();
  const auto at = c.open("watch", 100);
  for (int i = 1; i <= 3; ++i) send(i);
  caf::anon_send(to, closed{}); // one more than may wait
  const auto before = to;
  const auto past = c.open("watch", 200);
  for (int i = 1; i <= 2; ++i) send(i);
  caf::anon_send(to, closed{}); // the last that may
  s.advance(200ms);

  EXPECT_EQ(arrived(c, at), (strings{"m:1", "m:2", "m:3", "e:429"}));
  EXPECT_EQ(arrived(c, past), (strings{"m:1", "m:2", "end"}));
}

TEST_F(Mailbox, ThatIsFullRefusesRequests) {
  options.messages = 1;
  test_client& c = serve();
  c.open("watch", 100);
  send(1);
  caf::scoped_actor me{s.system()};
  auto asked = me->request(to, caf::infinite, score{2});
  s.run();
  std::optional<caf::error> refused;

  asked.receive([] { FAIL(); }, [&](const caf::error& e) { refused = e; });

  EXPECT_EQ(error_of([&] { throw_from(*refused); }).code, 429);
}

TEST_F(Mailbox, ThatIsFullDropsTheOldest) {
  options = {.messages = 2, .when_full = when_full::drop_oldest};
  test_client& c = serve();
  const auto seq = c.open("watch", 100);
  for (int i = 1; i <= 5; ++i) send(i);
  s.advance(100ms);
  caf::anon_send(to, closed{});

  EXPECT_EQ(arrived(c, seq), (strings{"m:4", "m:5", "end"}));
  EXPECT_EQ(dropped, 3U);
}

TEST_F(Mailbox, ConflatesMessagesOfAType) {
  options.when_full = when_full::conflate;
  test_client& c = serve();
  const auto seq = c.open("watch", 100);
  for (int i = 1; i <= 5; ++i) send(i);
  caf::anon_send(to, closed{});
  send(6);
  s.advance(100ms);

  EXPECT_EQ(arrived(c, seq), (strings{"m:6", "end"}));
  EXPECT_EQ(dropped, 5U);
}

TEST_F(Mailbox, OfOneTypeGivesThatType) {
  caf::actor who;
  a.handle("sum", [&](request<int> r) -> task<int> {
    auto box = r.context().open_mailbox<int>();
    who = caf::actor_cast<caf::actor>(box.actor());
    int sum = 0;
    while (sum < r.data()) sum += co_await box.next();
    co_return sum;
  });
  test_client& c = serve();
  const auto seq = c.open("sum", 10);
  for (int i = 0; i < 4; ++i) caf::anon_send(who, 3);

  EXPECT_EQ(c.expect<int>(seq), 12);
  who = caf::actor{};
}

TEST_F(Mailbox, TellsOfTheEndOfActorsThatItWatches) {
  caf::actor source = s.system().spawn(
      [](caf::event_based_actor* self, int) -> caf::behavior {
        return {[self](const caf::actor& out, int n) {
          if (n == 0)
            self->quit(caf::exit_reason::user_shutdown);
          else
            self->send(out, score{n});
        }};
      },
      0);
  const caf::actor feed = source;
  caf::actor own;
  a.handle("follow", [&](request<> r) -> stream<int> {
    auto box = r.context().open_mailbox<score, caf::down_msg>();
    box.watch(feed);
    own = caf::actor_cast<caf::actor>(box.actor());
    for (;;) {
      auto m = co_await box.next();
      if (std::holds_alternative<caf::down_msg>(m)) co_return;
      co_yield std::get<score>(m).n;
    }
  });
  test_client& c = serve();
  const auto seq = c.open("follow", nothing{});
  for (const int n : {1, 2, 0}) caf::anon_send(feed, own, n);

  EXPECT_EQ(arrived(c, seq), (strings{"m:1", "m:2", "end"}));
  own = caf::actor{};
}

TEST_F(Mailbox, IsNotForBlockingHandlers) {
  a.handle("blocks", blocking([](request<int> r) {
             auto box = r.context().open_mailbox<score>();
             return 1;
           }));
  test_client& c = serve();

  EXPECT_EQ(error_of([&] { c.call<int>("blocks", 1); }).code, 500);
}

// --- Requests that end at any time, on several threads

using address_handle = mailbox<addressed>::handle;

/// Addresses of requests, most of which have ended: whoever sends takes any.
class address_book {
public:
  void add(address_handle h, request_id id) {
    const std::lock_guard lock{mutex_};
    all_.emplace_back(std::move(h), id);
    if (all_.size() > 64) all_.pop_front();
  }
  std::pair<address_handle, request_id> any(std::size_t n) {
    const std::lock_guard lock{mutex_};
    return all_.empty() ? std::pair<address_handle, request_id>{} : all_[n % all_.size()];
  }
  void clear() {
    const std::lock_guard lock{mutex_};
    all_.clear();
  }

private:
  std::mutex mutex_;
  std::deque<std::pair<address_handle, request_id>> all_;
};

struct flood {
  address_book book;
  std::atomic<std::uint64_t> sent{0}, taken{0}, strayed{0};
  std::atomic<int> living_senders{0};

  /// Takes some messages, or is cancelled or killed by one who sends, or its deadline passes.
  task<int> serve(request<int> r) {
    auto box = r.context().open_mailbox<addressed>({.messages = 8, .when_full = when_full::drop_oldest});
    const std::uint64_t own = r.context().id().number;
    book.add(box.actor(), r.context().id());
    for (int left = r.data(); left > 0; --left) {
      const addressed m = co_await box.next();
      ++(m.to == own ? taken : strayed);
    }
    co_return 1;
  }
  caf::behavior send(caf::event_based_actor* self, std::uint64_t most) {
    ++living_senders;
    self->attach_functor([this] { --living_senders; });
    const auto dice = std::make_shared<std::mt19937>(static_cast<unsigned>(self->id())); // with the behaviour
    return {[this, self, most, dice](int) {
      for (int i = 0; i < 100; ++i) {
        const auto [to, id] = book.any((*dice)());
        if (!to) break;
        ++sent;
        switch ((*dice)() % 64) {
          case 0: self->send(caf::actor_cast<request_handle>(to), cancel_atom::value, "by chance"); break;
          case 1: caf::anon_send_exit(to, caf::exit_reason::kill); break;
          case 2:
          case 3:
            if (const auto found = find_request(self->system(), id)) self->send(found, cancel_atom::value, "by its id");
            break;
          default: self->send(to, addressed{id.number}); break;
        }
      }
      if (sent < most) self->send(self, 1);
    }};
  }
};

/// Keeps some calls open until it is told to stop.
void call_until(const std::string& address, const std::atomic<bool>& stop) {
  raw_client c{address, patient(20s)};
  c.upgrade();
  std::mt19937 dice{static_cast<unsigned>(c.fd())};
  std::uint64_t seq = 0;
  const auto call = [&] {
    buffer data, out;
    wire::writer d{data}, w{out};
    wire::write_value(d, static_cast<int>(dice() % 6));
    wire::write_request(w, ++seq, data.view(), "serve");
    c.send_message(as_text(out.view()));
  };
  for (int i = 0; i < 16; ++i) call();
  while (!stop) {
    c.read_message();
    call();
  }
}

TEST(Mailboxes, GetNothingThatIsForOthersAndNoSenderEnds) {
  const std::uint64_t most = is_slowed() ? 30'000 : 1'000'000;
  flood f;
  std::atomic<bool> stop{false};
  logged_app a;
  a.handle("serve", [&f](request<int> r) { return f.serve(std::move(r)); }, {.default_deadline = 5ms});
  server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 2, .workers = 2}};
  s.start();
  std::vector<std::thread> callers;
  for (int i = 0; i < 2; ++i) callers.emplace_back([&] { call_until(s.addresses().front(), stop); });
  std::vector<caf::actor> senders;
  for (int i = 0; i < 4; ++i)
    senders.push_back(
        s.system().spawn([&f, most](caf::event_based_actor* self, int) { return f.send(self, most); }, 0));

  for (const auto& who : senders) caf::anon_send(who, 1);
  const auto end = std::chrono::steady_clock::now() + patient(30s);
  while (f.sent < most && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(1ms);
  const int living = f.living_senders;
  stop = true;
  for (auto& t : callers) t.join();
  for (const auto& who : senders) caf::anon_send_exit(who, caf::exit_reason::user_shutdown);
  senders.clear();

  EXPECT_GE(f.sent, most);
  EXPECT_EQ(f.strayed, 0U);
  EXPECT_GT(f.taken, most / 1000);
  EXPECT_EQ(living, 4);
  EXPECT_GT(s.runtime().dropped_mail(), 0U);
  f.book.clear();
  EXPECT_TRUE(s.stop());
  for (const std::string& line : a.lines()) EXPECT_EQ(line.find("does not take"), std::string::npos) << line;
}

} // namespace
} // namespace swill
