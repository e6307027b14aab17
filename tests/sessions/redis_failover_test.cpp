#include "sessions/redis/redis_store.hpp"

#include "tests/redis/fixture.hpp"
#include "tests/support/patience.hpp"

#include <atomic>
#include <poll.h>

// What the sessions' store does when its Redis is a replica, has no memory, or gives it no rights.

namespace swill {
namespace {

using namespace std::chrono_literals;
using redis::box;
using redis::loop_thread;
using test::redis_server;

/// A store on a loop's thread, asked from the test's.
class driven_store {
public:
  driven_store(const redis::options& server, log_sink log = {}) : log_(std::move(log)) {
    thread_.on_loop([&] {
      store_ = std::make_unique<redis_store>(thread_.loop, options_, redis_session_options{server, "p:"}, &log_);
      store_->start([this] { ready_.put(true); });
    });
    ready_.take();
  }
  ~driven_store() {
    box<bool> closed;
    thread_.on_loop([&] { store_->close([&closed] { closed.put(true); }); });
    closed.take();
    thread_.on_loop([&] { store_.reset(); });
  }
  /// The code of the error, or 0.
  std::int64_t save(const std::string& id) {
    box<std::int64_t> code;
    thread_.on_loop([&] {
      session_record one;
      one.id = id;
      store_->save(one, [&code](const result<session_stamp>& r) { code.put(r ? 0 : r.error().code); });
    });
    return code.take();
  }

private:
  const log_sink log_;
  const session_options options_;
  box<bool> ready_;
  loop_thread thread_;
  std::unique_ptr<redis_store> store_;
};

/// For redis_store's conflicts: each save is of a new session.
std::string fresh_id() {
  static int last = 0;
  return "s" + std::to_string(++last);
}

TEST(SessionFailover, GoesOnAtTheNewPrimaryWithinASecond) {
  redis_server one;
  redis_server two;
  const auto named = std::make_shared<std::atomic<int>>(one.port());
  redis::options server = redis::options::parse("redis://the.name:1").value();
  server.look_up = [named](const std::string&) { return std::vector{"127.0.0.1:" + std::to_string(*named)}; };
  driven_store s{server};
  EXPECT_EQ(s.save(fresh_id()), 0);

  one.ask("REPLICAOF 127.0.0.1 " + std::to_string(two.port()));
  *named = two.port();
  EXPECT_EQ(s.save(fresh_id()), 503);
  const auto before = std::chrono::steady_clock::now();
  while (s.save(fresh_id()) != 0) ::poll(nullptr, 0, 5);
  EXPECT_LT(std::chrono::steady_clock::now() - before, patient(1s));
}

TEST(SessionFailover, NoMemoryIsALineASecond) {
  redis_server server{{.more = {"--maxmemory", "1"}}};
  box<std::string> log;
  {
    driven_store s{redis::options::parse(server.address()).value(), [&log](const log_entry& e) {
                     if (e.level == log_level::error) log.put(std::string{e.text});
                   }};
    for (int i = 0; i < 200; ++i) EXPECT_EQ(s.save(fresh_id()), 503);
  }
  EXPECT_EQ(log.take().substr(0, 28), "sessions: Redis answered OOM");
  std::size_t lines = 1;
  for (; !log.empty(); ++lines) EXPECT_NE(log.take().find(" like it)"), std::string::npos);
  EXPECT_LT(lines, 20U); // one for each second, and the last; not 200
}

TEST(SessionFailover, SaysWhichRightsAreMissing) {
  redis_server server{{.users = {"user default on nopass ~* &* +@all", "user ann on >secret ~p:* +@all -set"}}};
  box<std::string> log;
  driven_store s{redis::options::parse("redis://ann:secret@127.0.0.1:" + std::to_string(server.port())).value(),
                 [&log](const log_entry& e) {
                   if (e.level == log_level::warning) log.put(std::string{e.text});
                 }};
  const std::string line = log.take();
  EXPECT_NE(line.find("NOPERM its user may not use SET ("), std::string::npos) << line;
  EXPECT_EQ(s.save(fresh_id()), 503);
  server.ask("ACL SETUSER ann +set");
  while (s.save(fresh_id()) != 0) ::poll(nullptr, 0, 5);
}

} // namespace
} // namespace swill
