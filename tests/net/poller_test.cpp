#include "libswill/net/poller.hpp"

#include "libswill/net/stream_socket.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

namespace swill {
namespace {

using net::event_loop;
using std::chrono::milliseconds;

/// A socket that is always ready, and that nobody reads.
class ready_socket final : public net::watched {
public:
  explicit ready_socket(net::poller& p, bool write = false) : poller_(p) {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_), 0);
    EXPECT_EQ(::write(ends_[1], "x", 1), 1);
    poller_.add(*this, ends_[0], true, write);
  }
  ~ready_socket() override {
    poller_.remove(*this, ends_[0]);
    for (const int e : ends_) ::close(e);
  }

  std::function<void()> in_turn = [] {};
  bool leaves_input = true;
  using watched::messages_per_turn;
  int turns = 0, laters = 0, only_reads = 0, only_writes = 0;

private:
  void on_ready(bool readable, bool writable, bool) noexcept override {
    ++turns;
    if (!writable) ++only_reads;
    if (!readable) ++only_writes;
    note_input(!leaves_input);
    in_turn();
  }
  void on_later() noexcept override { ++laters; }

  net::poller& poller_;
  int ends_[2] = {-1, -1};
};

void take_long(milliseconds how_long = milliseconds{1}) {
  const auto end = std::chrono::steady_clock::now() + how_long;
  while (std::chrono::steady_clock::now() < end) {
  }
}

// Both wait for their turns, the first for a long one; what is asked for meanwhile must not be lost.
TEST(Poller, ATurnThatIsAskedForComesAlsoToWhoIsWaitingForOne) {
  event_loop l;
  net::poller& sockets = *l.sockets();
  ready_socket first{sockets}, second{sockets};
  bool asked = false;
  first.in_turn = [&] {
    take_long();
    if (first.turns < 2 || asked) return;
    asked = true;
    EXPECT_EQ(second.turns, 1); // its next one waits behind this
    sockets.later(second);
  };
  second.in_turn = [&] {
    if (second.turns == 3) l.stop();
  };

  l.run();

  EXPECT_TRUE(asked);
  EXPECT_EQ(second.laters, 1);
  l.stop();
}

TEST(Poller, WhoLeavesInputBehindWaitsToReadAlsoWhereItCanWrite) {
  event_loop l;
  net::poller& sockets = *l.sockets();
  ready_socket greedy{sockets, true};
  greedy.in_turn = [&] {
    if (greedy.turns == 9) l.stop();
  };

  l.run();

  EXPECT_EQ(greedy.only_writes, 4); // after the first turn, which had both
  EXPECT_EQ(greedy.only_reads, 4);
  l.stop();
}

TEST(Poller, SocketsThatAreReadyHaveTheirTurnsInARound) {
  event_loop l;
  ready_socket socket{*l.sockets()};
  bool in_turn = false, after = true;
  socket.in_turn = [&] {
    in_turn = l.is_in_round();
    l.post([&] {
      after = l.is_in_round();
      l.stop();
    });
  };

  l.run();

  EXPECT_TRUE(in_turn);
  EXPECT_FALSE(after);
}

/// Says when its time has come.
class output final : public net::turn_job {
public:
  explicit output(std::function<void()> leave) : leave_(std::move(leave)) {}

private:
  void on_turn_end() noexcept override { leave_(); }
  std::function<void()> leave_;
};

// Three sockets that are ready at the same time, each with output; what they did, in its order. The first turn takes `first`.
std::string round_of_three(milliseconds first, void (event_loop::*when)(net::turn_job&)) {
  event_loop l;
  std::string order;
  std::vector<std::unique_ptr<ready_socket>> sockets;
  std::vector<std::unique_ptr<output>> outputs;
  for (int i = 0; i < 3; ++i) {
    outputs.push_back(std::make_unique<output>([&] { order += 'o'; }));
    sockets.push_back(std::make_unique<ready_socket>(*l.sockets()));
    sockets.back()->in_turn = [&, i] {
      if (sockets[static_cast<std::size_t>(i)]->turns != 1) return;
      order += 't';
      if (i == 0) take_long(first);
      (l.*when)(*outputs[static_cast<std::size_t>(i)]);
      if (i == 2) l.stop();
    };
  }
  l.run();
  return order;
}

TEST(Poller, OutputOfARoundLeavesAtItsEnd) {
  std::string seen;
  // On a busy machine a turn that is not meant to may take long.
  for (int i = 0; i < 100 && seen != "tttooo"; ++i) seen = round_of_three(milliseconds{0}, &event_loop::at_round_end);

  EXPECT_EQ(seen, "tttooo");
  EXPECT_EQ(round_of_three(milliseconds{0}, &event_loop::at_turn_end), "tototo");
}

TEST(Poller, OutputDoesNotWaitLongForItsRound) {
  EXPECT_THAT(round_of_three(milliseconds{1}, &event_loop::at_round_end), testing::StartsWith("to"));
}

TEST(Poller, OutputThatIsWantedSoonerThanItsRoundEndsLeavesOnce) {
  event_loop l;
  ready_socket socket{*l.sockets()};
  std::string order;
  output both{[&] { order += 'o'; }};
  auto gone = std::make_unique<output>([&] { order += 'x'; });
  socket.in_turn = [&] {
    if (socket.turns == 2) return l.stop();
    l.at_round_end(both);
    l.at_round_end(*gone);
    l.at_turn_end(both);
    l.at_round_end(both);
    gone.reset();
    order += 't';
  };

  l.run();

  EXPECT_EQ(order, "to");
}

