#include "libswill/base/process.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <functional>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace swill {
namespace {

/// What f gives, in a process of its own.
int in_a_child(const std::function<int()>& f) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(f());
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST(Process, OpensStandardDescriptorsThatAreClosed) {
  const auto first_free_with_closed = [](std::initializer_list<int> closed) {
    return in_a_child([&] {
      for (const int fd : closed) ::close(fd);
      prepare_process();
      for (const int fd : {0, 1, 2}) {
        if (::fcntl(fd, F_GETFD) < 0) return 100;
      }
      return ::dup(0);
    });
  };
  EXPECT_GT(first_free_with_closed({0, 1, 2}), 2);
  EXPECT_GT(first_free_with_closed({1}), 2);
  EXPECT_GT(first_free_with_closed({0, 2}), 2);
  EXPECT_LT(first_free_with_closed({0, 1, 2}), 100);
}

TEST(Process, SurvivesAPipeWithoutAReader) {
  const int code = in_a_child([] {
    prepare_process();
    int ends[2];
    if (::pipe(ends) != 0) return 1;
    ::close(ends[0]);
    return ::write(ends[1], "x", 1) < 0 ? 0 : 2;
  });
  EXPECT_EQ(code, 0);
}

TEST(Process, LeavesAHandlerForBrokenPipesAlone) {
  const int code = in_a_child([] {
    std::signal(SIGPIPE, [](int) { ::_exit(7); });
    prepare_process();
    ::raise(SIGPIPE);
    return 0;
  });
  EXPECT_EQ(code, 7);
}

TEST(Process, RaisesTheLimitOfDescriptors) {
  const int code = in_a_child([] {
    const rlimit few{100, 200};
    if (::setrlimit(RLIMIT_NOFILE, &few) != 0) return 1;
    if (raise_descriptor_limit() != 200) return 2;
    rlimit now{};
    ::getrlimit(RLIMIT_NOFILE, &now);
    return now.rlim_cur == 200 ? 0 : 3;
  });
  EXPECT_EQ(code, 0);
}

TEST(Process, KeepsTheLastDescriptorsFromStrangers) {
  const auto left_by = [](descriptor_use use) {
    return in_a_child([use] {
      const rlimit few{400, 400};
      if (::setrlimit(RLIMIT_NOFILE, &few) != 0) return 255;
      int fd = ::dup(0);
      while (fd >= 0 && may_keep(fd, use)) fd = ::dup(0);
      int left = 0;
      while (::dup(0) >= 0) ++left;
      return left;
    });
  };
  const int by_files = left_by(descriptor_use::file); // half of what it has beside its own
  EXPECT_GT(by_files, 180);
  EXPECT_LE(by_files, 200);
  const int by_clients = left_by(descriptor_use::client); // an eighth
  EXPECT_GT(by_clients, 40);
  EXPECT_LE(by_clients, 50);
}

TEST(Process, CountsItsDescriptors) {
  const std::size_t before = open_descriptors();
  const int one = ::dup(0);
  EXPECT_EQ(open_descriptors(), before + 1);
  ::close(one);
  EXPECT_EQ(open_descriptors(), before);
}

} // namespace
} // namespace swill
