#include "libswill/base/line_writer.hpp"

#include "tests/support/patience.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace swill {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::string dropped(std::size_t n) { return "dropped " + std::to_string(n) + "\n"; }

/// A pipe that holds 4 KiB until somebody reads.
class small_pipe {
public:
  small_pipe() {
    EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0);
    ::fcntl(ends_[1], F_SETPIPE_SZ, 4096);
  }
  small_pipe(const small_pipe&) = delete;
  small_pipe& operator=(const small_pipe&) = delete;
  ~small_pipe() {
    stop_reading();
    ::close(ends_[1]);
  }
  int in() const noexcept { return ends_[1]; }
  void stop_reading() {
    if (ends_[0] >= 0) ::close(ends_[0]);
    ends_[0] = -1;
  }
  /// What comes until `end` does, within ten seconds.
  std::string read_until(const std::string& end) {
    std::string all;
    pollfd p{ends_[0], POLLIN, 0};
    while (all.find(end) == std::string::npos && ::poll(&p, 1, 10'000) > 0) {
      std::array<char, 4096> some{};
      const ssize_t n = ::read(ends_[0], some.data(), some.size());
      if (n <= 0) break;
      all.append(some.data(), static_cast<std::size_t>(n));
    }
    return all;
  }

private:
  std::array<int, 2> ends_{-1, -1};
};

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size())) ++n;
  return n;
}

std::size_t sum_of_dropped(const std::string& text) {
  const std::string what = "dropped ";
  std::size_t sum = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size()))
    sum += std::stoul(text.substr(at + what.size()));
  return sum;
}

TEST(LineWriter, WritesInOrder) {
  small_pipe p;
  line_writer w{p.in(), 1000, dropped};

  w.write("one\n");
  w.write("two\n");

  EXPECT_TRUE(w.flush(10s));
  EXPECT_EQ(p.read_until("two\n"), "one\ntwo\n");
}

TEST(LineWriter, NeverWaitsForAReaderAndSaysHowMuchWasDropped) {
  small_pipe p;
  line_writer w{p.in(), 16 * 1024, dropped};
  const std::string line(99, 'x');

  for (int i = 0; i < 10'000; ++i) w.write(line + "\n"); // with nobody who reads: it would stand still after 41
  EXPECT_FALSE(w.flush(1ms));
  w.write("newest\n");
  const std::string read = p.read_until("newest\n");

  EXPECT_LT(read.size(), 22 * 1024U); // what the pipe and the queue hold
  const std::size_t kept = count_of(read, line);
  EXPECT_GE(kept, 163U);
  EXPECT_EQ(w.dropped(), 10'000 - kept) << "the oldest";
  EXPECT_EQ(sum_of_dropped(read), 10'000 - kept);
  w.write("again\n");
  EXPECT_THAT(p.read_until("again\n"), HasSubstr("again\n"));
}

TEST(LineWriter, OutlivesItsReader) {
  small_pipe p;
  line_writer w{p.in(), 1000, dropped};
  p.stop_reading();

  for (int i = 0; i < 3; ++i) {
    w.write("nobody hears it\n");
    EXPECT_TRUE(w.flush(10s)); // SIGPIPE would have ended the process
  }
}

TEST(LineWriter, SaysWhatWasLostOnceItCanWriteAgain) {
  std::atomic<bool> works{false};
  std::mutex mutex;
  std::string out;
  line_writer w{[&](const std::string& line) {
                  const std::lock_guard lock{mutex};
                  if (works) out += line;
                  return works.load();
                },
                1000, dropped};
  for (int i = 0; i < 3; ++i) w.write("on a full disk\n");
  EXPECT_TRUE(w.flush(10s));
  works = true;

  w.write("there is room\n");
  EXPECT_TRUE(w.flush(10s));
  EXPECT_EQ(w.dropped(), 3U);
  const std::lock_guard lock{mutex};
  EXPECT_EQ(out, "there is room\ndropped 3\n");
}

TEST(LineWriter, AreAllWaitedForInOneTime) {
  small_pipe held, free;
  line_writer slow{held.in(), 100'000, dropped}, quick{free.in(), 1000, dropped};
  slow.write(std::string(50'000, 'x') + "\n");
  quick.write("quick\n");

  const auto before = std::chrono::steady_clock::now();
  EXPECT_FALSE(line_writer::flush_all(50ms));
  EXPECT_LT(std::chrono::steady_clock::now() - before, patient(10s));
  EXPECT_EQ(free.read_until("quick\n"), "quick\n");
  held.stop_reading();
  EXPECT_TRUE(line_writer::flush_all(10s));
}

TEST(LineWriter, WaitsWhereTheDescriptorDoesNotBlock) {
  small_pipe p;
  ::fcntl(p.in(), F_SETFL, O_NONBLOCK);
  line_writer w{p.in(), 100'000, dropped};
  for (int i = 0; i < 500; ++i) w.write(std::string(99, 'y') + "\n");
  w.write("end\n");

  EXPECT_EQ(p.read_until("end\n").size(), 50'004U);
}

TEST(LineOutput, BeginsALineAfterOneOfWhichAPartGotOut) {
  const std::string file = testing::TempDir() + "swill-torn-" + std::to_string(::getpid());
  const int fd = ::open(file.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  ASSERT_GE(fd, 0);
  line_output out{fd};
  ::rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const ::rlimit full{12, before.rlim_max};

  EXPECT_TRUE(out.write("the first\n"));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
  EXPECT_FALSE(out.write("second\n"));
  EXPECT_FALSE(out.write("third\n"));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_TRUE(out.write("fourth\n"));
  EXPECT_TRUE(out.write("fifth\n"));

  std::signal(SIGXFSZ, handler);
  ::close(fd);
  std::ifstream in{file};
  EXPECT_EQ((std::string{std::istreambuf_iterator<char>{in}, {}}), "the first\nse\nfourth\nfifth\n");
  std::filesystem::remove(file);
}

} // namespace
} // namespace swill
