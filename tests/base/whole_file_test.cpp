#include "libswill/base/whole_file.hpp"

#include "tests/support/patience.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace swill {
namespace {

class WholeFile : public testing::Test {
protected:
  WholeFile() {
    std::string name = (std::filesystem::temp_directory_path() / "swill-file-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no directory for the test");
    in_ = name;
  }
  ~WholeFile() override { std::filesystem::remove_all(in_); }

  std::string path(const std::string& name) const { return in_ / name; }
  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream{path(name)} << text;
    return path(name);
  }
  /// Why it cannot be read, or what it says.
  static std::string read(const std::string& path, pipes p = pipes::refused) {
    const auto r = read_whole_file(path, 1024, p);
    return r ? "text: " + *r : r.error().message;
  }

private:
  std::filesystem::path in_;
};

TEST_F(WholeFile, ReadsRegularFilesUpToTheBound) {
  EXPECT_EQ(read(file("empty", "")), "text: ");
  EXPECT_EQ(read(file("some", "some\n")), "text: some\n");
  EXPECT_EQ(read(file("most", std::string(1024, 'x'))), "text: " + std::string(1024, 'x'));
  EXPECT_EQ(read(file("more", std::string(1025, 'x'))), "is larger than 1 KiB");
  std::filesystem::create_symlink(path("some"), path("link"));
  EXPECT_EQ(read(path("link")), "text: some\n");
}

TEST_F(WholeFile, RefusesWhatIsNoneWithoutWaiting) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  std::filesystem::create_directory(path("directory"));
  for (const std::string& p : {path("fifo"), path("directory"), std::string{"/dev/zero"}, std::string{"/dev/null"}})
    EXPECT_EQ(read(p), "is no regular file") << p;
  EXPECT_EQ(read("/dev/zero", pipes::read), "is neither a regular file nor a pipe");
}

TEST_F(WholeFile, DoesNotWaitForARegularFileThatHasNoEnd) {
  const char* const messages = "/proc/kmsg"; // of the kernel
  if (::access(messages, R_OK) != 0) GTEST_SKIP() << "only root may read it";
  const auto begin = std::chrono::steady_clock::now();

  const std::string said = read(messages);

  EXPECT_TRUE(said == "is larger than 1 KiB" || said == "is no file with an end: it would have to be waited for" ||
              said.starts_with("cannot be read: "))
      << said;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, patient(std::chrono::seconds{5}));
}

TEST_F(WholeFile, TellsAMissingFileFromOneThatCannotBeRead) {
  EXPECT_EQ(read_whole_file(path("none"), 10).error().code, 404);
  EXPECT_EQ(read(path("none")), "cannot be read: No such file or directory");
  std::filesystem::create_symlink(path("nowhere"), path("dangling"));
  EXPECT_EQ(read_whole_file(path("dangling"), 10).error().code, 400);
  std::filesystem::create_symlink(path("loop"), path("loop"));
  EXPECT_EQ(read(path("loop")), "cannot be read: Too many levels of symbolic links");
}

TEST_F(WholeFile, ReadsAPipeToItsEnd) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  std::thread writer{[this] { std::ofstream{path("fifo")} << "through the pipe"; }};
  EXPECT_EQ(read(path("fifo"), pipes::read), "text: through the pipe");
  writer.join();

  const std::string much(300'000, 'x');
  writer = std::thread{[&] { std::ofstream{path("fifo")} << much; }};
  const auto all = read_whole_file(path("fifo"), much.size(), pipes::read);
  EXPECT_TRUE(all && *all == much);
  writer.join();
}

} // namespace
} // namespace swill