// Sends what it is told to when it is told that something came.
class talker final : public net::stream_socket {
public:
  talker(net::event_loop& l, int fd) : stream_socket(l, leaves::at_round_end, fd) { start_watching(); }
  ~talker() override { close_socket(); }
  std::function<std::string()> answer;
  std::function<void()> on_gone = [] {};

private:
  bool wants_input() const noexcept override { return true; }
  void on_input(bytes_view) override {
    prepare_output().append(as_bytes(answer()));
    flush_later();
  }
  void on_sent(std::size_t) override { on_gone(); }
  void on_peer_gone(int) override { stop_watching(); }
  void on_broken() override { stop_watching(); }
  void on_send_failed(int) override {}
  void on_tls_failed(const std::string&) override {}
  std::shared_ptr<void> keep_alive() override { return nullptr; }
  void on_exception(std::exception_ptr e) noexcept override { ADD_FAILURE() << (e != nullptr); }
};

// Two sockets that something has come for, one with an answer of `size` bytes, and then one with a small one.
std::string two_answers(std::size_t size) {
  event_loop l;
  std::string order;
  int ends[2][2];
  std::vector<std::unique_ptr<talker>> talkers;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends[i]), 0);
    EXPECT_EQ(::write(ends[i][1], "x", 1), 1);
    talkers.push_back(std::make_unique<talker>(l, ends[i][0]));
    talkers.back()->answer = [&, i] {
      order += 't';
      if (i == 1) l.stop();
      return std::string(i == 0 ? size : 1, 'a');
    };
    talkers.back()->on_gone = [&] { order += 'o'; };
  }
  l.run();
  talkers.clear();
  for (auto& e : ends) ::close(e[1]);
  return order;
}

TEST(StreamSocket, GathersItsOutputInARoundUnlessItIsMuch) {
  std::string seen;
  for (int i = 0; i < 100 && seen != "ttoo"; ++i) seen = two_answers(16 * 1024);

  EXPECT_EQ(seen, "ttoo");
  EXPECT_EQ(two_answers(16 * 1024 + 1), "toto");
}

/// Takes a few bytes in each turn, and nothing for a while after each that it is told of.
class slow_reader final : public net::stream_socket {
public:
  slow_reader(net::event_loop& l, int fd, int pauses)
      : stream_socket(l, leaves::at_turn_end, fd), loop_(l), pauses_(pauses) {
    start_watching();
  }
  std::string got;
  bool has_ended = false;

private:
  bool wants_input() const noexcept override { return !is_paused_ && !has_ended; }
  std::size_t on_read_begin() override { return 3; }
  void on_input(bytes_view data) override {
    got += as_text(data);
    is_paused_ = pauses_ != 0;
    if (!is_paused_) return;
    --pauses_;
    loop_.post([this] {
      is_paused_ = false;
      watch();
    });
  }
  void on_peer_gone(int error) override {
    EXPECT_EQ(error, 0);
    has_ended = true;
    close_socket();
    loop_.stop();
  }
  void on_broken() override { loop_.stop(); }
  void on_send_failed(int) override {}
  void on_tls_failed(const std::string&) override {}
  std::shared_ptr<void> keep_alive() override { return nullptr; }
  void on_exception(std::exception_ptr) noexcept override { loop_.stop(); }

  net::event_loop& loop_;
  int pauses_;
  bool is_paused_ = false;
};

TEST(StreamSocket, ReadsAllThatCameInTurnsAndThenTheEnd) {
  const std::string sent(100, 'x');
  for (int pauses = 0; pauses < 50; ++pauses) {
    event_loop l;
    int ends[2] = {-1, -1};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    ASSERT_EQ(::write(ends[1], sent.data(), sent.size()), static_cast<ssize_t>(sent.size()));
    ::shutdown(ends[1], SHUT_WR); // nothing happens from now on but what the reader asks for
    slow_reader reader{l, ends[0], pauses};

    l.run();

    EXPECT_EQ(reader.got, sent);
    EXPECT_TRUE(reader.has_ended);
    ::close(ends[1]);
  }
}

struct turns_of_two {
  std::string order;
  std::vector<int> shares; // of the slow one
};

turns_of_two slow_beside_quick() {
  turns_of_two out;
  event_loop l;
  ready_socket slow{*l.sockets()}, quick{*l.sockets()};
  slow.leaves_input = quick.leaves_input = false;
  slow.in_turn = [&] {
    out.order += 's';
    out.shares.push_back(slow.messages_per_turn());
    if (slow.turns <= 3) take_long();
    if (slow.turns == 5) l.stop();
  };
  quick.in_turn = [&] { out.order += 'q'; };
  l.run();
  l.stop();
  return out;
}

TEST(Poller, WhoseTurnsTakeLongWaitsAndGetsLessInEach) {
  turns_of_two seen;
  // On a busy machine a turn that is not meant to may take long.
  for (int i = 0; i < 100 && (seen.order != "sqqsqsqsqs" || seen.shares.back() != 5); ++i) seen = slow_beside_quick();

  EXPECT_EQ(seen.order, "sqqsqsqsqs"); // after its first turn, behind the quick one
  EXPECT_THAT(seen.shares, testing::ElementsAre(16, 8, 4, 4, 5));
}

} // namespace
} // namespace swill
