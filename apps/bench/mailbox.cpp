#include "apps/bench/mailbox.hpp"

#include "actors/mailbox.hpp"
#include "actors/unit.hpp"
#include "libswill/base/loop.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace swill::bench {
namespace {

/// Of this thread.
std::int64_t cpu_ns() noexcept {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

using box = mailbox<std::int64_t>;

/// Turns of a loop, one after the other, in each of which so many messages are sent; where that is 0, one message in the last.
struct turn_sender {
  swill::loop& on;
  box::handle to;
  std::int64_t left;
  std::int64_t in_each;

  static void take_next(const std::shared_ptr<turn_sender>& t) {
    t->on.post([t] {
      t->left -= std::max<std::int64_t>(t->in_each, 1);
      const std::int64_t now = t->left <= 0 ? std::max<std::int64_t>(t->in_each, 1) : t->in_each;
      for (std::int64_t i = 0; i < now; ++i) caf::anon_send(t->to, i);
      if (t->left > 0) take_next(t);
    });
  }
};

/// Sends so many at a time, and waits until they were taken.
void send_all(const std::stop_token& stop, const box::handle& to, std::int64_t count, std::int64_t at_once,
              const std::atomic<std::int64_t>& taken) {
  for (std::int64_t sent = 0; sent < count;) {
    for (std::int64_t i = 0; i < at_once && sent < count; ++i) caf::anon_send(to, sent++);
    while (taken.load(std::memory_order_acquire) < sent) {
      if (stop.stop_requested()) return;
      std::this_thread::yield();
    }
  }
}

task<std::int64_t> take_messages(request<std::pair<std::int64_t, std::int64_t>> r) {
  const std::int64_t count = r.data().first, how = r.data().second;
  auto messages = r.context().open_mailbox<std::int64_t>();
  const box::handle address = messages.actor();
  std::atomic<std::int64_t> taken{0};
  std::optional<std::jthread> sender; // ends before what it refers to
  const std::int64_t before = cpu_ns();
  if (how < receive_how::by_thread) {
    turn_sender::take_next(
        std::make_shared<turn_sender>(turn_sender{actors::unit::current()->loop(), address, count, how}));
  } else {
    sender.emplace([&taken, to = address, count, at_once = how - receive_how::by_thread](const std::stop_token& stop) {
      send_all(stop, to, count, at_once, taken);
    });
  }
  for (std::int64_t left = how == receive_how::turns_alone ? 1 : count; left > 0; --left) {
    static_cast<void>(co_await messages.next());
    taken.fetch_add(1, std::memory_order_release);
  }
  co_return cpu_ns() - before;
}

} // namespace

void add_receive(app& a) { a.handle("receive", take_messages); }

} // namespace swill::bench
